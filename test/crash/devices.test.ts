// I1 for the devices of entra-devices: the worker is killed at two of the points that failpoints.test.ts goes over.
import { devices, sharedServers } from './site.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';

const suite = crashSuite(sharedServers, devices);

atOnce.each([
  { point: 'page.beforeCommit', full: 4, delta: 9 },
  { point: 'settle.afterJudge', full: 1, delta: 1 },
])(
  'I1 killed at $point, at pass $full of a full pull and $delta of a delta',
  (kill) => suite.atSite((site) => suite.expectRecovery(site, kill)),
  caseTimeoutMs,
);
