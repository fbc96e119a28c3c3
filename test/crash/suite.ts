// What every suite of crash tests stands on: the worker's code, the servers, and the runs that nothing disturbed.
import type { RunReport } from '../../src/model.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf } from '../support/tenant.ts';
import { askFor, changesOf, drain, expectQuietDelta, type Kills, killInTurn, outcomeOf, type Phase, phases, undisturbed } from './runs.ts';
import { atSite, identity, type Servers, type Site, type Subject } from './site.ts';
import { prepareWorkerCode, type WorkerCode } from './workerProcess.ts';

/** Most of it is waiting for two processors that other suites use too. */
export const caseTimeoutMs = 480_000;

/** Sites at once: more workers would miss their heartbeats for want of a processor. */
const sitesAtOnce = 3;

/** The page being committed and the one fetched meanwhile. */
const pagesUnderWay = 2;

const isPossible = process.env['TIDEMARK_TEST_DATABASE_URL'] !== undefined;

/** Races need a PostgreSQL server: where there is none, these tests are skipped. */
export const atOnce = isPossible ? test.concurrent : test.concurrent.skip;
export const inTurn = isPossible ? test : test.skip;

export interface SuiteOptions {
  /** @default identity */
  readonly subject?: Subject;
  /** The runs that tests compare with undisturbed ones. */
  readonly compared?: readonly Phase[];
}

export interface Suite {
  /** Opens a site for the length of `work`, whatever becomes of it. */
  atSite<T>(work: (site: Site) => Promise<T>): Promise<T>;
  /** Fails unless the run came out as if nothing had happened, with at most `mostAgain` pages of a stream asked for again each time it was taken up. */
  expectAsUndisturbed(site: Site, phase: Phase, of: { readonly report: RunReport; readonly mostAgain: number }): Promise<void>;
  /** Kills workers in the full pull and in the delta, and fails unless the next one ends each as if nothing had happened. */
  expectRecovery(site: Site, kills: Kills): Promise<void>;
}

function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      // The place goes on to the next one.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** Called at the top of a file: tests that run at once do not wait for the hooks of a block. `start` answers the servers and how they are ended. */
export function crashSuite(
  start: () => Promise<Servers & { stop(): Promise<void> }>,
  { subject = identity, compared = [] }: SuiteOptions = {},
): Suite {
  const stops: (() => Promise<void> | void)[] = [];
  let servers: Servers | null = null;
  let code: WorkerCode | null = null;
  const limited = limiter(sitesAtOnce);
  let expected: Awaited<ReturnType<typeof undisturbed>> = new Map();

  const suite: Suite = {
    atSite: (work) =>
      limited(() => {
        if (servers === null || code === null) throw new Error('The suite is not ready.');
        return atSite({ ...servers, code, subject }, work);
      }),
    async expectAsUndisturbed(site, phase, { report, mostAgain }) {
      const alone = expected.get(phase);
      if (alone === undefined) throw new Error(`The suite has no run "${phase.name}".`);
      const outcome = outcomeOf(report, site.simulator);
      expect(outcome.report).toEqual(alone.report);
      for (const [stream, asked] of outcome.asked) {
        const again = asked - (alone.asked.get(stream) ?? 0);
        const resumed = report.streams.find((candidate) => candidate.stream === stream)?.resumed ?? 0;
        // An attempt that was cut off before its walk began is not counted as taken up.
        const most = mostAgain * Math.max(resumed, 1);
        if (again < 0 || again > most) expect({ stream, resumed, pagesAskedAgain: again }).toEqual({ stream, resumed, most });
      }
      expect(await changesOf(site, report)).toEqual(alone.changes);
      await expectInventoryOf(site.database, site.simulator, site.spec);
      await expectTally(site.database);
    },
    async expectRecovery(site, kills) {
      for (const phase of phases) {
        await askFor(site, phase);
        const worker = await killInTurn(site, kills[phase.name]);
        const report = await site.runEnds(phase.nth);
        await suite.expectAsUndisturbed(site, phase, { report, mostAgain: pagesUnderWay });
        if (phase.name === 'delta') await expectQuietDelta(site);
        await drain(worker);
      }
    },
  };

  beforeAll(async () => {
    if (!isPossible) return;
    const started = await start();
    stops.push(() => started.stop());
    servers = started;
    const made = await prepareWorkerCode();
    stops.push(() => made.remove());
    code = made;
    expected = await undisturbed(subject, compared);
  }, caseTimeoutMs);
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });
  return suite;
}
