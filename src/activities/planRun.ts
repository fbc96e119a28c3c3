// Records what was decided: the run's mode and reason, and a checkpoint for each stream. Idempotent: the first plan stands.
import { failpoint } from '../failpoint.ts';
import { writeLog } from '../store/log.ts';
import { planRun as planRow } from '../store/run.ts';
import type { Shared } from './dependencies.ts';
import type { PlanRequest } from './types.ts';

export async function planRun({ database }: Shared, { run, connection, plan }: PlanRequest): Promise<void> {
  failpoint('run.beforePlan');
  await planRow(database, { run, connection, plan });
  failpoint('run.afterPlan');
  const overdue = plan.baselineOverdue ? ', baseline overdue' : '';
  const details = Object.fromEntries(plan.streams.map(({ stream, mode, reason }) => [stream, `${mode}: ${reason}`]));
  await writeLog(database, { connection, run, level: 'info', message: `${plan.mode} pull: ${plan.reason}${overdue}.`, details });
}
