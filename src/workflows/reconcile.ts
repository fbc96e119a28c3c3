// The reconciler (design 5): goes through all connections in slices, so that its history stays small however many there are. Started by a Schedule
// every 5 minutes; ends with the counts of what it found.
import type { ReconcileResult } from '../activities/types.ts';
import { reconciling } from './options.ts';

export type ReconcileAnswer = Omit<ReconcileResult, 'after'>;

export async function reconcile(): Promise<ReconcileAnswer> {
  let sum: ReconcileAnswer = { connections: 0, started: 0, repaired: 0, skipped: 0, overdue: 0, failed: 0, removed: 0, closed: 0 };
  let after: string | null = null;
  do {
    const { after: last, ...counts }: ReconcileResult = await reconciling().reconcileSlice.executeWithOptions(
      { summary: after ?? 'from the first' },
      [{ after }],
    );
    sum = plus(sum, counts);
    after = last;
  } while (after !== null);
  return sum;
}

function plus(a: ReconcileAnswer, b: ReconcileAnswer): ReconcileAnswer {
  return {
    connections: a.connections + b.connections,
    started: a.started + b.started,
    repaired: a.repaired + b.repaired,
    skipped: a.skipped + b.skipped,
    overdue: a.overdue + b.overdue,
    failed: a.failed + b.failed,
    removed: a.removed + b.removed,
    closed: a.closed + b.closed,
  };
}
