// Attempts that meet: a worker stopped past its heartbeat and woken after another went on, workers drained, workflows terminated by an operator.
import { getConnection } from '../../src/store/connection.ts';
import { readProgress } from '../../src/store/walk.ts';
import { connectionId, pullId } from '../../src/workflows/ids.ts';
import { expectInventoryOf } from '../support/tenant.ts';
import { eventually } from '../support/waiting.ts';
import { groupsAt, groupsOf, holdGroups } from './holds.ts';
import { commitsOf, holdingCommits, lateSession, watchCommits } from './lateCommits.ts';
import { drain, endOf, expectQuietDelta, phases, runPhase } from './runs.ts';
import { connectionName, recoveryMs, sharedServers, type Site } from './site.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';

const [full, delta] = phases;
const suite = crashSuite(sharedServers, { compared: phases });

/** Well before the worker's own grace is over: nothing here takes as long as a page may. */
const drainMs = 15_000;

atOnce(
  'I7 one writer: of a worker stopped past its heartbeat and woken after another went on, the commits are refused without effect; SIGTERM ends a worker at a page boundary, and the next one fetches no committed page again',
  () =>
    suite.atSite(async (site) => {
      await watchCommits(site);
      const streams = site.spec.profiles[0]?.streams?.length;
      let worker = site.startWorker(undefined, undefined, lateSession(site));
      const stopped = worker;
      const first = await runPhase(site, full, async () => {
        await holdingCommits(site, async () => {
          await eventually('each stream commits its first page', recoveryMs, async () => (await commitsOf(site)).tried === streams);
          stopped.send('SIGSTOP');
          worker = site.startWorker();
          await eventually('another attempt has committed it', recoveryMs, async () => {
            const progress = await readProgress(site.database, 1);
            return progress.every(({ page, outcome }) => page > 0 || outcome !== null);
          });
          stopped.send('SIGCONT');
        });
        await eventually('the late commits are over', recoveryMs, async () => (await commitsOf(site)).ended === streams);
        expect(await commitsOf(site)).toEqual({ tried: streams, ended: streams, moved: 0 });
        stopped.send('SIGKILL');
        await endOf(stopped);
      });
      await suite.expectAsUndisturbed(site, full, { report: first, mostAgain: 2 });

      const second = await runPhase(site, delta, async () => {
        // The third page comes so slowly that it never arrives.
        site.simulator.addFaults([{ match: '/groups/delta', at: [3], fault: { kind: 'slow', bytesPerSecond: 20 } }]);
        await groupsAt(site, 2, delta.nth);
        worker.send('SIGTERM');
        expect(await endOf(worker, drainMs)).toEqual({ code: 0, signal: null });
        expect(await groupsOf(site, delta.nth)).toMatchObject({ page: 2, outcome: null });
        worker = site.startWorker();
      });
      await suite.expectAsUndisturbed(site, delta, { report: second, mostAgain: 1 });
      expect(second.streams.find(({ stream }) => stream === 'groups')).toMatchObject({ resumed: 1 });
      await expectQuietDelta(site);
      await drain(worker);
    }),
  caseTimeoutMs,
);

async function verdict(site: Site, run: number): Promise<object | null> {
  const [row] = await site.database.query('select verdict, error from run where run = $1 and verdict is not null', [run]);
  return row ?? null;
}

/** A full pull, held at a page of the groups. */
async function underWay(site: Site, run: number): Promise<void> {
  site.simulator.clearFaults();
  holdGroups(site, [3], 5);
  await site.ask('full');
  await groupsAt(site, 2, run);
}

const terminate = (site: Site, id: string): Promise<unknown> => site.client.workflow.getHandle(id).terminate('by an operator');

atOnce(
  'I9 every run reaches a terminal state: of a terminated pull by its entity, of a terminated entity by its pull, of both by the entity that the next request starts',
  () =>
    suite.atSite(async (site) => {
      const worker = site.startWorker();
      await underWay(site, 1);
      await terminate(site, pullId(connectionName, 1));
      expect(await site.runEnds(1)).toMatchObject({
        verdict: 'failed',
        error: { code: 'INTERNAL', message: 'The workflow of run 1 was terminated.' },
      });
      expect((await getConnection(site.database, connectionName))?.saved?.state).toBe('errored');

      await underWay(site, 2);
      await terminate(site, connectionId(connectionName));
      expect(await eventually('the row ends', recoveryMs, () => verdict(site, 2))).toMatchObject({ verdict: 'cancelled' });

      // The request starts the entity again.
      await underWay(site, 3);
      worker.send('SIGKILL');
      await endOf(worker);
      await terminate(site, connectionId(connectionName));
      await terminate(site, pullId(connectionName, 3));
      const next = site.startWorker();
      site.simulator.clearFaults();
      await site.ask('run');
      expect(await site.runEnds(4)).toMatchObject({ verdict: 'complete', mode: 'full', reason: 'first run' });
      expect(await verdict(site, 3)).toMatchObject({ verdict: 'failed', error: { message: 'The workflow of run 3 is gone.' } });
      await expectInventoryOf(site.database, site.simulator, site.spec);
      expect((await getConnection(site.database, connectionName))?.saved?.state).toBe('processed');
      await expectQuietDelta(site);
      await drain(next);
    }),
  caseTimeoutMs,
);
