// I1, I9: the worker, Temporal or PostgreSQL dies in the middle of a run and comes back; `status` says so within a minute, and the run ends by itself, as
// if nothing had happened.
import { type Ended, tidemark } from '../cli/tidemark.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTemporal, type TestTemporal } from '../support/temporal.ts';
import { eventually } from '../support/waiting.ts';
import { groupsAt, groupsOf, holdGroups, waiting, whileLocked } from './holds.ts';
import { drain, endOf, expectQuietDelta, phases, runPhase } from './runs.ts';
import { recoveryMs, type Site } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';
import type { WorkerProcess } from './workerProcess.ts';

const [full] = phases;

let temporal: TestTemporal;
let postgres: TestPostgres;

/** Servers of this suite's own: others would not like to lose theirs. */
const suite = crashSuite(async () => {
  const started = await startPostgres();
  if (started === null) throw new Error('There is no PostgreSQL to start.');
  postgres = started;
  temporal = await startTemporal();
  return {
    temporalAddress: temporal.address,
    databaseServerUrl: postgres.url,
    async stop() {
      await temporal.stop();
      await postgres.stop();
    },
  };
});

/** Starts a run, has `outage` happen after two pages of the groups, and fails unless the run and the next one come out whole. */
function survive(outage: (site: Site, worker: WorkerProcess) => Promise<WorkerProcess>): Promise<void> {
  return suite.atSite(async (site) => {
    let worker = site.startWorker();
    const report = await runPhase(site, full, async () => {
      holdGroups(site, [3], 3);
      await groupsAt(site, 2);
      worker = await outage(site, worker);
    });
    await suite.expectAsUndisturbed(site, full, { report, mostAgain: 2 });
    await expectQuietDelta(site);
    await drain(worker);
  });
}

const minuteMs = 60_000;
const callEveryMs = 2_000;

/** What `status` says from when it exits 3, which has to be within a minute. */
async function lost(site: Site, says: RegExp): Promise<Ended> {
  const begun = performance.now();
  const look = async (): Promise<Ended | null> => {
    const ended = await tidemark(['status', 'tenant', '--json'], { env: site.env });
    return ended.code === 3 && says.test(ended.stderr) ? ended : null;
  };
  const status = await eventually(`status says ${says.source}`, minuteMs, look, callEveryMs);
  expect(performance.now() - begun).toBeLessThan(minuteMs);
  return status;
}

inTurn(
  'the worker is killed and another one comes',
  () =>
    survive(async (site, worker) => {
      worker.send('SIGKILL');
      const { stdout } = await lost(site, /no worker since \d{4}-/);
      expect(JSON.parse(stdout)).toMatchObject({ name: 'tenant', source: 'database', state: 'processing', current: { run: 1 } });
      await endOf(worker);
      const next = site.startWorker();
      const answers = async (): Promise<boolean> => (await tidemark(['status', 'tenant'], { env: site.env })).code === 0;
      await eventually('status answers again', minuteMs, answers, callEveryMs);
      return next;
    }),
  caseTimeoutMs,
);

inTurn(
  'Temporal is killed and comes back when the streams have been read',
  () =>
    survive(async (site, worker) => {
      temporal.kill();
      const { stdout } = await lost(site, /Temporal at .* is not reachable/);
      expect(JSON.parse(stdout)).toMatchObject({ source: 'database', current: { run: 1 } });
      await eventually('the groups are read', recoveryMs, async () => (await groupsOf(site)).outcome === 'complete');
      await temporal.restart();
      return worker;
    }),
  caseTimeoutMs,
);

inTurn(
  'PostgreSQL is killed between two pages',
  () =>
    survive(async (site, worker) => {
      await postgres.kill();
      const { stdout } = await lost(site, /STORE_UNAVAILABLE/);
      expect(JSON.parse(stdout)).toMatchObject({ source: 'workflow', current: { run: 1 }, streams: [] });
      const all = await tidemark(['status', '--json'], { env: site.env });
      expect({ code: all.code, rows: JSON.parse(all.stdout) }).toMatchObject({ code: 3, rows: [{ name: 'tenant', state: 'processing' }] });
      await eventually('the worker misses it', recoveryMs, () => worker.log().includes('The database does not answer; runs wait for it.'));
      await postgres.restart();
      await eventually('the worker has it again', recoveryMs, () => worker.log().includes('The database answers again; runs go on.'));
      return worker;
    }),
  caseTimeoutMs,
);

inTurn(
  'PostgreSQL is killed in the middle of a commit',
  () =>
    survive(async (site, worker) => {
      const locked = whileLocked(site, 'seen', async () => {
        await eventually('a commit is under way', recoveryMs, async () => (await waiting(site)) > 0);
        await postgres.kill();
      });
      await expect(locked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await postgres.restart();
      return worker;
    }),
  caseTimeoutMs,
);

inTurn(
  'all of it dies at once: the worker, Temporal and PostgreSQL',
  () =>
    survive(async (site, worker) => {
      worker.send('SIGKILL');
      temporal.kill();
      await postgres.kill();
      await endOf(worker);
      // The worker comes first, and waits for the others.
      const next = site.startWorker();
      await Promise.all([temporal.restart(), postgres.restart()]);
      return next;
    }),
  caseTimeoutMs,
);
