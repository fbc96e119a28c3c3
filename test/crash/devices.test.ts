// I1 for the devices of entra-devices: the worker is killed at two of the points that failpoints.test.ts goes over.
import { devices, sharedServers } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';

const suite = crashSuite(sharedServers, devices);

inTurn(
  'I1 killed at page.beforeCommit and settle.afterJudge, in a full pull and in a delta',
  () =>
    suite.atSite((site) =>
      suite.expectRecovery(site, {
        full: ['page.beforeCommit:4', 'settle.afterJudge'],
        delta: ['page.beforeCommit:9', 'settle.afterJudge'],
      }),
    ),
  caseTimeoutMs,
);
