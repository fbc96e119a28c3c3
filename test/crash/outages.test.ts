// I1, I9: the worker, Temporal or PostgreSQL dies in the middle of a run and comes back; `status` says so within a minute, and the run ends by itself, as
// if nothing had happened.
import { type CommandLine, type Ended, openCommandLine } from '../cli/tidemark.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTemporal, type TestTemporal } from '../support/temporal.ts';
import { eventually } from '../support/waiting.ts';
import { groupsAt, groupsOf, holdGroups, waiting, whileLocked } from './holds.ts';
import { drain, endOf, expectQuietDelta, type Phase, phases, runPhase } from './runs.ts';
import { recoveryMs, type Site } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';
import type { WorkerProcess } from './workerProcess.ts';

let temporal: TestTemporal;
let postgres: TestPostgres;

interface UnderWay {
  readonly site: Site;
  readonly verbs: CommandLine;
  readonly run: number;
  readonly worker: WorkerProcess;
}
type Outage = (at: UnderWay) => Promise<WorkerProcess>;

/** What dies after two pages of the groups, by its name; answers the worker that serves when it is over. */
const outages: Readonly<Record<string, Outage>> = {
  'the worker is killed and another one comes': async ({ site, verbs, run, worker }) => {
    worker.send('SIGKILL');
    const { stdout } = await lost(verbs, /no worker since \d{4}-/);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'tenant', source: 'database', state: 'processing', current: { run } });
    await endOf(worker);
    const next = site.startWorker();
    await eventually('status answers again', minuteMs, async () => (await verbs.call(['status', 'tenant'])).code === 0, callEveryMs);
    return next;
  },

  'Temporal is killed and comes back when the streams have been read': async ({ site, verbs, run, worker }) => {
    temporal.kill();
    const { stdout } = await lost(verbs, /Temporal at .* is not reachable/);
    expect(JSON.parse(stdout)).toMatchObject({ source: 'database', current: { run } });
    await eventually('the groups are read', recoveryMs, async () => (await groupsOf(site, run)).outcome === 'complete');
    await temporal.restart();
    return worker;
  },

  'PostgreSQL is killed between two pages': async ({ verbs, run, worker }) => {
    await postgres.kill();
    const { stdout } = await lost(verbs, /STORE_UNAVAILABLE/);
    expect(JSON.parse(stdout)).toMatchObject({ source: 'workflow', current: { run }, streams: [] });
    const all = await verbs.call(['status', '--json']);
    expect({ code: all.code, rows: JSON.parse(all.stdout) }).toMatchObject({ code: 3, rows: [{ name: 'tenant', state: 'processing' }] });
    await eventually('the worker misses it', recoveryMs, () => worker.log().includes('The database does not answer; runs wait for it.'));
    await postgres.restart();
    await eventually('the worker has it again', recoveryMs, () => worker.log().includes('The database answers again; runs go on.'));
    return worker;
  },

  'PostgreSQL is killed in the middle of a commit': async ({ site, worker }) => {
    const locked = whileLocked(site, 'seen', async () => {
      await eventually('a commit is under way', recoveryMs, async () => (await waiting(site)) > 0);
      await postgres.kill();
    });
    await expect(locked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await postgres.restart();
    return worker;
  },

  'all of it dies at once: the worker, Temporal and PostgreSQL': async ({ site, worker }) => {
    worker.send('SIGKILL');
    temporal.kill();
    await postgres.kill();
    await endOf(worker);
    // The worker comes first, and waits for the others.
    const next = site.startWorker();
    await Promise.all([temporal.restart(), postgres.restart()]);
    return next;
  },
};

/** A full pull for each, of what changed since the one before; after each a delta that finds nothing. */
const runs = Object.entries(outages).map(([name, outage], index): Phase & { readonly outage: Outage } => ({
  name,
  outage,
  nth: 1 + 2 * index,
  ask: 'full',
  prepare: index === 0 ? () => undefined : phases[1].prepare,
}));

/** Servers of this suite's own: others would not like to lose theirs. */
const suite = crashSuite(
  async () => {
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
  },
  { compared: runs },
);

const minuteMs = 60_000;
const callEveryMs = 2_000;

/** What `status` says from when it exits 3, which has to be within a minute. */
async function lost(verbs: CommandLine, says: RegExp): Promise<Ended> {
  const begun = performance.now();
  const look = async (): Promise<Ended | null> => {
    const ended = await verbs.call(['status', 'tenant', '--json']);
    return ended.code === 3 && says.test(ended.stderr) ? ended : null;
  };
  const status = await eventually(`status says ${says.source}`, minuteMs, look, callEveryMs);
  expect(performance.now() - begun).toBeLessThan(minuteMs);
  return status;
}

/** Fails unless the run comes out as if the outage had not happened, and the next one finds nothing to do. Answers the worker that serves then. */
async function outlast(phase: (typeof runs)[number], { site, verbs, worker }: Omit<UnderWay, 'run'>): Promise<WorkerProcess> {
  let serving = worker;
  holdGroups(site, [3], 3);
  const report = await runPhase(site, phase, async () => {
    await groupsAt(site, 2, phase.nth);
    serving = await phase.outage({ site, verbs, run: phase.nth, worker });
  });
  site.simulator.clearFaults();
  await suite.expectAsUndisturbed(site, phase, { report, mostAgain: 2 });
  await expectQuietDelta(site);
  return serving;
}

inTurn(
  `one after another: ${Object.keys(outages).join('; ')}`,
  () =>
    suite.atSite(async (site) => {
      const verbs = openCommandLine({ env: site.env });
      let worker = site.startWorker();
      try {
        for (const phase of runs) {
          worker = await outlast(phase, { site, verbs, worker }).catch((cause: unknown) => {
            throw new Error(`When ${phase.name}.`, { cause });
          });
        }
      } finally {
        await verbs.stop();
      }
      await drain(worker);
    }),
  caseTimeoutMs,
);
