// The run under way, as the entity sees it: its child is started or adopted, told to stop, and its row ended when the child could not.
import {
  CancelledFailure,
  ChildWorkflowFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  startChild,
  TerminatedFailure,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { codes } from '../errors.ts';
import type { ErrorBrief, OpenedRun, RunBrief, Timings } from '../model.ts';
import type { Current, Entity } from './entity.ts';
import { briefOf } from './failures.ts';
import { pullId, taskQueues } from './ids.ts';
import { type StopInput, stopSignal } from './messages.ts';
import { finishing } from './options.ts';
import type { pull } from './pull.ts';

/** Starts the run's workflow. One that was started before is waited for: it may have ended its row, or not. */
export async function startRun(entity: Entity, opened: OpenedRun, current: Current): Promise<void> {
  const { run, connection, profile, timings } = opened;
  entity.current = current;
  try {
    const child = await startChild<typeof pull>('pull', {
      args: [opened],
      workflowId: pullId(connection, run),
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      taskQueue: taskQueues.control,
      staticSummary: `${connection} run ${run}: ${profile}, ${current.mode ?? 'pull'}`,
    });
    follow(entity, current, child.result());
  } catch (error) {
    // All that is left: a workflow of this id was started before.
    if (isCancellation(error)) throw error;
    follow(entity, current, rowEnd(connection, run, timings));
  }
}

/** Takes over a run that a former entity opened. */
export function adoptRun(entity: Entity, current: Current, timings: Timings): void {
  entity.current = current;
  follow(entity, current, rowEnd(entity.name, current.run, timings));
}

/** Tells the run to end at its next page. A run that has just ended cannot be told, and need not. */
export async function tellStop(entity: Entity, current: Current, stop: StopInput): Promise<void> {
  current.told = stop;
  try {
    await getExternalWorkflowHandle(pullId(entity.name, current.run)).signal(stopSignal, stop);
  } catch (error) {
    log.info('The run could not be told to stop.', { run: current.run, reason: error instanceof Error ? error.message : '' });
  }
}

/** The brief of a run whose workflow ended without one: its row is ended here (I9). */
export async function endRow(
  entity: Entity,
  current: Current,
  ended: Extract<NonNullable<Current['ended']>, { brief: null }>,
  timings: Timings,
  now: string,
): Promise<RunBrief> {
  const { run, profile } = current;
  const error: ErrorBrief | null = ended.cancelled
    ? null
    : { code: 'INTERNAL', message: `The workflow of run ${run} ${ended.how}.`, hint: 'What it committed stays. Run the connection again.' };
  const verdict = ended.cancelled ? 'cancelled' : 'failed';
  try {
    return await finishing(timings).finishRun.executeWithOptions({ summary: verdict }, [
      { run, connection: entity.name, verdict, error, reason: ended.how },
    ]);
  } catch (failure) {
    // The row is gone: the connection was purged meanwhile.
    log.warn('The row of a run could not be ended.', { run, ...briefOf(failure) });
    return { run, profile, mode: null, verdict, finishedAt: now, error };
  }
}

function follow(entity: Entity, current: Current, result: Promise<RunBrief>): void {
  result.then(
    (brief) => {
      current.ended = { brief };
      entity.woken = true;
    },
    (error: unknown) => {
      current.ended = { brief: null, ...howEnded(error) };
      entity.woken = true;
    },
  );
}

class GoneError extends Error {
  override readonly name = 'GoneError';
}

async function rowEnd(connection: string, run: number, timings: Timings): Promise<RunBrief> {
  for (;;) {
    const waited = await finishing(timings).awaitRun.executeWithOptions({ summary: `run ${run}` }, [{ connection, run, timings }]);
    if (waited.kind === 'ended') return waited.brief;
    if (waited.kind === 'gone') throw new GoneError('gone');
  }
}

function howEnded(error: unknown): { readonly cancelled: boolean; readonly how: string } {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof CancelledFailure) return { cancelled: true, how: 'was cancelled' };
  if (cause instanceof TerminatedFailure) return { cancelled: false, how: 'was terminated' };
  if (cause instanceof GoneError) return { cancelled: false, how: 'is gone' };
  const { code } = briefOf(error);
  return { cancelled: false, how: `failed (${code}: ${codes[code].hint})` };
}
