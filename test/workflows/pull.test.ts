// One run on a real Temporal server: slices, waits, failures, being stopped, and what its history costs. Its activities are in memory.
import { randomUUID } from 'node:crypto';
import type { SliceResult, StreamFacts, Verdict } from '../../src/model.ts';
import { fulfilId, pullId, taskQueues } from '../../src/workflows/ids.ts';
import type { fulfil, pull } from '../../src/workflows/index.ts';
import { type StopInput, stopSignal } from '../../src/workflows/messages.ts';
import type { StreamRequest } from '../../src/activities/types.ts';
import { ApplicationFailure } from '@temporalio/common';
import { fakeActivities, FakeStore, known, nothingHeld, quickTimings, untilStopped } from './fakes.ts';
import { type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
const stores = new Map<string, FakeStore>();

beforeAll(async () => {
  harness = await startHarness(
    fakeActivities((name) => {
      const store = stores.get(name);
      if (store === undefined) throw new Error(`no store ${name}`);
      return store;
    }),
  );
});
afterAll(() => harness.stop());

type Slice = (request: StreamRequest, signal: AbortSignal) => Promise<SliceResult>;

async function startPull(
  streams: Readonly<Record<string, Slice>>,
  exporting: FakeStore['exporting'] = null,
  order: Readonly<Record<string, Partial<StreamFacts>>> = {},
) {
  const connection = `p-${randomUUID()}`;
  const store = new FakeStore();
  stores.set(connection, store);
  store.exporting = exporting;
  store.facts = Object.keys(streams).map((stream) => ({ ...known(stream), ...order[stream] }));
  store.slice = (request, signal) => streams[request.stream]?.(request, signal) ?? Promise.reject(new Error('no such stream'));
  const opening = store.open({ requestId: 'r', connection, profile: 'default', trigger: 'manual', scheduledAt: null, highestRunSeen: 0 });
  if (opening.kind !== 'opened') throw new Error('not opened');
  const handle = await harness.client.workflow.start<typeof pull>('pull', {
    workflowId: pullId(connection, 1),
    taskQueue: taskQueues.control,
    args: [opening.opened],
  });
  return { store, handle };
}

const done: Slice = () => Promise.resolve({ kind: 'done' });
const error = { code: 'SOURCE_FORBIDDEN', message: 'The permission User.Read.All is missing.', hint: 'Grant it.' } as const;
const failed: Slice = () => Promise.resolve({ kind: 'failed', error });
const partial: Slice = () => Promise.resolve({ kind: 'partial', error: { ...error, code: 'SOURCE_THROTTLED' } });
const stale: Slice = () => Promise.reject(ApplicationFailure.nonRetryable('Another run has taken over.', 'STALE_ATTEMPT'));
const broken: Slice = () => Promise.reject(ApplicationFailure.nonRetryable('Odd.', 'NOT_OURS'));

/** Answers the results one after another, one a slice. */
const inTurn = (...results: SliceResult[]): Slice => {
  const left = [...results];
  return () => Promise.resolve(left.shift() ?? { kind: 'done' });
};

test.each<[Verdict, string | null, string, Record<string, Slice>]>([
  ['complete', null, 'all done', { users: done, groups: done, roles: done }],
  ['complete', null, 'slice after slice', { users: inTurn({ kind: 'more' }, { kind: 'more' }), groups: done }],
  ['complete', null, 'a wait between slices', { users: inTurn({ kind: 'wait', waitMs: 50 }), groups: done }],
  ['partial', 'RUN_PARTIAL', 'one fails', { users: failed, groups: done }],
  ['partial', 'RUN_PARTIAL', 'one is partial', { users: partial }],
  ['partial', 'RUN_PARTIAL', 'one fails, one is partial', { users: failed, groups: partial }],
  ['failed', 'SOURCE_FORBIDDEN', 'all fail', { users: failed, groups: failed }],
  ['failed', 'INTERNAL', 'no proper answer', { users: broken }],
  ['superseded', 'STALE_ATTEMPT', 'another run has taken over', { users: stale, groups: done }],
])('%s (%s): %s', async (verdict, code, _, streams) => {
  const { store, handle } = await startPull(streams);
  const brief = await handle.result();
  expect(brief).toMatchObject({ run: 1, verdict, mode: 'delta' });
  expect(brief.error?.code ?? null).toBe(code);
  expect(store.run(1)).toMatchObject({ settled: true, finish: { verdict } });
});

test('a stream that is read along with another has no activity of its own: slices of the other take it in', async () => {
  const asked: [string, readonly string[] | undefined][] = [];
  const noted =
    (slice: Slice): Slice =>
    (request, signal) => {
      asked.push([request.stream, request.along]);
      return slice(request, signal);
    };
  const order = { after: ['users'], along: 'first' };
  const { store, handle } = await startPull(
    { users: noted(done), first: noted(inTurn({ kind: 'more' })), second: noted(done), third: noted(done) },
    null,
    { first: { after: ['users'] }, second: order, third: order },
  );
  expect(await handle.result()).toMatchObject({ verdict: 'complete' });
  const together: [string, readonly string[]] = ['first', ['second', 'third']];
  expect(asked).toEqual([['users', undefined], together, together]);
  expect(store.run(1)).toMatchObject({ settled: true });
});

test('the streams that are not complete are named', async () => {
  const { handle } = await startPull({ users: failed, groups: done, roles: partial });
  expect((await handle.result()).error).toMatchObject({ code: 'RUN_PARTIAL', message: 'Not complete: users, roles.' });
});

test('a retried failure is tried again until it works', async () => {
  let attempts = 0;
  const flaky: Slice = () => {
    attempts += 1;
    if (attempts < 4) throw ApplicationFailure.retryable('Not now.', 'SOURCE_UNAVAILABLE');
    return Promise.resolve({ kind: 'done' });
  };
  const { handle } = await startPull({ users: flaky });
  expect((await handle.result()).verdict).toBe('complete');
  expect(attempts).toBe(4);
});

describe('being stopped', () => {
  test.each(['cancelled', 'superseded'] as const)('%s: at the page boundary, without settling', async (verdict) => {
    const { store, handle } = await startPull({ users: untilStopped, groups: done });
    await until(() => store.run(1).plan !== null);
    await handle.signal(stopSignal, { verdict, reason: 'for a test' });
    expect(await handle.result()).toMatchObject({ verdict, error: null });
    expect(store.run(1)).toMatchObject({ settled: false, finish: { verdict, reason: 'for a test' } });
  });

  test('its workflow cancelled: the same', async () => {
    const { store, handle } = await startPull({ users: untilStopped });
    await until(() => store.run(1).plan !== null);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ verdict: 'cancelled' });
    expect(store.run(1)).toMatchObject({ settled: false, finish: { verdict: 'cancelled', reason: 'its workflow was cancelled' } });
  });

  test('during a long wait: at once', async () => {
    const { handle } = await startPull({ users: inTurn({ kind: 'wait', waitMs: 3_600_000 }) });
    await until(async () => (await handle.describe()).raw.pendingActivities?.length === 0 && (await handle.describe()).historyLength > 10);
    await handle.signal(stopSignal, { verdict: 'cancelled', reason: 'for a test' });
    expect((await handle.result()).verdict).toBe('cancelled');
  });

  test('between the retries of a dead source: at once', async () => {
    const dead: Slice = () =>
      Promise.reject(ApplicationFailure.create({ type: 'SOURCE_UNAVAILABLE', message: 'Dead.', nextRetryDelay: 3_600_000 }));
    const { handle } = await startPull({ users: dead });
    await until(async () => (await handle.describe()).raw.pendingActivities?.[0]?.attempt === 2);
    await handle.signal(stopSignal, { verdict: 'cancelled', reason: 'for a test' });
    expect((await handle.result()).verdict).toBe('cancelled');
  });

  test('a bad stop is ignored', async () => {
    const { store, handle } = await startPull({ users: untilStopped });
    await until(() => store.run(1).plan !== null);
    for (const payload of [undefined, 'now', { verdict: 'complete', reason: '' }, { verdict: 'cancelled' }])
      await handle.signal('stop', payload);
    await handle.signal(stopSignal, { verdict: 'superseded', reason: 'for a test' });
    expect((await handle.result()).verdict).toBe('superseded');
  });
});

describe('the files of a run', () => {
  const writes = (): Promise<void> => Promise.resolve();
  const refuses = (code: string) => (): Promise<void> =>
    Promise.reject(ApplicationFailure.nonRetryable('The files could not be written.', code));

  test.each<[string, Verdict, string | null, Slice, FakeStore['exporting'], number[]]>([
    ['are written when it is complete', 'complete', null, done, writes, [1]],
    ['are not written when a stream is not', 'partial', 'RUN_PARTIAL', partial, writes, []],
    ['are not asked for where there are none', 'complete', null, done, null, []],
    ['leave it partial when they cannot be written', 'partial', 'EXPORT_FAILED', done, refuses('EXPORT_FAILED'), []],
    ['end it superseded when another run has taken over', 'superseded', 'STALE_ATTEMPT', done, refuses('STALE_ATTEMPT'), []],
  ])('%s', async (_what, verdict, code, slice, exporting, exported) => {
    const { store, handle } = await startPull({ users: slice }, exporting);
    const brief = await handle.result();
    expect([brief.verdict, brief.error?.code ?? null]).toEqual([verdict, code]);
    expect(store.exported).toEqual(exported);
  });
});

describe('a run that removes what was approved', () => {
  const approve = { digest: 'a'.repeat(64), by: 'ana@ops' };

  async function startApproved(prepare: (store: FakeStore) => void, stopped = false) {
    const connection = `p-${randomUUID()}`;
    const store = new FakeStore();
    stores.set(connection, store);
    store.held = { count: 3, digest: approve.digest };
    store.slice = () => Promise.reject(new Error('It reads no stream.'));
    prepare(store);
    const request = {
      requestId: 'r',
      connection,
      profile: 'default',
      trigger: 'manual',
      scheduledAt: null,
      highestRunSeen: 0,
      approve,
    } as const;
    const opening = store.open(request);
    if (opening.kind !== 'opened') throw new Error('not opened');
    const start = { workflowId: pullId(connection, 1), taskQueue: taskQueues.control, args: [opening.opened] as [typeof opening.opened] };
    const signal = { signal: stopSignal, signalArgs: [{ verdict: 'cancelled', reason: 'for a test' }] as [StopInput] };
    const { workflow } = harness.client;
    const handle = stopped
      ? await workflow.signalWithStart<typeof pull, [StopInput]>('pull', { ...start, ...signal })
      : await workflow.start<typeof pull>('pull', start);
    return { store, handle };
  }

  test('settles and finishes: nothing is planned, nothing is read', async () => {
    const { store, handle } = await startApproved(() => undefined);
    expect(await handle.result()).toMatchObject({ mode: 'settle', verdict: 'complete', held: nothingHeld });
    expect(store.run(1)).toMatchObject({ plan: null, settled: true, finish: { verdict: 'complete', error: null } });
    expect((await handle.describe()).historyLength).toBeLessThanOrEqual(20);
  });

  test('its files are written', async () => {
    const { store, handle } = await startApproved((given) => {
      given.exporting = () => Promise.resolve();
    });
    expect(await handle.result()).toMatchObject({ mode: 'settle', verdict: 'complete' });
    expect(store.exported).toEqual([1]);
  });

  test.each([
    ['REMOVALS_HELD', 'failed'],
    ['STALE_ATTEMPT', 'superseded'],
  ] as const)('%s ends it %s', async (code, verdict) => {
    const { handle } = await startApproved((store) => {
      store.removing = () => Promise.reject(ApplicationFailure.nonRetryable('The held removals have changed.', code));
    });
    expect(await handle.result()).toMatchObject({ mode: 'settle', verdict, error: { code }, held: { count: 3 } });
  });

  test('stopped before it has begun, it asks for nothing', async () => {
    const { store, handle } = await startApproved(() => undefined, true);
    expect(await handle.result()).toMatchObject({ mode: 'settle', verdict: 'cancelled', error: null, held: { count: 3 } });
    expect(store.run(1)).toMatchObject({ settled: false, finish: { verdict: 'cancelled', reason: 'for a test' } });
  });
});

test('a short run costs at most 80 events and 64 KB', async () => {
  const { handle } = await startPull({ users: done, groups: done, roles: done, appRoleAssignments: done });
  await handle.result();
  const { historyLength, historySize } = await handle.describe();
  expect(historyLength).toBeLessThanOrEqual(80);
  expect(historySize).toBeLessThanOrEqual(64 * 1024);
});

test('a run of two hours costs at most 400 events', async () => {
  // Slices of ten minutes, all streams busy throughout.
  const long = (): Slice => inTurn(...Array.from({ length: 12 }, () => ({ kind: 'more' }) as const));
  const { handle } = await startPull({ users: long(), groups: long(), roles: long(), appRoleAssignments: long() });
  await handle.result();
  expect((await handle.describe()).historyLength).toBeLessThanOrEqual(400);
});

test('a slice whose worker is gone is taken up by another attempt after the heartbeat timeout', async () => {
  let attempts = 0;
  const lost: Slice = (_, signal) => {
    attempts += 1;
    // The first attempt never answers, as a killed worker does not.
    return attempts === 1
      ? new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'more' })))
      : Promise.resolve({ kind: 'done' });
  };
  expect(quickTimings.heartbeatTimeoutMs).toBeLessThan(10_000);
  const { handle, store } = await startPull({ users: lost });
  store.silent = true;
  expect((await handle.result()).verdict).toBe('complete');
  expect(attempts).toBe(2);
});

describe('a run of orders', () => {
  const file = (letter: string) => ({ path: `inbox/${letter}.ndjson`, file: letter.repeat(64), error: null });
  async function startOrders(store: FakeStore, connection: string) {
    stores.set(connection, store);
    store.ordersProfile = 'default';
    const opening = store.open({
      requestId: 'r',
      connection,
      profile: 'default',
      trigger: 'schedule',
      scheduledAt: null,
      highestRunSeen: 0,
    });
    if (opening.kind !== 'opened') throw new Error('not opened');
    return harness.client.workflow.start<typeof pull>('pull', {
      workflowId: pullId(connection, 1),
      taskQueue: taskQueues.control,
      args: [opening.opened],
    });
  }
  const two = { total: 2, executed: 0, errored: 0, skipped: 0, waiting: 2 };

  test('writes file after file, and notes each that has ended', async () => {
    const store = new FakeStore();
    store.files = [file('a'), file('b')];
    store.orders = two;
    store.orderSlices.push(1, 1);
    const handle = await startOrders(store, `p-${randomUUID()}`);
    expect(await handle.result()).toMatchObject({ verdict: 'complete', error: null });
    expect(store.noted).toEqual(['inbox/a.ndjson', 'inbox/b.ndjson']);
  });

  test('leaves out a file that another workflow writes, and goes on', async () => {
    const connection = `p-${randomUUID()}`;
    const store = new FakeStore();
    stores.set(connection, store);
    store.files = [file('a'), file('b')];
    store.orders = two;
    store.orderSlices.push(...Array.from({ length: 1_000 }, () => null));
    const other = await harness.client.workflow.start<typeof fulfil>('fulfil', {
      workflowId: fulfilId(connection, 'a'.repeat(64)),
      taskQueue: taskQueues.control,
      args: [{ connection, path: 'inbox/a.ndjson' }],
    });
    await until(() => store.orderSlices.length < 1_000);
    const handle = await startOrders(store, connection);
    const mine = harness.client.workflow.getHandle(fulfilId(connection, 'b'.repeat(64)));
    await until(() =>
      mine.describe().then(
        () => true,
        () => false,
      ),
    );
    store.orderSlices.length = 0;
    // Both wait for the same orders.
    store.orderSlices.push(2);
    expect(await handle.result()).toMatchObject({ verdict: 'complete' });
    expect(store.noted).toEqual(['inbox/b.ndjson']);
    await other.result();
  });

  test('is stopped between two slices: the file that was under way is not noted, and no other one begins', async () => {
    const store = new FakeStore();
    store.files = [file('a'), file('b')];
    store.orders = two;
    store.orderSlices.push(...Array.from({ length: 1_000 }, () => null));
    const connection = `p-${randomUUID()}`;
    const handle = await startOrders(store, connection);
    await until(() => store.orderSlices.length < 1_000);
    const stop: StopInput = { verdict: 'cancelled', reason: 'paused' };
    await handle.signal(stopSignal, stop);
    expect(await handle.result()).toMatchObject({ verdict: 'cancelled', error: null });
    expect(store.noted).toEqual([]);
    const child = await harness.client.workflow.getHandle(fulfilId(connection, 'a'.repeat(64))).describe();
    expect(child.status.name).toBe('CANCELLED');
  });
});
