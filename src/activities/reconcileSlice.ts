// One call of the reconciler: a slice of connections; after the last of them, what is left behind. Idempotent.
import { TidemarkError } from '../errors.ts';
import { neverFired } from '../metrics.ts';
import { lostRuns, removeSchedules } from '../reconcile/leftovers.ts';
import { reconcileConnections } from '../reconcile/slice.ts';
import type { LostRun } from '../store/reconcile.ts';
import { forgetOrders } from '../store/orderRetention.ts';
import { forgetChanges } from '../store/retention.ts';
import type { Shared } from './dependencies.ts';
import { finishRun } from './finishRun.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ReconcileRequest, ReconcileResult } from './types.ts';

const connectionsAtOnce = 100;
/** Well within the activity's five minutes, also where each connection takes seconds. */
const sliceMs = 60_000;

/** @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function reconcileSlice(shared: Shared, { after }: ReconcileRequest): Promise<ReconcileResult> {
  const { client, database, logger, config, metrics, build } = shared;
  if (client === null) throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', 'This worker has no Temporal client.');
  const tools = { client, database, logger };
  return withHeartbeat(config.timings, shared.draining, async ({ signal, alive }) => {
    const slice = await reconcileConnections({ ...tools, build }, after, {
      limit: connectionsAtOnce,
      lastsMs: sliceMs,
      signal,
      alive: () => alive(),
    });
    metrics.occurrenceSkipped(neverFired, slice.skipped);
    if (slice.after !== null) return { ...slice, removed: 0, closed: 0 };
    const removed = await removeSchedules(tools);
    const closed = await closeLostRuns(shared, await lostRuns(tools));
    const forgotten = await forgetChanges(database, { days: config.changesDays, alive: () => alive() });
    if (forgotten > 0) logger.info('Old changes are forgotten.', { rows: forgotten });
    const orders = await forgetOrders(database, { days: config.ordersDays, alive: () => alive() });
    if (orders > 0) logger.info('Old orders are forgotten.', { rows: orders });
    return { ...slice, removed, closed };
  });
}

async function closeLostRuns(shared: Shared, lost: readonly LostRun[]): Promise<number> {
  for (const { run, connection } of lost) {
    const message = `The workflow of run ${run} is gone.`;
    const error = { code: 'INTERNAL', message, hint: 'What it committed stays. Run the connection again.' } as const;
    await finishRun(shared, { run, connection, verdict: 'failed', error, reason: 'its workflow is gone' });
  }
  return lost.length;
}
