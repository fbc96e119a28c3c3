// I1: the worker is killed with SIGKILL while removals are held and while they are approved, at each named point in turn. The next worker goes on:
// exactly the set of the digest waits, and exactly it is removed.
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import type { RunReport } from '../../src/model.ts';
import { approveRemovalsSignal } from '../../src/workflows/messages.ts';
import { connectionId } from '../../src/workflows/ids.ts';
import { putSimulated } from '../support/pulling.ts';
import { liveIds } from '../support/storing.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf } from '../support/tenant.ts';
import { drain, expectKilled, heldPoints, killInTurn } from './runs.ts';
import { type Site, sharedServers } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';

const users = 120;
/** More than the shipped guard lets go: the list's absent ones are not asked for until they are approved. */
const gone = 20;

const suite = crashSuite(sharedServers);

/** Puts the shipped guard in the place of the site's, and pulls everything once. */
async function pulled(site: Site): Promise<ConnectionSpec> {
  const { simulator, database } = site;
  const spec = await putSimulated({ database, simulator, name: site.spec.name, streams: ['users', 'groups'] });
  await site.ask('full');
  expect(await site.runEnds(1)).toMatchObject({ verdict: 'complete', held: { count: 0 } });
  return spec;
}

async function holdRemovals(site: Site): Promise<void> {
  const { simulator } = site;
  simulator.mutate(Array.from({ length: gone }, (_, index) => ({ do: 'deleteUser', id: simulator.idOf('user', index), hard: true })));
  await site.ask('full');
}

async function approve({ client, spec }: Site, { held: { digest } }: RunReport): Promise<void> {
  await client.workflow.getHandle(connectionId(spec.name)).signal(approveRemovalsSignal, { digest, by: 'ana@host' });
}

const approvePoints = heldPoints.filter((point) => point !== 'settle.afterHold');
const [begun, ...later] = approvePoints;

inTurn(
  `I1 killed at settle.afterHold while removals are held, and at ${approvePoints.join(', ')} while they are approved`,
  () =>
    suite.atSite(async (site) => {
      const { database, simulator } = site;
      // Nothing is held in the first run: who ends it dies in the second.
      const first = site.startWorker('settle.afterHold');
      const spec = await pulled(site);
      await holdRemovals(site);
      await expectKilled(first);
      const second = site.startWorker(begun);
      const held = await site.runEnds(2);
      expect(held).toMatchObject({ verdict: 'complete', assets: { removed: 0 }, held: { digest: expect.any(String) } });
      expect(held.held.count).toBeGreaterThanOrEqual(gone);
      expect(await liveIds(database, spec.name)).toHaveLength(users);
      await approve(site, held);
      await expectKilled(second);
      const worker = await killInTurn(site, later);
      const settled = await site.runEnds(3);
      expect(settled).toMatchObject({ mode: 'settle', verdict: 'complete', assets: { removed: gone }, held: { count: 0, digest: null } });
      expect(await liveIds(database, spec.name)).toHaveLength(users - gone);
      expect(await database.query('select action from audit')).toEqual([{ action: 'approve' }]);
      await expectTally(database);
      await expectInventoryOf(database, simulator, spec);
      await drain(worker);
    }),
  caseTimeoutMs,
);
