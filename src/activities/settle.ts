// After the streams: removes what the run's complete walks prove gone, and answers how each stream stands (design 3.7). Idempotent.
import { activityInfo } from '@temporalio/activity';
import { settleRun } from '../pull/settle.ts';
import { streamTargets } from '../pull/target.ts';
import { readProgress } from '../store/walk.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { pinnedRun } from './pinned.ts';
import type { SettleRequest, StreamEnd } from './types.ts';

/** @throws retried codes; STALE_ATTEMPT when another run has taken over. */
export async function settle(shared: Shared, { run, timings }: SettleRequest): Promise<StreamEnd[]> {
  const { database } = shared;
  return withHeartbeat(timings, shared.draining, async ({ signal, alive }) => {
    const progress = await readProgress(database, run);
    if (progress.some(({ outcome }) => outcome === 'complete')) {
      const { row, spec } = await pinnedRun(database, run);
      const source = await shared.sources.sourceFor(spec);
      await settleRun(
        { database, source },
        {
          run,
          connection: row.connection,
          guard: spec.guard,
          targets: streamTargets(spec, row.profile),
          options: { signal, alive, longestWaitMs: timings.longWaitMs },
          maxWaitMs: timings.maxWaitMs,
          lastTry: activityInfo().attempt * timings.retryMaximumMs > timings.pagelessLimitMs,
        },
      );
    }
    return (await readProgress(database, run)).map(({ stream, outcome, error }) => ({ stream, outcome, error }));
  });
}
