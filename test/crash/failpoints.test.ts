// I1: the worker is killed with SIGKILL at each named point of a run, in a full pull or in a delta, again and again in one run. The last worker
// finishes it: inventory, cursors and counts equal those of an undisturbed run, and at most two pages of each stream are asked for again each time.
// I2, I6: a transaction is committed and its answer is lost. The next attempt finds what was committed and goes on: nothing is applied twice.
import { failpointNames } from '../../src/failpoint.ts';
import { sharedServers } from './site.ts';
import { byTurns, chainsOf, drain, expectQuietDelta, type Kills, phases, type PullPoint, pullPoints, runPhase, seed } from './runs.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';

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

const pagePoints = pullPoints.filter((point) => point.startsWith('page.'));
const draw = (salt: number, most: number): number =>
  1 + (((Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(salt + 1, 40_503)) >>> 8) % most);
const passesOf = (point: PullPoint): number => (pagePoints.includes(point) ? pages : (passes[point] ?? 1));
const drawn = (points: readonly PullPoint[], salt: number): string[] =>
  points.map((point) => `${point}:${draw(salt + 2 * pullPoints.indexOf(point), passesOf(point))}`);

const cases = chainsOf(pullPoints, 2).map((points): Kills => {
  const { full, delta } = byTurns(points.filter((point) => differsByDelta.test(point)));
  return {
    full: drawn(
      points.filter((point) => full.includes(point) || !differsByDelta.test(point)),
      0,
    ),
    delta: drawn(delta, 1),
  };
});

const suite = crashSuite(sharedServers, { compared: phases });

test('there are at least 25 points between the steps of a run, and each that every run passes is killed at', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(25);
  const killedAt = cases.flatMap(({ full, delta }) => [...full, ...delta]).map((kill) => kill.split(':')[0]);
  expect(new Set(killedAt)).toEqual(new Set(pullPoints));
});

atOnce.each(cases.map((kills) => ({ ...kills, seed })))(
  'I1 killed at $full of a full pull and at $delta of a delta (seed $seed)',
  (kills) => suite.atSite((site) => suite.expectRecovery(site, kills)),
  caseTimeoutMs,
);

/** Points that follow a commit, and which pass of them: the delta counts on from the full pull, where a lost answer makes one more. */
const lost = {
  full: [
    'run.afterOpen:1',
    'walk.afterStart:2',
    'page.afterCommit:1',
    'page.afterCommit:11',
    'settle.afterStage:2',
    'finish.after:1',
    'state.afterSave:2',
  ],
  delta: ['run.afterPlan:2', 'page.afterCommit:20', 'walk.afterEnd:7', 'settle.afterApply:6', 'finish.after:3'],
} satisfies Kills;

atOnce(
  `I2, I6 the answers at ${lost.full.join(', ')} of a full pull are lost, and at ${lost.delta.join(', ')} in the delta after it`,
  () =>
    suite.atSite(async (site) => {
      const armed = [...lost.full, ...lost.delta].map((point) => `${point}:lost`);
      const worker = site.startWorker(armed.join(','));
      for (const phase of phases) {
        const { length: before } = worker.log();
        const report = await runPhase(site, phase, () => Promise.resolve());
        // The page whose answer was lost is not fetched again; the one fetched meanwhile is.
        await suite.expectAsUndisturbed(site, phase, { report, mostAgain: 1 });
        const told = worker.log().slice(before);
        for (const point of lost[phase.name]) expect(told).toContain(`The answer at ${point.split(':')[0]} was lost`);
      }
      await expectQuietDelta(site);
      await drain(worker);
    }),
  caseTimeoutMs,
);
