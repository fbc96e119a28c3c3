// I1: the worker is killed with SIGKILL at each named point of a run in turn, in a full pull and in a delta. The next worker finishes the
// run: inventory, cursors and counts equal those of an undisturbed run, and at most two pages of each stream are asked for again.
import { failpointNames } from '../../src/failpoint.ts';
import { sharedServers } from './site.ts';
import { endOf, expectQuietDelta, phases, type PullPoint, pullPoints, runPhase } from './runs.ts';
import { atOnce, caseTimeoutMs, crashSuite, type Kill, pagesUnderWay } from './suite.ts';

/** How often a full pull and a delta of the tenant pass each point, at least. Which pass is the last one of its worker is drawn. */
const passes: Readonly<Record<PullPoint, number>> = {
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
  'settle.afterJudge': 1,
  'settle.beforeApply': 4,
  'settle.afterApply': 4,
  'finish.before': 1,
  'finish.after': 1,
  'state.beforeSave': 2,
  'state.afterSave': 2,
};

/** What a delta does otherwise than a full pull: it merges pages, settles removals and moves cursors. */
const differsByDelta = /^(page|settle|finish)\./;

// Named in the titles, so that a failure can be repeated.
const seed = Number(process.env['TIDEMARK_TEST_SEED'] ?? Date.now() % 100_000);
const draw = (salt: number, most: number): number =>
  1 + (((Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(salt + 1, 40_503)) >>> 8) % most);

const suite = crashSuite(sharedServers);

test('there are at least 25 points between the steps of a run', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(25);
});

const cases = pullPoints.map((point, index): Kill & { readonly seed: number } => ({
  point,
  full: draw(2 * index, passes[point]),
  delta: differsByDelta.test(point) ? draw(2 * index + 1, passes[point]) : 'none',
  seed,
}));

atOnce.each(cases)(
  'I1 killed at $point, at pass $full of a full pull and $delta of a delta (seed $seed)',
  (kill) => suite.atSite((site) => suite.expectRecovery(site, kill)),
  caseTimeoutMs,
);

const pagePoints = failpointNames.filter((point) => point.startsWith('page.'));
/** Each worker gets at most three pages far: fourteen outlast four of them. */
const kills = 4;

atOnce(
  `I1 killed again and again in one run (seed ${seed})`,
  () =>
    suite.atSite(async (site) => {
      const [full] = phases;
      const report = await runPhase(site, full, async () => {
        for (let kill = 0; kill < kills; kill += 1) {
          const point = pagePoints[draw(100 + kill, pagePoints.length) - 1] ?? '';
          const worker = site.startWorker(`${point}:${draw(200 + kill, 3)}`);
          expect(await endOf(worker)).toEqual({ code: null, signal: 'SIGKILL' });
        }
        site.startWorker();
      });
      await suite.expectAsUndisturbed(site, full, { report, mostAgain: pagesUnderWay });
      await expectQuietDelta(site);
    }),
  caseTimeoutMs,
);
