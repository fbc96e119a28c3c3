// A run that waits for its turn, on a real Temporal server: what the waiting leaves in its history, and how it ends when it is stopped.
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { OpenedRun } from '../../src/model.ts';
import { pullId, taskQueues } from '../../src/workflows/ids.ts';
import type { pull } from '../../src/workflows/index.ts';
import { stopSignal } from '../../src/workflows/messages.ts';
import { fakeActivities, FakeStore } from './fakes.ts';
import { type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
const stores = new Map<string, FakeStore>();
/** How often each connection's run has asked for its turn, and whether it gets one. */
const asked = new Map<string, number>();
const admitted = new Set<string>();
const delays = new Map<string, number>();

beforeAll(async () => {
  const activities = fakeActivities((name) => stores.get(name) ?? new FakeStore());
  harness = await startHarness({
    ...activities,
    async planRun(request) {
      const { connection } = request;
      asked.set(connection, (asked.get(connection) ?? 0) + 1);
      if (admitted.has(connection)) return activities.planRun(request);
      throw ApplicationFailure.create({
        type: 'RUN_WAITING',
        message: 'Not yet.',
        nextRetryDelay: delays.get(connection) ?? 50,
        category: ApplicationFailureCategory.BENIGN,
      });
    },
  });
});
afterAll(() => harness.stop());

/** As releases opened it that knew no line. */
function asOpenedBefore({ waits: _, ...opened }: OpenedRun): OpenedRun {
  return opened;
}

async function start(delayMs: number, waits = true) {
  const connection = `w-${randomUUID()}`;
  const store = new FakeStore();
  stores.set(connection, store);
  delays.set(connection, delayMs);
  const opening = store.open({ requestId: 'r', connection, profile: 'default', trigger: 'schedule', scheduledAt: null, highestRunSeen: 0 });
  if (opening.kind !== 'opened') throw new Error('not opened');
  const handle = await harness.client.workflow.start<typeof pull>('pull', {
    workflowId: pullId(connection, 1),
    taskQueue: taskQueues.control,
    args: [waits ? opening.opened : asOpenedBefore(opening.opened)],
  });
  await until(() => (asked.get(connection) ?? 0) > 0);
  return { connection, store, handle };
}

test('waiting costs no event: a run that asked many times has the history of one that asked once', async () => {
  const { connection, handle } = await start(20);
  await until(() => (asked.get(connection) ?? 0) > 10);
  admitted.add(connection);
  expect(await handle.result()).toMatchObject({ verdict: 'complete' });
  const patient = (await handle.fetchHistory()).events?.length;
  const { connection: prompt, handle: other } = await start(20);
  admitted.add(prompt);
  await other.result();
  expect((await other.fetchHistory()).events?.length).toBe(patient);
});

test.each([
  ['cancelled', { verdict: 'cancelled', reason: 'cancelled by hand' }],
  ['superseded', { verdict: 'superseded', reason: 'a full pull was asked for' }],
] as const)('a run that waits for an hour and is stopped as %s ends at once, without a plan', async (verdict, stop) => {
  const { store, handle } = await start(3_600_000);
  const began = performance.now();
  await handle.signal(stopSignal, stop);
  expect(await handle.result()).toMatchObject({ verdict, mode: null });
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(store.run(1)).toMatchObject({ plan: null, settled: false, finish: { reason: stop.reason } });
});

test('a run whose workflow is cancelled while it waits ends at once too', async () => {
  const { store, handle } = await start(3_600_000);
  await handle.cancel();
  expect(await handle.result()).toMatchObject({ verdict: 'cancelled' });
  expect(store.run(1).finish).toMatchObject({ verdict: 'cancelled' });
});

test('a run that an earlier release opened is planned before it is stopped, as it was', async () => {
  const { connection, store, handle } = await start(20, false);
  await handle.signal(stopSignal, { verdict: 'cancelled', reason: 'by hand' });
  const seen = asked.get(connection) ?? 0;
  await until(() => (asked.get(connection) ?? 0) > seen + 3);
  admitted.add(connection);
  expect(await handle.result()).toMatchObject({ verdict: 'cancelled', mode: 'delta' });
  expect(store.run(1).plan).not.toBeNull();
});
