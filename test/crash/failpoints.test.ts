// I1: the worker is killed with SIGKILL at each named point of a run, in a full pull and in a delta, again and again in one run. The last worker
// finishes it: inventory, cursors and counts equal those of an undisturbed run, and at most two pages of each stream are asked for again each time.
import { failpointNames } from '../../src/failpoint.ts';
import { sharedServers } from './site.ts';
import { chainsOf, type PullPoint, pullPoints } from './runs.ts';
import { atOnce, caseTimeoutMs, crashSuite, type Kills } from './suite.ts';

/** Of fourteen pages, in full and by delta. */
const pages = 5;
/** How often a run passes each other point, at least, after it was killed at those before: once, where nothing is said. The pass that kills is drawn. */
const passes: Partial<Readonly<Record<PullPoint, number>>> = {
  'walk.beforeStart': 4,
  'walk.afterStart': 4,
  'slice.taken': 4,
  'settle.afterStage': 2,
  'settle.afterAsk': 4,
  'settle.beforeApply': 4,
  'settle.afterApply': 4,
};

/** What a delta does otherwise than a full pull: it merges pages, settles removals and moves cursors. */
const differsByDelta = /^(page|settle|finish)\./;

// Named in the titles, so that a failure can be repeated.
const seed = Number(process.env['TIDEMARK_TEST_SEED'] ?? Date.now() % 100_000);
const draw = (salt: number, most: number): number =>
  1 + (((Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(salt + 1, 40_503)) >>> 8) % most);
const pagePoints = pullPoints.filter((point) => point.startsWith('page.'));
const passesOf = (point: PullPoint): number => (pagePoints.includes(point) ? pages : (passes[point] ?? 1));
const drawn = (points: readonly PullPoint[], salt: number): string[] =>
  points.map((point) => `${point}:${draw(salt + 2 * pullPoints.indexOf(point), passesOf(point))}`);

/** Each worker gets at most three pages far: a run of fourteen outlasts four of them. */
const again = [0, 1, 2, 3].map((kill) => `${pagePoints[draw(100 + kill, pagePoints.length) - 1]}:${draw(200 + kill, 3)}`);

const cases: readonly Kills[] = [
  ...chainsOf(pullPoints, 5).map((points) => {
    const differing = points.filter((point) => differsByDelta.test(point));
    return { full: drawn(points, 0), delta: drawn(differing, 1) };
  }),
  { full: again, delta: [] },
];

const suite = crashSuite(sharedServers);

test('there are at least 25 points between the steps of a run', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(25);
});

atOnce.each(cases.map((kills) => ({ ...kills, seed })))(
  'I1 killed at $full of a full pull and at $delta of a delta (seed $seed)',
  (kills) => suite.atSite((site) => suite.expectRecovery(site, kills)),
  caseTimeoutMs,
);
