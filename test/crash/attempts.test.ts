// Attempts that meet: a worker stopped past its heartbeat and woken after another went on, workers drained, workflows terminated by an operator.
import { getConnection } from '../../src/store/connection.ts';
import { connectionId, pullId } from '../../src/workflows/ids.ts';
import { expectInventoryOf } from '../support/tenant.ts';
import { eventually } from '../support/waiting.ts';
import { drain, endOf, expectQuietDelta, phases, runPhase } from './runs.ts';
import { groupsAt, groupsOf, holdGroups, onlyGroups, refuseGroups, slowGroups, waiting, whileLocked, working } from './holds.ts';
import { recoveryMs, sharedServers, type Site } from './site.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';
import type { WorkerProcess } from './workerProcess.ts';

const name = 'tenant';
const [full] = phases;
const suite = crashSuite(sharedServers);

describe('I7 one writer', () => {
  atOnce(
    'a worker stopped in the middle of a page and woken after another went on is refused, without effect',
    () =>
      suite.atSite(async (site) => {
        await countCommits(site);
        let second: WorkerProcess | null = null;
        const report = await runPhase(site, full, async () => {
          // A page that comes slowly: a source that throttles would hold the other streams as well, which have to end first.
          slowGroups(site, [3], 100);
          const stopped = site.startWorker();
          await groupsAt(site, 2);
          await onlyGroups(site);
          // It has fetched a page and waits for what is stored: when it is woken, it commits.
          await whileLocked(site, 'record', async () => {
            await eventually('the worker waits for the table', recoveryMs, async () => (await waiting(site)) > 0);
            stopped.send('SIGSTOP');
          });
          const { page } = await groupsOf(site);
          slowGroups(site, [2], 50);
          second = site.startWorker();
          await groupsAt(site, page + 1);
          // Stopped too until the late commit is over, however busy the machine is: nothing else may move meanwhile.
          second.send('SIGSTOP');
          await eventually('nothing is being written', recoveryMs, async () => (await working(site)) === 0);
          // Nor may a third attempt get a page: the second is stopped for longer than its heartbeat where the machine is busy.
          refuseGroups(site);
          const before = { ...(await commits(site)), groups: await groupsOf(site) };
          stopped.send('SIGCONT');
          await eventually('the late commit is over', recoveryMs, async () => {
            const { tried } = await commits(site);
            return tried > before.tried && (await working(site)) === 0;
          });
          expect((await commits(site)).moved).toBe(before.moved);
          const { walk, page: next, steps, read } = before.groups;
          expect(await groupsOf(site)).toMatchObject({ walk, page: next, steps, read });
          site.simulator.clearFaults();
          second.send('SIGCONT');
        });
        await suite.expectAsUndisturbed(site, full, { report, mostAgain: 2 });
        await expectQuietDelta(site);
        if (second !== null) await drain(second);
      }),
    caseTimeoutMs,
  );
});

/** Counts the commits of pages that are tried, and those that move a checkpoint. A sequence is not rolled back with what is refused. */
async function countCommits(site: Site): Promise<void> {
  const note = `create function note_commit() returns trigger language plpgsql as $$ begin
    if current_query() like '%advance_checkpoint%' then perform nextval(tg_argv[0]); end if; return null; end $$`;
  const statements = [
    'create sequence tried',
    'create sequence moved',
    note,
    `create trigger tried before update on checkpoint for each statement execute function note_commit('tried')`,
    `create trigger moved after update on checkpoint for each row execute function note_commit('moved')`,
  ];
  await site.database.batch(statements.map((sql) => ({ sql, params: [] })));
}

async function commits(site: Site): Promise<{ readonly tried: number; readonly moved: number }> {
  const [row] = await site.database.query<{ tried: number; moved: number }>(
    'select tried.last_value as tried, moved.last_value as moved from tried, moved',
  );
  if (row === undefined) throw new Error('The commits are not counted.');
  return row;
}

atOnce(
  'SIGTERM ends the worker at a page boundary, and the next one fetches no committed page again',
  () =>
    suite.atSite(async (site) => {
      const report = await runPhase(site, full, async () => {
        // The fourth page comes so slowly that it never arrives.
        site.simulator.addFaults([{ match: '/groups/delta', at: [4], fault: { kind: 'slow', bytesPerSecond: 20 } }]);
        const drained = site.startWorker();
        await groupsAt(site, 3);
        drained.send('SIGTERM');
        expect(await endOf(drained, drainMs)).toEqual({ code: 0, signal: null });
        expect(await groupsOf(site)).toMatchObject({ page: 3, outcome: null });
        site.startWorker();
      });
      await suite.expectAsUndisturbed(site, full, { report, mostAgain: 1 });
      expect(report.streams.find(({ stream }) => stream === 'groups')).toMatchObject({ resumed: 1 });
    }),
  caseTimeoutMs,
);

/** Well before the worker's own grace is over: nothing here takes as long as a page may. */
const drainMs = 15_000;

describe('I9 every run reaches a terminal state', () => {
  async function verdict(site: Site): Promise<object | null> {
    const [row] = await site.database.query('select verdict, error from run where run = 1 and verdict is not null');
    return row ?? null;
  }

  async function expectNextRunWhole(site: Site): Promise<void> {
    site.simulator.clearFaults();
    await site.ask('run');
    expect(await site.runEnds(2)).toMatchObject({ verdict: 'complete', mode: 'full', reason: 'first run' });
    await expectInventoryOf(site.database, site.simulator, site.spec);
    expect((await getConnection(site.database, name))?.saved?.state).toBe('processed');
    await expectQuietDelta(site);
  }

  async function underWay(site: Site): Promise<WorkerProcess> {
    holdGroups(site, [3], 5);
    const worker = site.startWorker();
    await site.ask('full');
    await groupsAt(site, 2);
    return worker;
  }

  const terminate = (site: Site, id: string): Promise<unknown> => site.client.workflow.getHandle(id).terminate('by an operator');

  atOnce(
    'I9 a terminated pull: the entity ends the row as failed',
    () =>
      suite.atSite(async (site) => {
        await underWay(site);
        await terminate(site, pullId(name, 1));
        const report = await site.runEnds(1);
        expect(report).toMatchObject({ verdict: 'failed', error: { code: 'INTERNAL', message: 'The workflow of run 1 was terminated.' } });
        expect((await getConnection(site.database, name))?.saved?.state).toBe('errored');
        await expectNextRunWhole(site);
      }),
    caseTimeoutMs,
  );

  atOnce(
    'I9 a terminated entity: its pull ends the row as cancelled, and the next request starts the entity again',
    () =>
      suite.atSite(async (site) => {
        await underWay(site);
        await terminate(site, connectionId(name));
        expect(await eventually('the row ends', recoveryMs, () => verdict(site))).toMatchObject({ verdict: 'cancelled' });
        await expectNextRunWhole(site);
      }),
    caseTimeoutMs,
  );

  atOnce(
    'I9 both terminated while no worker lived: the entity that the next request starts ends the row',
    () =>
      suite.atSite(async (site) => {
        const worker = await underWay(site);
        worker.send('SIGKILL');
        await endOf(worker);
        await terminate(site, connectionId(name));
        await terminate(site, pullId(name, 1));
        site.startWorker();
        await expectNextRunWhole(site);
        expect(await verdict(site)).toMatchObject({ verdict: 'failed', error: { message: 'The workflow of run 1 is gone.' } });
      }),
    caseTimeoutMs,
  );
});
