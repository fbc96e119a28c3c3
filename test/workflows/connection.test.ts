// The entity on a real Temporal server: queueing, deduplication, stopping, pausing, bad input. Its activities are in memory.
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, WorkflowUpdateStage } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { connectionId, pullId, taskQueues } from '../../src/workflows/ids.ts';
import {
  cancelRunUpdate,
  forceFullPullUpdate,
  pauseUpdate,
  pullDueUpdate,
  resumeUpdate,
  type RunAnswers,
  runNowSignal,
  runNowUpdate,
} from '../../src/workflows/messages.ts';
import { ask, due, startEntities } from './entities.ts';
import { gate, known, untilStopped } from './fakes.ts';
import { until } from './harness.ts';

let harness: Awaited<ReturnType<typeof startEntities>>;
let startEntity: typeof harness.startEntity;

beforeAll(async () => {
  harness = await startEntities();
  ({ startEntity } = harness);
});
afterAll(() => harness.stop());

const nth = (hour: number): string => `2026-05-05T${String(hour).padStart(2, '0')}:00:00.000Z`;

const twoProfiles = [{ name: 'first' }, { name: 'second' }];

describe('requests', () => {
  test('runNow answers the run, which ends and shows', async () => {
    const entity = await startEntity();
    await until(async () => (await entity.state()).state === 'registered');
    const { answers } = await ask(entity, runNowUpdate, {});
    expect(answers).toEqual([{ profile: 'default', outcome: 'run', run: 1 }]);
    const [brief] = await entity.ended(1);
    expect(brief).toMatchObject({ run: 1, profile: 'default', mode: 'delta', verdict: 'complete' });
    const state = await entity.state();
    expect(state).toMatchObject({ state: 'processed', connector: 'entra-identity', current: null, lastError: null });
    expect(state.profiles).toMatchObject([{ name: 'default', status: 'active', state: 'processed', lastRun: { run: 1 } }]);
    await until(() => entity.store.saved.at(-1)?.state === 'processed');
    expect(entity.store.run(1).settled).toBe(true);
  });

  test('Temporal shows it: a table in its UI, and search attributes to list by', async () => {
    const entity = await startEntity();
    await ask(entity, runNowUpdate);
    await entity.ended(1);
    await until(() => entity.store.saved.at(-1)?.state === 'processed');
    const found = async (query: string): Promise<string[]> => {
      const ids: string[] = [];
      for await (const { workflowId } of harness.client.workflow.list({ query })) ids.push(workflowId);
      return ids;
    };
    const query = `TidemarkState="processed" and TidemarkConnector="entra-identity" and TidemarkMode="delta" and TidemarkLastSuccess > "2026-01-01T00:00:00Z"`;
    await until(async () => (await found(query)).includes(connectionId(entity.name)));
    const { userMetadata } =
      (
        await harness.client.workflowService.describeWorkflowExecution({
          namespace: harness.namespace,
          execution: { workflowId: pullId(entity.name, 1) },
        })
      ).executionConfig ?? {};
    expect(userMetadata?.summary?.data?.toString()).toBe(`"${entity.name} run 1: default, delta"`);
    const details = await entity.handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(details.currentDetails).toMatch(/^\*\*c-.* \(entra-identity\): \*\*processed\*\* since .*\n\n\| profile \| state/);
    expect(details.currentDetails).toMatch(/\| default \| processed \| 1: complete, delta, /);
  });

  test('without a profile every active one runs in file order, one after another', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [...twoProfiles, { name: 'off', status: 'inactive' }];
    });
    const { answers } = await ask(entity, runNowUpdate);
    expect(answers).toEqual([
      { profile: 'first', outcome: 'run', run: 1 },
      { profile: 'second', outcome: 'queued' },
    ]);
    expect((await entity.ended(2)).map(({ profile }) => profile)).toEqual(['first', 'second']);
  });

  test('an inactive profile may be run by name', async () => {
    const entity = await startEntity((store) => {
      store.profiles = [{ name: 'off', status: 'inactive' }];
    });
    const { answers } = await ask(entity, runNowUpdate, { profile: 'off' });
    expect(answers).toEqual([{ profile: 'off', outcome: 'run', run: 1 }]);
  });

  test('an unknown profile is refused, and the entity lives', async () => {
    const entity = await startEntity();
    const refusal = await ask(entity, runNowUpdate, { profile: 'nobody' }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
    expect(refusal).toMatchObject({ cause: { message: `Refused: connection "${entity.name}" has no profile "nobody".` } });
    expect((await ask(entity, runNowUpdate)).answers).toHaveLength(1);
  });

  test('a run that cannot be opened is answered with the reason, and the next one opens', async () => {
    const entity = await startEntity((store) => {
      store.openFailure = ApplicationFailure.nonRetryable('The map is gone.', 'CONFIG_INVALID', { hint: 'Apply it again.' });
    });
    expect(await due(entity, nth(1))).toEqual({ outcome: 'skipped', reason: 'The map is gone.' });
    expect(await entity.state()).toMatchObject({
      state: 'errored',
      lastError: { code: 'CONFIG_INVALID', message: 'The map is gone.', hint: 'Apply it again.' },
    });
    await until(() => entity.store.notes.length === 1);
    expect(entity.store.notes).toMatchObject([{ scheduledAt: nth(1), outcome: 'skipped', reason: 'The map is gone.' }]);
    entity.store.openFailure = null;
    expect(await due(entity, nth(2))).toEqual({ outcome: 'run', run: 1 });
    await entity.ended(1);
    expect(await entity.state()).toMatchObject({ state: 'processed', lastError: null });
  });
});

describe('occurrences', () => {
  test('one that finds its own profile running is skipped; of another profile one waits', async () => {
    const held = gate();
    const entity = await startEntity((store) => {
      store.profiles = [...twoProfiles, { name: 'off', status: 'inactive' }];
      store.slice = held.slice;
    });
    expect(await due(entity, nth(1), 'first')).toEqual({ outcome: 'run', run: 1 });
    expect(await due(entity, nth(1), 'first')).toEqual({ outcome: 'run', run: 1 });
    expect(await due(entity, nth(2), 'first')).toEqual({ outcome: 'skipped', reason: 'the profile is running' });
    expect(await due(entity, nth(1), 'second')).toEqual({ outcome: 'queued' });
    expect(await due(entity, nth(1), 'second')).toEqual({ outcome: 'queued' });
    expect(await due(entity, nth(2), 'second')).toEqual({ outcome: 'skipped', reason: 'the profile is waiting already' });
    expect(await due(entity, nth(1), 'off')).toEqual({ outcome: 'skipped', reason: 'the profile is inactive' });
    expect(await due(entity, nth(1), 'gone')).toEqual({ outcome: 'skipped', reason: 'there is no such profile' });
    held.open();
    expect((await entity.ended(2)).map(({ profile }) => profile)).toEqual(['first', 'second']);
    expect(entity.store.run(2).request).toMatchObject({ profile: 'second', trigger: 'schedule', scheduledAt: nth(1) });
    const noted = entity.store.notes.map(({ profile, scheduledAt, outcome, reason }) => [profile, scheduledAt, outcome, reason]);
    expect(noted).toEqual([
      ['first', nth(2), 'skipped', 'the profile is running'],
      ['second', nth(1), 'queued', null],
      ['second', nth(2), 'skipped', 'the profile is waiting already'],
      ['off', nth(1), 'skipped', 'the profile is inactive'],
      ['gone', nth(1), 'skipped', 'there is no such profile'],
    ]);
  });

  test('one that has run is answered with its run, also much later', async () => {
    const entity = await startEntity();
    expect(await due(entity, nth(1))).toEqual({ outcome: 'run', run: 1 });
    await entity.ended(1);
    expect(await due(entity, nth(1))).toEqual({ outcome: 'run', run: 1 });
    await until(async () => (await entity.state()).current === null);
    expect(await due(entity, nth(2))).toEqual({ outcome: 'run', run: 2 });
    await entity.ended(2);
    expect(entity.store.runs).toHaveLength(2);
  });
});

describe('forceFullPull', () => {
  test('supersedes a delta of the profile at its next page, without settling it', async () => {
    const entity = await startEntity((store) => {
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    const { answers } = await ask(entity, forceFullPullUpdate, { profile: 'default' });
    expect(answers).toEqual([{ profile: 'default', outcome: 'queued' }]);
    await until(() => entity.store.runs.length === 2);
    expect(entity.store.run(1)).toMatchObject({ settled: false, brief: { verdict: 'superseded' } });
    expect(entity.store.run(2).request.trigger).toBe('forced');
    await until(() => entity.store.run(2).plan?.reason === 'forced');
  });

  test('during a full pull is answered with that run', async () => {
    const held = gate();
    const entity = await startEntity((store) => {
      store.facts = [{ ...known('users'), cursor: null, lastFull: null }];
      store.slice = held.slice;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    const { answers } = await ask(entity, forceFullPullUpdate);
    expect(answers).toEqual([{ profile: 'default', outcome: 'run', run: 1 }]);
    held.open();
    await entity.ended(1);
    expect(entity.store.runs).toHaveLength(1);
  });

  test('waits for a run of another profile', async () => {
    const held = gate();
    const entity = await startEntity((store) => {
      store.profiles = twoProfiles;
      store.slice = held.slice;
    });
    await ask(entity, runNowUpdate, { profile: 'first' });
    await ask(entity, forceFullPullUpdate, { profile: 'second' });
    held.open();
    expect((await entity.ended(2)).map(({ profile, mode, verdict }) => [profile, mode, verdict])).toEqual([
      ['first', 'delta', 'complete'],
      ['second', 'full', 'complete'],
    ]);
  });
});

describe('pause and resume', () => {
  test('pause stops the run at its page; resume runs once for the occurrences skipped meanwhile', async () => {
    const entity = await startEntity((store) => {
      store.slice = untilStopped;
    });
    await due(entity, nth(1));
    await entity.underWay(1);
    expect(await ask(entity, pauseUpdate, { reason: 'maintenance' })).toEqual({ done: true, note: null });
    await entity.ended(1);
    expect(entity.store.run(1).finish).toMatchObject({ verdict: 'cancelled', reason: 'paused' });
    expect((await entity.state()).state).toBe('paused');
    expect(await due(entity, nth(2))).toEqual({ outcome: 'skipped', reason: 'paused' });
    expect(await due(entity, nth(3))).toEqual({ outcome: 'skipped', reason: 'paused' });
    expect((await ask(entity, runNowUpdate)).answers).toMatchObject([{ outcome: 'skipped', reason: 'paused' }]);
    expect(await ask(entity, pauseUpdate)).toMatchObject({ done: false });
    entity.store.slice = () => Promise.resolve({ kind: 'done' });
    expect(await ask(entity, resumeUpdate)).toEqual({ done: true, note: null });
    await entity.ended(2);
    expect(entity.store.run(2).request).toMatchObject({ trigger: 'schedule', scheduledAt: nth(3) });
    expect(await ask(entity, resumeUpdate)).toEqual({ done: false, note: 'not paused' });
    expect(entity.store.runs).toHaveLength(2);
    expect((await entity.state()).state).toBe('processed');
  });

  test('a pause outlives the entity: started anew, it reads it from the row', async () => {
    const entity = await startEntity();
    await ask(entity, pauseUpdate);
    await due(entity, nth(1));
    await until(() => entity.store.saved.at(-1)?.paused?.skipped['default'] === nth(1));
    await entity.handle.terminate('lost');
    await harness.startAgain(entity.name);
    expect(await due(entity, nth(2))).toEqual({ outcome: 'skipped', reason: 'paused' });
    await ask(entity, resumeUpdate);
    await entity.ended(1);
    expect(entity.store.run(1).request.scheduledAt).toBe(nth(2));
  });
});

describe('cancelRun', () => {
  test('ends the run under way, and only that', async () => {
    const entity = await startEntity((store) => {
      store.slice = untilStopped;
    });
    expect(await ask(entity, cancelRunUpdate)).toEqual({ done: false, note: 'no run is under way' });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    expect(await ask(entity, cancelRunUpdate, { run: 7 })).toEqual({
      done: false,
      note: 'run 7 is not under way',
    });
    expect(await ask(entity, cancelRunUpdate, { run: 1 })).toEqual({ done: true, note: null });
    expect(await entity.ended(1)).toMatchObject([{ verdict: 'cancelled', error: null }]);
    expect((await entity.state()).state).toBe('registered');
  });

  test('a cancelled entity cancels its run and lives on', async () => {
    const entity = await startEntity((store) => {
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    await entity.handle.cancel();
    expect(await entity.ended(1)).toMatchObject([{ verdict: 'cancelled' }]);
    entity.store.slice = () => Promise.resolve({ kind: 'done' });
    await ask(entity, runNowUpdate);
    expect(await entity.ended(2)).toMatchObject([{ verdict: 'cancelled' }, { verdict: 'complete' }]);
  });
});

describe('what comes from operators', () => {
  const bad: readonly [string, unknown][] = [
    ['runNow', 17],
    ['runNow', { profile: 5 }],
    ['runNow', { profile: '../..' }],
    ['runNow', { profil: 'default' }],
    ['forceFullPull', ['default']],
    ['pause', { reason: 'x'.repeat(201) }],
    ['cancelRun', { run: 'all' }],
    ['resume', { now: true }],
    ['approveRemovals', undefined],
    ['approveRemovals', { digest: 'latest' }],
    ['approveRemovals', { digest: 'a'.repeat(64), by: 'x'.repeat(201) }],
    ['rejectRemovals', 'a'.repeat(64)],
    ['rejectRemovals', { digest: 'A'.repeat(64) }],
    ['rejectRemovals', { digest: 'a'.repeat(64), all: true }],
  ];

  test('no bad payload wedges the entity: signals are ignored, updates rejected with the reason', async () => {
    const entity = await startEntity();
    for (const [name, payload] of bad) await entity.handle.signal(name, payload);
    await entity.handle.signal('approveEverything', { digest: 1 });
    for (const [name, payload] of bad) {
      const refusal = await entity.handle.executeUpdate(name, { args: [payload] }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
      expect(refusal).toHaveProperty('cause.message', expect.stringMatching(/^Refused: /));
    }
    for (const payload of [undefined, { profile: 'default' }, { profile: 'default', scheduledAt: 'tomorrow' }]) {
      await expect(entity.handle.executeUpdate(pullDueUpdate, { args: [payload] })).rejects.toThrow('Workflow Update failed');
    }
    expect(entity.store.runs).toEqual([]);
    expect((await ask(entity, runNowUpdate)).answers).toMatchObject([{ outcome: 'run' }]);
    expect(await entity.ended(1)).toHaveLength(1);
  });

  test.each([[undefined], [{}], [{ name: 7 }], ['contoso'], [{ name: 'contoso', extra: 1 }]])(
    'a start with %j fails with the reason',
    async (input) => {
      const handle = await harness.client.workflow.start('connection', {
        workflowId: `bad-${randomUUID()}`,
        taskQueue: taskQueues.control,
        args: [input],
      });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'CONFIG_INVALID', message: expect.stringMatching(/^Refused: /) },
      });
    },
  );

  test('a start for a connection that does not exist answers what waits and ends', async () => {
    const entity = await startEntity((store) => {
      store.deleted = true;
    });
    expect(await entity.handle.result()).toBe('The connection was deleted.');
  });
});

describe('what ends from outside', () => {
  test('a terminated run ends failed, and the next one runs', async () => {
    const entity = await startEntity((store) => {
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    await harness.client.workflow.getHandle(pullId(entity.name, 1)).terminate('by hand');
    const [brief] = await entity.ended(1);
    expect(brief).toMatchObject({ verdict: 'failed', error: { message: 'The workflow of run 1 was terminated.' } });
    expect(entity.store.run(1).finish?.verdict).toBe('failed');
    entity.store.slice = () => Promise.resolve({ kind: 'done' });
    await ask(entity, runNowUpdate);
    expect(await entity.ended(2)).toMatchObject([{ run: 1 }, { run: 2, verdict: 'complete' }]);
  });

  test('an entity that is terminated and started anew waits for the run it left', async () => {
    const entity = await startEntity((store) => {
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    await entity.handle.terminate('lost');
    await harness.startAgain(entity.name);
    expect(await entity.ended(1)).toMatchObject([{ run: 1, verdict: 'cancelled' }]);
    expect(entity.store.run(1).finish?.reason).toBe('its workflow was cancelled');
  });

  test('a run whose workflow is gone is ended by the entity', async () => {
    const entity = await startEntity((store) => {
      store.open({ requestId: 'lost', connection: 'x', profile: 'default', trigger: 'manual', scheduledAt: null, highestRunSeen: 0 });
      store.lost.add(1);
    });
    expect(await entity.ended(1)).toMatchObject([{ run: 1, verdict: 'failed', error: { message: 'The workflow of run 1 is gone.' } }]);
  });

  test('one who asks while a reset entity takes its old requests again gets a run of their own', async () => {
    const entity = await startEntity();
    await ask(entity, runNowUpdate);
    await entity.ended(1);
    let read = (): void => undefined;
    entity.store.readable = new Promise((resolve) => (read = resolve));
    const { runId } = await entity.handle.describe();
    const { events } = await entity.handle.fetchHistory();
    const begun = events?.find(({ workflowTaskCompletedEventAttributes: ended }) => ended !== null && ended !== undefined);
    await harness.client.workflowService.resetWorkflowExecution({
      namespace: harness.client.options.namespace,
      workflowExecution: { workflowId: entity.handle.workflowId, runId },
      reason: 'by hand',
      workflowTaskFinishEventId: begun?.eventId ?? null,
      requestId: randomUUID(),
    });
    // It joins the request of before, which waits for the row too.
    const asked = await entity.handle.startUpdate<RunAnswers, []>(runNowUpdate.name, { waitForStage: WorkflowUpdateStage.ACCEPTED });
    read();
    expect((await asked.result()).answers).toMatchObject([{ outcome: 'queued' }]);
    expect(await entity.ended(2)).toMatchObject([{ run: 1 }, { run: 2, verdict: 'complete' }]);
    expect(entity.store.runs).toHaveLength(2);
  });

  test('a deleted connection stops its run, answers what waits and ends', async () => {
    const entity = await startEntity((store) => {
      store.profiles = twoProfiles;
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    entity.store.deleted = true;
    await entity.handle.signal('configured');
    expect(await entity.handle.result()).toBe('The connection was deleted.');
    expect(entity.store.run(1).brief?.verdict).toBe('cancelled');
    expect(entity.store.runs).toHaveLength(1);
  });
});

describe('many messages', () => {
  test('a burst of signals is two runs; then the entity continues as new, and nothing is lost', async () => {
    const held = gate();
    const entity = await startEntity((store) => {
      store.slice = held.slice;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    const { runId } = await entity.handle.describe();
    await Promise.all(Array.from({ length: 100 }, () => entity.handle.signal(runNowSignal, {})));
    // More bytes than one execution should have, in messages that are ignored.
    for (let sent = 0; sent < 25; sent += 1) await entity.handle.signal(runNowSignal, { profile: 'x'.repeat(200_000) });
    expect((await entity.handle.describe()).runId).toBe(runId);
    held.open();
    await until(async () => (await entity.handle.describe()).runId !== runId);
    expect(entity.store.runs.map(({ brief }) => brief?.verdict)).toEqual(['complete', 'complete']);
    expect((await entity.ended(2)).map(({ run }) => run)).toEqual([1, 2]);
    expect((await ask(entity, runNowUpdate)).answers).toMatchObject([{ outcome: 'run', run: 3 }]);
    await entity.ended(3);
  });

  test('what waits while paused is carried over', async () => {
    const entity = await startEntity((store) => {
      store.profiles = twoProfiles;
      store.slice = untilStopped;
    });
    await ask(entity, runNowUpdate);
    await entity.underWay(1);
    await ask(entity, pauseUpdate);
    const { runId } = await entity.handle.describe();
    for (let sent = 0; sent < 25; sent += 1) await entity.handle.signal(runNowSignal, { profile: 'x'.repeat(200_000) });
    // The server counts what came during a task with the next one only: something has to come after it.
    await until(async () => {
      await entity.handle.signal(runNowSignal, { profile: 'nosuch' });
      return (await entity.handle.describe()).runId !== runId;
    });
    expect((await entity.state()).state).toBe('paused');
    entity.store.slice = () => Promise.resolve({ kind: 'done' });
    await ask(entity, resumeUpdate);
    expect(await entity.ended(2)).toMatchObject([
      { profile: 'first', verdict: 'cancelled' },
      { profile: 'second', verdict: 'complete' },
    ]);
  });
});
