// Test Connection as update of the entity and as a workflow of its own: it answers once, and stands in nobody's way.
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { ConnectionTest } from '../../src/model.ts';
import { taskQueues, testId } from '../../src/workflows/ids.ts';
import { runNowUpdate, testConnectionUpdate } from '../../src/workflows/messages.ts';
import { ask, startEntities } from './entities.ts';
import { gate } from './fakes.ts';
import { until } from './harness.ts';

let entities: Awaited<ReturnType<typeof startEntities>>;
beforeAll(async () => {
  entities = await startEntities();
}, 60_000);
afterAll(() => entities.stop());

const passed = (name: string): ConnectionTest => ({ connection: name, ok: true, checks: [] });

/** A test that lasts until it is let go. */
function waiting(): { readonly test: (of: { readonly name: string }) => Promise<ConnectionTest>; readonly open: () => void } {
  const { slice, open } = gate();
  return { test: ({ name }) => slice().then(() => passed(name)), open };
}

test('the update answers with the stored configuration; input is refused', async () => {
  const entity = await entities.startEntity();
  const asked: object[] = [];
  entity.store.test = async (request) => {
    asked.push(request);
    return passed(request.name);
  };
  expect(await ask(entity, testConnectionUpdate)).toEqual(passed(entity.name));
  expect(asked).toEqual([{ name: entity.name }]);
  await expect(ask(entity, testConnectionUpdate, { spec: {} })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('it takes no input') as string },
  });
  expect((await entity.state()).state).toBe('registered');
});

test('a test under way holds nothing up: runs begin and end meanwhile', async () => {
  const { test: wait, open } = waiting();
  const entity = await entities.startEntity((store) => void (store.test = wait));
  const answer = ask(entity, testConnectionUpdate);
  await ask(entity, runNowUpdate);
  expect((await entity.ended(1))[0]?.verdict).toBe('complete');
  open();
  expect(await answer).toEqual(passed(entity.name));
});

test('one that comes as the connection is deleted is answered before the entity leaves', async () => {
  const { test: wait, open } = waiting();
  const entity = await entities.startEntity((store) => void (store.test = wait));
  await entity.state();
  const answer = ask(entity, testConnectionUpdate);
  await until(
    async () => (await entity.handle.fetchHistory()).events?.some((event) => event.workflowExecutionUpdateAcceptedEventAttributes) === true,
  );
  entity.store.deleted = true;
  await entity.handle.signal('configured');
  open();
  expect(await answer).toEqual(passed(entity.name));
  expect(await entity.handle.result()).toBe('The connection was deleted.');
});

test('an entity that was asked to be cancelled still tests', async () => {
  const entity = await entities.startEntity();
  await entity.handle.cancel();
  expect(await ask(entity, testConnectionUpdate)).toEqual(passed(entity.name));
});

test('what is no answer is tried again twice, soon, and then told with its code', async () => {
  let attempts = 0;
  const entity = await entities.startEntity((store) => {
    store.test = async () => {
      attempts += 1;
      throw ApplicationFailure.create({ type: 'STORE_UNAVAILABLE', message: 'The database is away.', details: [{ hint: 'Start it.' }] });
    };
  });
  const begun = performance.now();
  await expect(ask(entity, testConnectionUpdate)).rejects.toMatchObject({
    cause: { type: 'STORE_UNAVAILABLE', message: 'The database is away.', details: [{ hint: 'Start it.' }] },
  });
  expect(attempts).toBe(3);
  expect(performance.now() - begun).toBeLessThan(15_000);
  expect((await entity.state()).lastError).toBeNull();
});

describe('the workflow', () => {
  const start = (name: string, input: unknown): Promise<ConnectionTest> =>
    entities.client.workflow.execute<(input: unknown) => Promise<ConnectionTest>>('testConnection', {
      workflowId: testId(name, randomUUID()),
      taskQueue: taskQueues.control,
      args: [input],
    });

  test('hands the connection of its input to the worker', async () => {
    const { name, store } = await entities.startEntity();
    const asked: object[] = [];
    store.test = async (request) => {
      asked.push(request);
      return passed(name);
    };
    expect(await start(name, { name, spec: { title: 'not stored' } })).toEqual(passed(name));
    expect(await start(name, { name })).toEqual(passed(name));
    expect(asked).toEqual([{ name, spec: { title: 'not stored' } }, { name }]);
  });

  test.each([[17], [{}], [{ name: 'a b' }], [{ name: 'x', spec: 'env:SECRET' }], [{ name: 'x', more: 1 }]])('refuses %j', async (input) => {
    await expect(start('refused', input)).rejects.toMatchObject({ cause: { message: expect.stringMatching(/^Refused: /) as string } });
  });
});
