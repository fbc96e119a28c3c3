// I1: the worker is killed with SIGKILL at each named point of a run in turn, in a full pull and in a delta. The next worker finishes the
// run: inventory, cursors and counts equal those of an undisturbed run, and at most two pages of each stream are asked for again.
import { type FailpointName, failpointNames } from '../../src/failpoint.ts';
import { sharedTemporalAddress } from '../support/temporal.ts';
import {
  drain,
  endOf,
  expectAsUndisturbed,
  expectQuietDelta,
  type Outcome,
  outcomeOf,
  type Phase,
  phases,
  runPhase,
  undisturbed,
} from './runs.ts';
import { atSite, type SiteOptions } from './site.ts';
import { prepareWorkerCode, type WorkerCode } from './workerProcess.ts';

/** How often a full pull and a delta of the tenant pass each point, at least. Which pass is the last one of its worker is drawn. */
const passes: Readonly<Record<FailpointName, number>> = {
  'worker.started': 1,
  'run.beforeOpen': 1,
  'run.afterOpen': 1,
  'run.beforePlan': 1,
  'run.afterPlan': 1,
  'walk.beforeStart': 4,
  'walk.afterStart': 4,
  'slice.taken': 4,
  'page.beforeFetch': 14,
  'page.afterFetch': 14,
  'page.afterFold': 14,
  'page.afterRead': 14,
  'page.afterMap': 14,
  'page.beforeCommit': 14,
  'page.afterCommit': 14,
  'walk.afterLastPage': 4,
  'walk.beforeEnd': 4,
  'walk.afterEnd': 4,
  'settle.begun': 1,
  'settle.afterStage': 2,
  'settle.afterAsk': 4,
  'settle.beforeApply': 4,
  'settle.afterApply': 4,
  'finish.before': 1,
  'finish.after': 1,
  'state.beforeSave': 2,
  'state.afterSave': 2,
};

/** What a delta does otherwise than a full pull: it merges pages, settles removals and moves cursors. */
const differsByDelta = /^(page|settle|finish)\./;

/** The page being committed and the one fetched meanwhile. */
const mostAgain = 2;
const caseTimeoutMs = 240_000;

// Named in the titles, so that a failure can be repeated.
const seed = Number(process.env['TIDEMARK_TEST_SEED'] ?? Date.now() % 100_000);
const draw = (salt: number, most: number): number =>
  1 + (((Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(salt + 1, 40_503)) >>> 8) % most);

let code: WorkerCode;
let expected: ReadonlyMap<Phase['name'], Outcome>;

beforeAll(async () => {
  code = await prepareWorkerCode();
  expected = await atSite(here(), (site) => undisturbed(site));
}, caseTimeoutMs);
afterAll(() => code.remove());

const here = (): SiteOptions => ({ code, temporalAddress: sharedTemporalAddress() });

test('there are at least 25 points between the steps of a run', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(25);
});

const cases = failpointNames.map((point, index) => ({
  point,
  full: draw(2 * index, passes[point]),
  delta: differsByDelta.test(point) ? draw(2 * index + 1, passes[point]) : 'none',
  seed,
}));

test.concurrent.each(cases)(
  'I1 killed at $point, at pass $full of a full pull and $delta of a delta (seed $seed)',
  (of) =>
    atSite(here(), async (site) => {
      let worker = site.startWorker(`${of.point}:${of.full}`);
      for (const phase of phases) {
        const at = of[phase.name];
        if (at === 'none') continue;
        if (phase.name === 'delta') {
          await drain(worker);
          worker = site.startWorker(`${of.point}:${at}`);
        }
        const report = await runPhase(site, phase, async () => {
          expect(await endOf(worker)).toEqual({ code: null, signal: 'SIGKILL' });
          worker = site.startWorker();
        });
        await expectAsUndisturbed(site, outcomeOf(report, site.simulator), { outcome: expected.get(phase.name), mostAgain });
      }
      await expectQuietDelta(site);
      await drain(worker);
    }),
  caseTimeoutMs,
);
