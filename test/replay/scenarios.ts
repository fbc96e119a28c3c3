// What is recorded: each scenario leads workflows into the states that a release may find them in, and names those to keep.
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { syncSchedules } from '../../src/clients/schedules.ts';
import type { SliceResult } from '../../src/model.ts';
import { connectionId, pullId, scheduleId, taskQueues, testId } from '../../src/workflows/ids.ts';
import type { connection, fulfil, reconcile, testConnection } from '../../src/workflows/index.ts';
import {
  approveRemovalsSignal,
  approveRemovalsUpdate,
  cancelRunUpdate,
  type ConnectionStatus,
  forceFullPullUpdate,
  pauseUpdate,
  pullDueUpdate,
  rejectRemovalsUpdate,
  resumeUpdate,
  runNowSignal,
  runNowUpdate,
  stateQuery,
  testConnectionUpdate,
} from '../../src/workflows/messages.ts';
import { type FakeStore, known, untilStopped } from '../workflows/fakes.ts';
import { type Harness, until } from '../workflows/harness.ts';

interface Stage {
  readonly harness: Harness;
  /** The connection's name is the scenario's. */
  readonly name: string;
  readonly store: FakeStore;
}

/** Workflow ids whose histories are kept. An id with a run id is that execution. */
type Kept = readonly { readonly file: string; readonly workflowId: string; readonly runId?: string }[];

export type Scenario = (stage: Stage) => Promise<Kept>;

type Handle = WorkflowHandle<typeof connection>;

async function start({ harness, name }: Stage, carried?: unknown): Promise<Handle> {
  await harness.client.workflow.start<typeof connection>('connection', {
    workflowId: connectionId(name),
    taskQueue: taskQueues.control,
    args: [carried === undefined ? { name } : { name, carried }],
  });
  return harness.client.workflow.getHandle<typeof connection>(connectionId(name));
}

const state = (handle: Handle): Promise<ConnectionStatus> => handle.query(stateQuery);
/** Waits until the run is under way: planned, and its streams are about to be read. */
const running = ({ store }: Stage, run: number): Promise<void> =>
  until(() => store.runs.some((row) => row.run === run && row.plan !== null));
const ended = (handle: Handle, count: number): Promise<void> =>
  until(async () => (await state(handle)).history.length >= count && (await state(handle)).current === null);
const send = (handle: Handle, update: { readonly name: string }, input: unknown = {}): Promise<unknown> =>
  handle.executeUpdate<unknown, [unknown]>(update.name, { args: [input] });
const entity = ({ name }: Stage): Kept[number] => ({ file: name, workflowId: connectionId(name) });
const at = (hour: number): string => `2026-05-05T0${hour}:00:00Z`;

const done = (): Promise<SliceResult> => Promise.resolve({ kind: 'done' });
const inTurn = (results: readonly SliceResult[]): (() => Promise<SliceResult>) => {
  const left = [...results];
  return () => Promise.resolve(left.shift() ?? { kind: 'done' });
};
const error = { code: 'SOURCE_FORBIDDEN', message: 'The permission User.Read.All is missing.', hint: 'Grant it.' } as const;

export const scenarios: Readonly<Record<string, Scenario>> = {
  'connection-runs': async (stage) => {
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await ended(handle, 1);
    await handle.signal(runNowSignal, { profile: 'default' });
    await ended(handle, 2);
    return [entity(stage), { file: 'pull-complete', workflowId: pullId(stage.name, 1) }];
  },
  'connection-occurrences': async (stage) => {
    stage.store.profiles = [{ name: 'first' }, { name: 'second' }, { name: 'off', status: 'inactive' }];
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    for (const profile of ['first', 'first', 'second', 'off']) await send(handle, pullDueUpdate, { profile, scheduledAt: at(1) });
    await send(handle, pullDueUpdate, { profile: 'second', scheduledAt: at(2) });
    stage.store.slice = done;
    await send(handle, cancelRunUpdate, { run: 1 });
    await ended(handle, 2);
    return [entity(stage), { file: 'pull-cancelled', workflowId: pullId(stage.name, 1) }];
  },
  'connection-superseded': async (stage) => {
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await running(stage, 1);
    await send(handle, forceFullPullUpdate, { profile: 'default' });
    await running(stage, 2);
    await send(handle, forceFullPullUpdate, { profile: 'default' });
    return [
      entity(stage),
      { file: 'pull-superseded', workflowId: pullId(stage.name, 1) },
      { file: 'pull-under-way', workflowId: pullId(stage.name, 2) },
    ];
  },
  'connection-paused': async (stage) => {
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await running(stage, 1);
    await send(handle, pauseUpdate, { reason: 'maintenance' });
    await ended(handle, 1);
    await send(handle, pullDueUpdate, { profile: 'default', scheduledAt: at(3) });
    await send(handle, runNowUpdate);
    stage.store.slice = done;
    await send(handle, resumeUpdate);
    await ended(handle, 2);
    await send(handle, pauseUpdate);
    await until(() => stage.store.saved.at(-1)?.state === 'paused');
    return [entity(stage)];
  },
  'connection-terminated-run': async (stage) => {
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await running(stage, 1);
    await stage.harness.client.workflow.getHandle(pullId(stage.name, 1)).terminate('by hand');
    await ended(handle, 1);
    return [entity(stage)];
  },
  'connection-refused': async (stage) => {
    stage.store.openFailure = ApplicationFailure.nonRetryable('The map is gone.', 'CONFIG_INVALID', { hint: 'Apply it again.' });
    const handle = await start(stage);
    await send(handle, pullDueUpdate, { profile: 'default', scheduledAt: at(1) });
    for (const [signal, payload] of [
      ['runNow', 17],
      ['pause', { reason: 1 }],
      ['unknown', {}],
    ] as const)
      await handle.signal(signal, payload);
    await send(handle, runNowUpdate, { profile: 'nobody' }).catch(() => undefined);
    await until(() => stage.store.notes.length === 1 && stage.store.saved.at(-1)?.state === 'errored');
    return [entity(stage)];
  },
  'connection-carried': async (stage) => {
    const queue = [{ requestId: 'update:u:default', profile: 'default', trigger: 'forced', scheduledAt: null }];
    const handle = await start(stage, { queue, highestRun: 41, connector: 'entra-identity', state: 'processed', since: at(1) });
    await ended(handle, 1);
    return [entity(stage), { file: 'pull-forced', workflowId: pullId(stage.name, 42) }];
  },
  'connection-adopting': async (stage) => {
    stage.store.open({
      requestId: 'lost',
      connection: stage.name,
      profile: 'default',
      trigger: 'manual',
      scheduledAt: null,
      highestRunSeen: 0,
    });
    stage.store.lost.add(1);
    const handle = await start(stage);
    await ended(handle, 1);
    return [entity(stage)];
  },
  'connection-deleted': async (stage) => {
    stage.store.profiles = [{ name: 'first' }, { name: 'second' }];
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await running(stage, 1);
    stage.store.deleted = true;
    await handle.signal('configured');
    await handle.result();
    return [entity(stage)];
  },
  'connection-cancelled': async (stage) => {
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await running(stage, 1);
    await handle.cancel();
    await ended(handle, 1);
    return [entity(stage)];
  },
  'connection-lost': async (stage) => {
    stage.store.slice = untilStopped;
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await running(stage, 1);
    await handle.terminate('lost');
    await until(() => stage.store.run(1).brief !== null);
    return [{ file: 'pull-orphaned', workflowId: pullId(stage.name, 1) }];
  },
  'connection-slices': async (stage) => {
    const { store } = stage;
    store.facts = ['users', 'groups', 'roles'].map(known);
    const users = inTurn([{ kind: 'more' }, { kind: 'wait', waitMs: 20 }]);
    let attempts = 0;
    store.slice = ({ stream }) => {
      if (stream === 'users') return users();
      if (stream === 'groups') return Promise.resolve({ kind: 'failed', error });
      attempts += 1;
      if (attempts < 3) throw ApplicationFailure.retryable('Not now.', 'SOURCE_UNAVAILABLE');
      return done();
    };
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await ended(handle, 1);
    return [entity(stage), { file: 'pull-partial', workflowId: pullId(stage.name, 1) }];
  },
  'connection-held': async (stage) => {
    const { store } = stage;
    const digest = 'd'.repeat(64);
    const hold = (): void => void (store.held = { count: 60, digest });
    hold();
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await ended(handle, 1);
    await handle.signal(approveRemovalsSignal, { digest: 'e'.repeat(64) });
    await send(handle, approveRemovalsUpdate, { digest, by: 'ana@ops' });
    await ended(handle, 2);
    hold();
    await send(handle, runNowUpdate);
    await ended(handle, 3);
    await send(handle, rejectRemovalsUpdate, { digest, by: 'ana@ops' });
    await until(() => store.saved.at(-1)?.state === 'processed');
    return [
      entity(stage),
      { file: 'pull-holding', workflowId: pullId(stage.name, 1) },
      { file: 'pull-approved', workflowId: pullId(stage.name, 2) },
    ];
  },
  'connection-waiting': async (stage) => {
    const { store } = stage;
    store.waiting = ApplicationFailure.create({ type: 'RUN_WAITING', message: 'It waits for its turn.', nextRetryDelay: '1 hour' });
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await until(() => store.asked > 0);
    await send(handle, cancelRunUpdate);
    await ended(handle, 1);
    return [entity(stage), { file: 'pull-waiting', workflowId: pullId(stage.name, 1) }];
  },
  'connection-tested': async (stage) => {
    const handle = await start(stage);
    await send(handle, testConnectionUpdate);
    await send(handle, runNowUpdate);
    await ended(handle, 1);
    stage.store.test = async () => {
      throw ApplicationFailure.nonRetryable('The stored connection cannot be read.', 'CONFIG_INVALID', { hint: 'Apply its file again.' });
    };
    await send(handle, testConnectionUpdate).catch(() => undefined);
    return [entity(stage)];
  },
  'connection-exports': async (stage) => {
    const { store } = stage;
    store.exporting = () => Promise.resolve();
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await ended(handle, 1);
    const refused = ApplicationFailure.nonRetryable('The files could not be written.', 'EXPORT_FAILED');
    store.exporting = () => Promise.reject(refused);
    await send(handle, runNowUpdate);
    await ended(handle, 2);
    return [
      entity(stage),
      { file: 'pull-exporting', workflowId: pullId(stage.name, 1) },
      { file: 'pull-not-exported', workflowId: pullId(stage.name, 2) },
    ];
  },
  'connection-orders': async (stage) => {
    const { store } = stage;
    store.ordersProfile = 'default';
    store.orders = { total: 2, executed: 0, errored: 0, skipped: 0, waiting: 2 };
    store.orderSlices.push(2);
    const refusal = { code: 'CONFIG_INVALID', message: 'inbox/b.ndjson holds no order.', hint: 'Correct it.' } as const;
    store.files = [
      { path: 'inbox/a.ndjson', file: 'a'.repeat(64), error: null },
      { path: 'inbox/b.ndjson', file: null, error: refusal },
    ];
    const handle = await start(stage);
    await send(handle, runNowUpdate);
    await ended(handle, 1);
    return [entity(stage), { file: 'pull-orders', workflowId: pullId(stage.name, 1) }];
  },
  'test-connection': async ({ harness, name }) => {
    const handle = await harness.client.workflow.start<typeof testConnection>('testConnection', {
      workflowId: testId(name, 'recorded'),
      taskQueue: taskQueues.control,
      args: [{ name, spec: { name } }],
    });
    await handle.result();
    return [{ file: name, workflowId: handle.workflowId }];
  },
  fulfil: async ({ harness, name, store }) => {
    store.orders = { total: 20, executed: 0, errored: 0, skipped: 0, waiting: 20 };
    store.orderSlices.push(1, null, 12, 7);
    const handle = await harness.client.workflow.start<typeof fulfil>('fulfil', {
      workflowId: name,
      taskQueue: taskQueues.control,
      args: [{ connection: name, path: 'orders.ndjson' }],
    });
    await handle.result();
    return [{ file: name, workflowId: handle.workflowId }];
  },
  reconcile: async ({ harness, name }) => {
    const handle = await harness.client.workflow.start<typeof reconcile>('reconcile', { workflowId: name, taskQueue: taskQueues.control });
    await handle.result();
    return [{ file: name, workflowId: handle.workflowId }];
  },
  tick: async (stage) => {
    const schedule = {
      occurs: 'recurring',
      every: 'daily',
      cron: null,
      start: '2026-05-05T13:09:00Z',
      end: '2036-01-01T00:00:00Z',
      timezone: 'UTC',
    } as const;
    const profile = { name: 'default', description: '', status: 'active', streams: null, maps: {}, schedule, baseline: null } as const;
    const { client } = stage.harness;
    await syncSchedules(client, { name: stage.name, profiles: [{ ...profile, maps: {} }] });
    const handle = client.schedule.getHandle(scheduleId(stage.name, 'default'));
    await handle.trigger();
    const recent = async () => (await handle.describe()).info.recentActions[0]?.action.workflow;
    await until(async () => (await recent()) !== undefined);
    const tick = await recent();
    if (tick === undefined) throw new Error('no tick');
    await client.workflow.getHandle(tick.workflowId, tick.firstExecutionRunId).result();
    return [{ file: stage.name, workflowId: tick.workflowId, runId: tick.firstExecutionRunId }];
  },
};
