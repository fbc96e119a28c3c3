// I2, I6: a transaction is committed and its answer is lost. The next attempt finds what was committed and goes on: nothing is applied twice.
import type { FailpointName } from '../../src/failpoint.ts';
import { drain, expectQuietDelta, phases, runPhase } from './runs.ts';
import { sharedServers } from './site.ts';
import { atOnce, caseTimeoutMs, crashSuite } from './suite.ts';

const suite = crashSuite(sharedServers);

/** The points that follow a commit, and which of their commits in a full pull and in a delta. */
const commits: readonly { readonly point: FailpointName; readonly full: number; readonly delta: number }[] = [
  { point: 'run.afterOpen', full: 1, delta: 1 },
  { point: 'run.afterPlan', full: 1, delta: 1 },
  { point: 'walk.afterStart', full: 2, delta: 3 },
  { point: 'page.afterCommit', full: 1, delta: 14 },
  { point: 'page.afterCommit', full: 7, delta: 6 },
  { point: 'walk.afterEnd', full: 1, delta: 4 },
  { point: 'settle.afterStage', full: 2, delta: 1 },
  { point: 'settle.afterApply', full: 3, delta: 1 },
  { point: 'finish.after', full: 1, delta: 1 },
  { point: 'state.afterSave', full: 1, delta: 2 },
];

atOnce.each(commits)(
  'the answer at $point is lost, $full in a full pull and $delta in a delta',
  (of) =>
    suite.atSite(async (site) => {
      let worker = null;
      for (const phase of phases) {
        if (worker !== null) await drain(worker);
        const armed = site.startWorker(`${of.point}:${of[phase.name]}:lost`);
        worker = armed;
        const report = await runPhase(site, phase, () => Promise.resolve());
        expect(armed.log()).toContain(`The answer at ${of.point} was lost`);
        // The page whose answer was lost is not fetched again; the one fetched meanwhile is.
        await suite.expectAsUndisturbed(site, phase, { report, mostAgain: 1 });
      }
      await expectQuietDelta(site);
    }),
  caseTimeoutMs,
);
