// Signals that piled up while no worker ran: the entity takes all of them in one Workflow Task, in the order in which they were sent.
import { startEntities } from './entities.ts';
import { until } from './harness.ts';

let harness: Awaited<ReturnType<typeof startEntities>>;
beforeAll(async () => {
  harness = await startEntities({ workers: false });
});
afterAll(() => harness.stop());

const kinds = ['pause', 'resume', 'cancelRun', 'runNow', 'nonsense'];

test('1,000 signals sent before the first worker: what the last of them ask for runs, and no Workflow Task fails', async () => {
  const entity = await harness.startEntity();
  const { runId } = await entity.handle.describe();
  for (let sent = 0; sent < 1_000; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => entity.handle.signal(kinds[index % kinds.length] ?? '', {})));
  }
  await entity.handle.signal('pause');
  await entity.handle.signal('resume');
  await entity.handle.signal('runNow');
  await harness.work();
  await until(async () => (await entity.state()).profiles[0]?.state === 'processed');
  const { events } = await harness.client.workflow.getHandle(entity.handle.workflowId, runId).fetchHistory();
  const having = (...attributes: readonly (keyof NonNullable<typeof events>[number])[]) =>
    (events ?? []).filter((event) => attributes.some((name) => (event[name] ?? null) !== null));
  expect(having('workflowExecutionSignaledEventAttributes')).toHaveLength(1_003);
  expect(having('workflowTaskFailedEventAttributes', 'workflowTaskTimedOutEventAttributes')).toEqual([]);
}, 120_000);
