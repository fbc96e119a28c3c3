// I1 for Directory Sync: the worker is killed between what changed and the events of the documents, in a full pull or in a delta. The next worker
// gives every document the event that fits, once: as plain code works them out of the tenant.
import type { Simulator } from '../../simulator/simulator.ts';
import { ExpectedDirectory, expectDirectory } from '../support/directory.ts';
import { byTurns, eventPoints, type Kills, phases, seed } from './runs.ts';
import { sharedServers, type Subject } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';

const settings = { nested: true, groupMap: {}, notification: { email: true } };
const expectations = new WeakMap<Simulator, ExpectedDirectory>();

const directory: Subject = {
  tenant: { users: 120, groups: 60, membershipsPerGroup: 8, settings: { deltaPageSize: 10 } },
  connection: { connector: 'entra-directory-sync', settings },
  change(simulator) {
    const expected = new ExpectedDirectory();
    expected.afterRun(simulator, settings);
    expectations.set(simulator, expected);
    simulator.mutate(120);
  },
  quietRequests: 2,
};

const suite = crashSuite(sharedServers, { subject: directory, compared: phases });

const kills: Kills = byTurns(['settle.afterApply:2', ...eventPoints, 'finish.before']);

inTurn(
  `I1 killed at ${kills.full.join(', ')} of a full pull and at ${kills.delta.join(', ')} of a delta: each document has its event once (seed ${seed})`,
  () =>
    suite.atSite(async (site) => {
      await suite.expectRecovery(site, kills);
      const expected = expectations.get(site.simulator) ?? new ExpectedDirectory();
      expected.afterRun(site.simulator, settings);
      await expectDirectory(site.database, site.spec.name, expected);
    }),
  caseTimeoutMs,
);
