// I2, I6: a transaction is committed and its answer is lost. The next attempt finds what was committed and goes on: nothing is applied twice.
import type { FailpointName } from '../../src/failpoint.ts';
import { drain, expectQuietDelta, phases, runPhase } from './runs.ts';
import { sharedServers } from './site.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';

const suite = crashSuite(sharedServers);

/** The points that follow a commit, and which pass of them: it counts on from the full pull to the delta after it. */
const commits: readonly { readonly point: FailpointName; readonly nth: number; readonly of: string }[] = [
  { point: 'run.afterOpen', nth: 1, of: 'the full pull' },
  { point: 'run.afterPlan', nth: 2, of: 'the delta' },
  { point: 'walk.afterStart', nth: 2, of: 'the full pull' },
  { point: 'page.afterCommit', nth: 1, of: 'the full pull' },
  { point: 'page.afterCommit', nth: 11, of: 'the full pull' },
  { point: 'page.afterCommit', nth: 20, of: 'the delta' },
  { point: 'walk.afterEnd', nth: 7, of: 'the delta' },
  { point: 'settle.afterStage', nth: 2, of: 'the full pull' },
  { point: 'settle.afterApply', nth: 6, of: 'the delta' },
  { point: 'finish.after', nth: 1, of: 'the full pull' },
  { point: 'finish.after', nth: 2, of: 'the delta' },
  { point: 'state.afterSave', nth: 2, of: 'the full pull' },
];

atOnce.each(commits)(
  'the answer at $point is lost, number $nth, in $of',
  ({ point, nth }) =>
    suite.atSite(async (site) => {
      const worker = site.startWorker(`${point}:${nth}:lost`);
      for (const phase of phases) {
        const report = await runPhase(site, phase, () => Promise.resolve());
        // The page whose answer was lost is not fetched again; the one fetched meanwhile is.
        await suite.expectAsUndisturbed(site, phase, { report, mostAgain: 1 });
      }
      expect(worker.log()).toContain(`The answer at ${point} was lost`);
      await expectQuietDelta(site);
      await drain(worker);
    }),
  caseTimeoutMs,
);
