// I2, I6: a transaction is committed and its answer is lost. The next attempt finds what was committed and goes on: nothing is applied twice.
import { drain, expectQuietDelta, phases, runPhase } from './runs.ts';
import { sharedServers } from './site.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';

const suite = crashSuite(sharedServers);

/** Points that follow a commit, and which pass of them: it counts on from the full pull to the delta after it. */
const lost = [
  {
    phase: 'full',
    points: [
      'run.afterOpen:1',
      'walk.afterStart:2',
      'page.afterCommit:1',
      'page.afterCommit:11',
      'settle.afterStage:2',
      'finish.after:1',
      'state.afterSave:2',
    ],
  },
  { phase: 'delta', points: ['run.afterPlan:2', 'page.afterCommit:20', 'walk.afterEnd:7', 'settle.afterApply:6', 'finish.after:2'] },
] as const;

atOnce.each(lost)(
  'the answers at $points are lost, in the $phase',
  ({ phase: inPhase, points }) =>
    suite.atSite(async (site) => {
      const worker = site.startWorker(points.map((point) => `${point}:lost`).join(','));
      const answers = (): number => new Set(worker.log().match(/The answer at \S+ was lost/g)).size;
      for (const phase of phases) {
        const before = answers();
        const report = await runPhase(site, phase, () => Promise.resolve());
        // The page whose answer was lost is not fetched again; the one fetched meanwhile is.
        await suite.expectAsUndisturbed(site, phase, { report, mostAgain: 1 });
        expect(answers() - before).toBe(phase.name === inPhase ? new Set(points.map((point) => point.split(':')[0])).size : 0);
      }
      await expectQuietDelta(site);
      await drain(worker);
    }),
  caseTimeoutMs,
);
