// An activity's surroundings without a worker: its attempt, its cancellation, its heartbeats.
import { asyncLocalStorage, CancelledFailure, Context, type Info } from '@temporalio/activity';
import { noopMetricMeter } from '@temporalio/common';

export interface Attempt {
  readonly attempt?: number;
  readonly cancelled?: AbortSignal;
  readonly onHeartbeat?: () => void;
}

const silent = () => undefined;
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** Runs `act` as an attempt of an activity. */
export function inActivity<T>({ attempt = 1, cancelled, onHeartbeat = silent }: Attempt, act: () => Promise<T>): Promise<T> {
  const info: Info = {
    taskToken: new Uint8Array(),
    base64TaskToken: '',
    activityId: 'test',
    activityType: 'test',
    activityNamespace: 'test',
    namespace: 'test',
    workflowNamespace: 'test',
    inWorkflow: true,
    attempt,
    isLocal: false,
    scheduledTimestampMs: 0,
    scheduleToCloseTimeoutMs: 0,
    startToCloseTimeoutMs: 0,
    currentAttemptScheduledTimestampMs: 0,
    heartbeatDetails: undefined,
    taskQueue: 'test',
  };
  const signal = cancelled ?? new AbortController().signal;
  const never = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new CancelledFailure('CANCELLED'))));
  never.catch(silent);
  const context = new Context(info, never, signal, onHeartbeat, undefined, logger, noopMetricMeter, {});
  return asyncLocalStorage.run(context, act);
}
