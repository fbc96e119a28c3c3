// Waits for the run's turn, then records what was decided: the run's mode and reason, and a checkpoint for each stream.
// Waiting is done by Temporal between attempts: it takes no slot of the worker and leaves no event in the history.
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { claimSlot } from '../store/admission.ts';
import { writeLog } from '../store/log.ts';
import { planRun as planRow } from '../store/run.ts';
import { tenantOf } from './budgets.ts';
import type { Shared } from './dependencies.ts';
import { pinnedRun } from './pinned.ts';
import type { PlanRequest } from './types.ts';

/** Idempotent: a slot stays claimed, and the first plan stands. @throws RUN_WAITING until the run is admitted; STALE_ATTEMPT. */
export async function planRun({ database, config }: Shared, { run, connection, plan }: PlanRequest): Promise<void> {
  const { spec } = await pinnedRun(database, run);
  const { place, waitMs } = await claimSlot(database, { run, tenant: tenantOf(spec), limits: config.admission });
  if (place > 0) {
    throw new TidemarkError('RUN_WAITING', `Run ${run} waits for its turn, at place ${place}.`, { retryAfterMs: waitMs });
  }
  failpoint('run.beforePlan');
  await planRow(database, { run, connection, plan });
  failpoint('run.afterPlan');
  const overdue = plan.baselineOverdue ? ', baseline overdue' : '';
  const details = Object.fromEntries(plan.streams.map(({ stream, mode, reason }) => [stream, `${mode}: ${reason}`]));
  await writeLog(database, { connection, run, level: 'info', message: `${plan.mode} pull: ${plan.reason}${overdue}.`, details });
}
