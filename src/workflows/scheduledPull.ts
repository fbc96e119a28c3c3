// The tick: what a Schedule starts. It asks the entity whether the occurrence runs, and ends with the answer (design 3.1).
// MUST NOT wait for the run: an open tick keeps the next one from starting.
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { checkTickInput } from './input.ts';
import type { RunAnswer } from './messages.ts';
import { loading } from './options.ts';

export type TickAnswer = RunAnswer & { readonly scheduledAt: string };

export async function scheduledPull(raw: unknown): Promise<TickAnswer> {
  const { name, profile } = checkTickInput(raw);
  const { workflowId, runId } = workflowInfo();
  const scheduledAt = nominalTime();
  const answer = await loading().askPullDue.executeWithOptions({ summary: scheduledAt }, [
    { name, profile, scheduledAt, updateId: `${workflowId}/${runId}` },
  ]);
  return { ...answer, scheduledAt };
}

/** Temporal gives the nominal time as a search attribute, and as the end of the workflow's id. */
function nominalTime(): string {
  const { searchAttributes, workflowId } = workflowInfo();
  const [given] = searchAttributes['TemporalScheduledStartTime'] ?? [];
  if (given instanceof Date) return given.toISOString();
  const suffix = /-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(workflowId)?.[1];
  if (suffix !== undefined) return new Date(suffix).toISOString();
  throw ApplicationFailure.create({
    type: 'CONFIG_INVALID',
    message: 'This workflow is started by a Schedule, which gives it a nominal time. To run a connection now, signal runNow to it.',
    nonRetryable: true,
  });
}
