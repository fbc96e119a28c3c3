// I1 for the devices of entra-devices: the worker is killed at two of the points that failpoints.test.ts goes over.
import { phases } from './runs.ts';
import { devices, sharedServers } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';

const suite = crashSuite(sharedServers, { subject: devices, compared: phases });

inTurn(
  'I1 killed at page.beforeCommit:4 of a full pull and at settle.afterJudge of a delta',
  () => suite.atSite((site) => suite.expectRecovery(site, { full: ['page.beforeCommit:4'], delta: ['settle.afterJudge'] })),
  caseTimeoutMs,
);
