// Held removals and the decisions on them, in the entity on a real Temporal server: states, queueing, deduplication, what makes an approval void.
// What is held is in memory; the guard itself is tested on real databases.
import { ApplicationFailure } from '@temporalio/common';
import type { HeldSet } from '../../src/model.ts';
import {
  approveRemovalsSignal,
  approveRemovalsUpdate,
  cancelRunUpdate,
  forceFullPullUpdate,
  pauseUpdate,
  rejectRemovalsSignal,
  rejectRemovalsUpdate,
  resumeUpdate,
  runNowUpdate,
} from '../../src/workflows/messages.ts';
import { ask, due, startEntities } from './entities.ts';
import { type FakeStore, gate, nothingHeld, untilStopped } from './fakes.ts';
import { until } from './harness.ts';

let harness: Awaited<ReturnType<typeof startEntities>>;
let startEntity: typeof harness.startEntity;
beforeAll(async () => {
  harness = await startEntities();
  ({ startEntity } = harness);
});
afterAll(() => harness.stop());

const [digest, otherDigest] = ['a'.repeat(64), 'b'.repeat(64)];
const held: HeldSet = { count: 60, digest };
const holds = (store: FakeStore): void => void (store.held = held);
const sincePull = '2026-05-05T01:00:00.000Z';

/** Lasts until it is stopped, and then removes nothing. */
const untilCancelled = (signal: AbortSignal): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('states', () => {
  test('a complete run with removals held shows held; approved, all that stood there is processed', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [{ name: 'first' }, { name: 'second' }, { name: 'third', settled: 'errored' }];
      holds(store);
    });
    await ask(entity, runNowUpdate, { profile: 'first' });
    await ask(entity, runNowUpdate, { profile: 'second' });
    expect(await entity.ended(2)).toMatchObject([
      { verdict: 'complete', held },
      { verdict: 'complete', held },
    ]);
    const states = async (): Promise<string[]> => (await entity.state()).profiles.map(({ state }) => state);
    expect(await states()).toEqual(['held', 'held', 'errored']);
    expect(await entity.state()).toMatchObject({ state: 'errored', held });
    expect(await ask(entity, approveRemovalsUpdate, { digest, by: 'ana@ops' })).toEqual({ outcome: 'run', run: 3 });
    expect((await entity.ended(3)).at(-1)).toMatchObject({ run: 3, mode: 'settle', verdict: 'complete', held: nothingHeld });
    expect(await states()).toEqual(['processed', 'processed', 'errored']);
    expect((await entity.state()).held).toBeNull();
    expect(entity.store.deciders).toEqual(['ana@ops']);
    expect(entity.store.run(3).request).toMatchObject({ trigger: 'manual', scheduledAt: null, approve: { digest, by: 'ana@ops' } });
    expect(entity.store.run(3)).toMatchObject({ plan: null, finish: { verdict: 'complete' } });
  });

  test('a run that holds nothing any more ends the held state of every profile', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [{ name: 'first' }, { name: 'second' }];
      holds(store);
    });
    await ask(entity, runNowUpdate, { profile: 'first' });
    await entity.ended(1);
    entity.store.held = nothingHeld;
    await ask(entity, runNowUpdate, { profile: 'second' });
    await entity.ended(2);
    expect(await entity.state()).toMatchObject({
      state: 'processed',
      held: null,
      profiles: [{ state: 'processed' }, { state: 'processed' }],
    });
  });

  test('an entity that is started anew knows what is held', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [{ name: 'default', settled: 'held' }];
      holds(store);
    });
    await until(async () => (await entity.state()).state === 'held');
    expect((await entity.state()).held).toEqual(held);
    await entity.handle.terminate('lost');
    await harness.startAgain(entity.name);
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'run', run: 1 });
    await entity.ended(1);
    expect((await entity.state()).state).toBe('processed');
    expect(entity.store.deciders).toEqual(['unnamed, by Temporal']);
  });

  test('Temporal shows what is held, and how to decide', async () => {
    const entity = await startEntity(holds);
    await until(() => entity.store.saved.length > 0);
    const { currentDetails } = await entity.handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain(`Removals held: 60. \`tidemark removals ${entity.name}\` lists them; `);
    for (const verb of ['approve', 'reject']) expect(currentDetails).toContain(`\`tidemark ${verb} ${entity.name} --digest ${digest}\``);
  });
});

describe('approveRemovals', () => {
  test.each<[string, HeldSet, string]>([
    ['another set is held', { count: 61, digest: otherDigest }, `the held removals have changed: their digest is ${otherDigest}`],
    ['nothing is held', nothingHeld, 'no removals are held'],
  ])('is refused with the reason where %s', async (_, now, reason) => {
    const entity = await startEntity((store) => void (store.held = now));
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'skipped', reason });
    await entity.handle.signal(approveRemovalsSignal, { digest });
    expect((await ask(entity, runNowUpdate)).answers).toMatchObject([{ outcome: 'run', run: 1 }]);
    await entity.ended(1);
    expect(entity.store.runs.map(({ request }) => request.approve)).toEqual([undefined]);
  });

  test('is ignored where an earlier release read the connection, whose history has no such run', async () => {
    const entity = await startEntity((store) => {
      holds(store);
      store.earlier = true;
    });
    const reason = 'no removals are known to be held';
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'skipped', reason });
    expect(await ask(entity, rejectRemovalsUpdate, { digest })).toEqual({ done: false, note: reason });
    expect(entity.store).toMatchObject({ runs: [], deciders: [] });
    expect((await entity.state()).held).toBeNull();
  });

  test('sent many times is one run', async () => {
    const going = gate();
    const entity = await startEntity((store) => {
      holds(store);
      store.removing = async () => void (await going.slice());
    });
    await Promise.all(Array.from({ length: 20 }, () => entity.handle.signal(approveRemovalsSignal, { digest })));
    await until(() => entity.store.runs.length === 1);
    await until(async () => (await entity.state()).current !== null);
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'run', run: 1 });
    going.open();
    await entity.ended(1);
    expect(entity.store.runs).toHaveLength(1);
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'skipped', reason: 'no removals are held' });
  });

  test('waits for the run under way beside a run of the same profile, and goes first', async () => {
    const going = gate();
    const entity = await startEntity((store) => {
      holds(store);
      store.slice = going.slice;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    expect((await ask(entity, runNowUpdate)).answers).toMatchObject([{ outcome: 'queued' }]);
    // Of another set, by mistake: the later one counts.
    expect(await ask(entity, approveRemovalsUpdate, { digest: otherDigest })).toEqual({ outcome: 'queued' });
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'queued' });
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'queued' });
    going.open();
    expect((await entity.ended(3)).map(({ run, mode }) => [run, mode])).toEqual([
      [1, 'delta'],
      [2, 'settle'],
      [3, 'delta'],
    ]);
  });

  test('is void when the run before it changes what is held', async () => {
    const going = gate();
    const entity = await startEntity((store) => {
      holds(store);
      store.slice = going.slice;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'queued' });
    entity.store.held = { count: 61, digest: otherDigest };
    going.open();
    await entity.ended(1);
    expect(await ask(entity, approveRemovalsUpdate, { digest: otherDigest })).toEqual({ outcome: 'run', run: 2 });
    await entity.ended(2);
    expect(entity.store.runs).toHaveLength(2);
  });

  test('an occurrence and a run of its profile wait while it removes; a forced full pull does not stop it', async () => {
    const going = gate();
    const entity = await startEntity((store) => {
      holds(store);
      store.removing = async () => void (await going.slice());
    });
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'run', run: 1 });
    expect(await due(entity, sincePull)).toEqual({ outcome: 'queued' });
    expect((await ask(entity, forceFullPullUpdate)).answers).toMatchObject([{ outcome: 'queued' }]);
    going.open();
    expect((await entity.ended(2)).map(({ mode, verdict }) => [mode, verdict])).toEqual([
      ['settle', 'complete'],
      ['full', 'complete'],
    ]);
    expect(entity.store.run(2).request).toMatchObject({ trigger: 'forced', scheduledAt: sincePull });
  });

  test('a forced full pull ends the delta under way; the approval that waits goes before it', async () => {
    const entity = await startEntity((store) => {
      holds(store);
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'queued' });
    expect((await ask(entity, forceFullPullUpdate)).answers).toMatchObject([{ outcome: 'queued' }]);
    expect((await ask(entity, forceFullPullUpdate)).answers).toMatchObject([{ outcome: 'queued' }]);
    await entity.underWay(3);
    expect((await ask(entity, forceFullPullUpdate)).answers).toMatchObject([{ outcome: 'run', run: 3 }]);
    expect(await ask(entity, cancelRunUpdate, { run: 3 })).toEqual({ done: true, note: null });
    expect((await entity.ended(3)).map(({ mode, verdict }) => [mode, verdict])).toEqual([
      ['delta', 'superseded'],
      ['settle', 'complete'],
      ['full', 'cancelled'],
    ]);
    expect(entity.store.run(1).settled).toBe(false);
  });

  test('that fails leaves the state, and says why', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [{ name: 'default', settled: 'held' }];
      holds(store);
      store.removing = () => Promise.reject(ApplicationFailure.nonRetryable('The held removals have changed.', 'REMOVALS_HELD'));
    });
    await ask(entity, approveRemovalsUpdate, { digest });
    expect(await entity.ended(1)).toMatchObject([{ mode: 'settle', verdict: 'failed', error: { code: 'REMOVALS_HELD' } }]);
    expect(await entity.state()).toMatchObject({ state: 'held', held, lastError: { code: 'REMOVALS_HELD' } });
    entity.store.removing = () => Promise.resolve();
    await ask(entity, approveRemovalsUpdate, { digest });
    await entity.ended(2);
    expect(await entity.state()).toMatchObject({ state: 'processed', held: null, lastError: null });
  });
});

describe('being stopped', () => {
  test.each([
    ['cancelRun', cancelRunUpdate, 'cancelled by request'],
    ['pause', pauseUpdate, 'paused'],
  ] as const)('%s ends an approval that has removed nothing, and what is held stays held', async (_, update, reason) => {
    const entity = await startEntity((store) => {
      holds(store);
      store.removing = untilCancelled;
    });
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'run', run: 1 });
    await until(() => entity.store.run(1).settled);
    expect(await ask(entity, update)).toEqual({ done: true, note: null });
    expect(await entity.ended(1)).toMatchObject([{ mode: 'settle', verdict: 'cancelled', held }]);
    expect(entity.store.run(1).finish).toMatchObject({ verdict: 'cancelled', reason });
    expect((await entity.state()).held).toEqual(held);
  });

  test('one that removes goes through, and the entity is paused after it', async () => {
    const going = gate();
    const entity = await startEntity((store) => {
      holds(store);
      store.removing = async () => void (await going.slice());
    });
    await ask(entity, approveRemovalsUpdate, { digest });
    await until(() => entity.store.run(1).settled);
    await ask(entity, pauseUpdate);
    going.open();
    expect(await entity.ended(1)).toMatchObject([{ mode: 'settle', verdict: 'complete', held: nothingHeld }]);
    expect((await entity.state()).state).toBe('paused');
    expect(await ask(entity, approveRemovalsUpdate, { digest })).toEqual({ outcome: 'skipped', reason: 'paused' });
  });

  test('an approval that waits while paused is carried over and runs on resume', async () => {
    const entity = await startEntity((store) => {
      holds(store);
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    expect(await ask(entity, approveRemovalsUpdate, { digest, by: 'ana@ops' })).toEqual({ outcome: 'queued' });
    await ask(entity, pauseUpdate);
    await entity.ended(1);
    const { runId } = await entity.handle.describe();
    // More bytes than one execution should have, in messages that are ignored.
    for (let sent = 0; sent < 25; sent += 1) await entity.handle.signal(approveRemovalsSignal, { digest: 'x'.repeat(200_000) });
    // Temporal says with a task that the history is long: one more message, one more task.
    await until(async () => {
      await entity.handle.signal(approveRemovalsSignal, { digest: '' });
      return (await entity.handle.describe()).runId !== runId;
    });
    await until(async () => (await entity.state()).held !== null);
    expect(await entity.state()).toMatchObject({ state: 'paused', held });
    await ask(entity, resumeUpdate);
    expect((await entity.ended(2)).at(-1)).toMatchObject({ run: 2, mode: 'settle', verdict: 'complete' });
    expect(entity.store.deciders).toEqual(['ana@ops']);
  });

  test('a deleted connection answers what waits', async () => {
    const entity = await startEntity((store) => {
      holds(store);
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    await ask(entity, approveRemovalsUpdate, { digest });
    entity.store.deleted = true;
    await entity.handle.signal('configured');
    expect(await entity.handle.result()).toBe('The connection was deleted.');
    expect(entity.store.runs).toHaveLength(1);
  });
});

describe('rejectRemovals', () => {
  test('removes nothing, is told who decided, and ends the held state', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [{ name: 'default', settled: 'held' }];
      holds(store);
    });
    expect(await ask(entity, rejectRemovalsUpdate, { digest: otherDigest })).toEqual({
      done: false,
      note: `the held removals have changed: their digest is ${digest}`,
    });
    expect((await entity.state()).state).toBe('held');
    expect(await ask(entity, rejectRemovalsUpdate, { digest, by: 'ana@ops' })).toEqual({ done: true, note: null });
    expect(await entity.state()).toMatchObject({ state: 'processed', held: null });
    expect(await ask(entity, rejectRemovalsUpdate, { digest })).toEqual({ done: false, note: 'no removals are held' });
    expect(entity.store).toMatchObject({ runs: [], deciders: ['ana@ops'] });
  });

  test('goes on while a run is under way and while paused, and makes an approval that waits void', async () => {
    const entity = await startEntity((store) => {
      holds(store);
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    await ask(entity, approveRemovalsUpdate, { digest });
    expect(await ask(entity, rejectRemovalsUpdate, { digest })).toEqual({ done: true, note: null });
    await ask(entity, pauseUpdate);
    await entity.ended(1);
    entity.store.held = held;
    await ask(entity, rejectRemovalsUpdate, { digest });
    await ask(entity, resumeUpdate);
    await until(async () => (await entity.state()).state !== 'paused');
    expect(entity.store.runs).toHaveLength(1);
    expect(entity.store.deciders).toHaveLength(2);
  });

  test('a burst of signals of many digests is borne, and the right one counts', async () => {
    const entity = await startEntity(holds);
    await until(async () => (await entity.state()).held !== null);
    const digests = [...Array.from({ length: 60 }, (_, n) => n.toString(16).padStart(64, '0')), digest];
    await Promise.all(digests.map((sent) => entity.handle.signal(rejectRemovalsSignal, { digest: sent })));
    await until(async () => (await ask(entity, rejectRemovalsUpdate, { digest })).note === 'no removals are held');
    expect(entity.store.held).toEqual(nothingHeld);
  });
});
