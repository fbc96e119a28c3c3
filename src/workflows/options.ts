// How the workflows call activities: timeouts, retries, task queues. Everything is tried again without end, unless its failure says otherwise.
import { ActivityCancellationType, type ActivityInterfaceFor, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/types.ts';
import type { Timings } from '../model.ts';
import { taskQueues } from './ids.ts';

type RetryTimings = Pick<Timings, 'retryInitialMs' | 'retryMaximumMs'>;
type Proxies<Name extends keyof Activities> = ActivityInterfaceFor<Pick<Activities, Name>>;

/** The first activity of an entity has no timings yet: it answers them. */
const loadingMs = 10_000;
const loadingRetry: RetryTimings = { retryInitialMs: 1000, retryMaximumMs: 60_000 };

export function loading(): Proxies<'loadConnection' | 'askPullDue'> {
  return proxyActivities<Pick<Activities, 'loadConnection' | 'askPullDue'>>(shortOptions(loadingMs, loadingRetry));
}

/** Small statements and answers: seconds. */
export function short(timings: Timings): Proxies<'openRun' | 'planRun' | 'rejectRemovals' | 'noteOccurrence' | 'saveState'> {
  return proxyActivities<Pick<Activities, 'openRun' | 'planRun' | 'rejectRemovals' | 'noteOccurrence' | 'saveState'>>(
    shortOptions(timings.shortActivityMs, timings),
  );
}

/** What reads the source. It ends at a page boundary before its cancellation counts. */
export function pulling(timings: Timings): Proxies<'pullStream' | 'settle'> {
  return proxyActivities<Pick<Activities, 'pullStream' | 'settle'>>({ ...longOptions(timings), taskQueue: taskQueues.pull });
}

/** Writes files at one go, however many rows: its heartbeat bounds it. */
export function exporting(timings: Timings): Proxies<'exportSet'> {
  return proxyActivities<Pick<Activities, 'exportSet'>>({
    ...longOptions(timings),
    startToCloseTimeout: timings.workedLimitMs,
    taskQueue: taskQueues.pull,
  });
}

/** What works on the database alone and may take minutes. */
export function finishing(timings: Timings): Proxies<'finishRun' | 'awaitRun'> {
  return proxyActivities<Pick<Activities, 'finishRun' | 'awaitRun'>>(longOptions(timings));
}

/** A slice of connections, before any timings are known. */
const reconcilingMs = 5 * 60_000;
const reconcilingHeartbeatMs = 60_000;

export function reconciling(): Proxies<'reconcileSlice'> {
  return proxyActivities<Pick<Activities, 'reconcileSlice'>>({
    ...shortOptions(reconcilingMs, loadingRetry),
    heartbeatTimeout: reconcilingHeartbeatMs,
  });
}

/**
 * A test answers once, and within the time of its askers: what is no answer is tried again soon, or told. On the queue of those that pull, for it is
 * their network and secrets that count; before their other work, for somebody waits.
 */
const testing = { startToCloseMs: 11_000, scheduleToCloseMs: 15_000, attempts: 3, retryMs: 500 } as const;

export function testingConnection(): Proxies<'testConnection'> {
  return proxyActivities<Pick<Activities, 'testConnection'>>({
    taskQueue: taskQueues.pull,
    priority: { priorityKey: 1 },
    startToCloseTimeout: testing.startToCloseMs,
    scheduleToCloseTimeout: testing.scheduleToCloseMs,
    retry: { maximumAttempts: testing.attempts, initialInterval: testing.retryMs, backoffCoefficient: 2 },
  });
}

/** Reading a file of orders: before any timings are known. On the queue of those that pull, for it is their directory and network. */
const planningMs = 15 * 60_000;
const planningHeartbeatMs = 60_000;

export function planningOrders(): Proxies<'planOrders'> {
  return proxyActivities<Pick<Activities, 'planOrders'>>({
    ...shortOptions(planningMs, loadingRetry),
    heartbeatTimeout: planningHeartbeatMs,
    taskQueue: taskQueues.pull,
  });
}

/** What finds and writes orders: a slice ends between two rounds before its cancellation counts. */
export function writingOrders(timings: Timings): Proxies<'findOrders' | 'noteOrders' | 'writeOrders' | 'writeResults'> {
  return proxyActivities<Pick<Activities, 'findOrders' | 'noteOrders' | 'writeOrders' | 'writeResults'>>({
    ...longOptions(timings),
    taskQueue: taskQueues.pull,
  });
}

function shortOptions(startToCloseMs: number, retry: RetryTimings): ActivityOptions {
  return { startToCloseTimeout: startToCloseMs, retry: retryOf(retry) };
}

function longOptions(timings: Timings): ActivityOptions {
  return {
    startToCloseTimeout: timings.pullStartToCloseMs,
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: retryOf(timings),
  };
}

function retryOf({ retryInitialMs, retryMaximumMs }: RetryTimings): NonNullable<ActivityOptions['retry']> {
  return { initialInterval: retryInitialMs, maximumInterval: retryMaximumMs, backoffCoefficient: 2 };
}
