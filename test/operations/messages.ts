// What operators send with the `temporal` command line, to a real stack: every signal, update, query and list of contract.md "In Temporal".
// Each test has a connection of its own. Hostile input never wedges an entity: a signal is ignored, an update refused with the reason.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { connectionId, scheduleId } from '../../src/workflows/ids.ts';
import { stateQuery } from '../../src/workflows/messages.ts';
import { client, stack, temporal } from './site.ts';
import { soon } from './temporalCli.ts';

describe('messages', () => {
  const brief = z.looseObject({ run: z.int(), mode: z.string().nullable(), verdict: z.string() });
  const status = z.looseObject({
    state: z.string(),
    since: z.string(),
    profiles: z.array(z.looseObject({ name: z.string(), status: z.string(), state: z.string(), lastRun: brief.nullable() })).nullable(),
    current: z.looseObject({ run: z.int(), profile: z.string() }).nullable(),
    held: z.looseObject({ count: z.int(), digest: z.string() }).nullable(),
    lastError: z.looseObject({ code: z.string() }).nullable(),
    history: z.array(brief).nullable(),
  });
  const runLine = z.looseObject({
    run: z.string().nullable(),
    mode: z.string().nullable(),
    reason: z.string().nullable(),
    trigger: z.string(),
    scheduledAt: z.string().nullable(),
    verdict: z.string().nullable(),
  });

  const id = (name: string): [string, string] => ['-w', `connection:${name}`];
  const input = (value: unknown): string[] => (value === undefined ? [] : ['--input', JSON.stringify(value)]);

  const stateOf = async (name: string): Promise<z.output<typeof status>> => {
    const answer = await temporal.json('workflow', 'query', ...id(name), '--type', 'state');
    return z.object({ queryResult: z.tuple([status]) }).parse(answer).queryResult[0];
  };
  const signal = (name: string, what: string, value?: unknown) =>
    temporal('workflow', 'signal', ...id(name), '--name', what, ...input(value));
  const update = (name: string, what: string, value?: unknown) =>
    temporal('workflow', 'update', 'execute', ...id(name), '--name', what, ...input(value), '-o', 'json');
  const answerOf = async (name: string, what: string, value?: unknown): Promise<unknown> => {
    const { code, stdout, stderr } = await update(name, what, value);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return z.looseObject({ result: z.unknown() }).parse(JSON.parse(stdout)).result;
  };
  const runs = async (name: string): Promise<z.output<typeof runLine>[]> =>
    z.array(runLine).parse(JSON.parse((await stack.call(['runs', name, '--json', '--limit', '200'])).stdout));

  /** Applied, and its entity ready to answer. */
  async function applied(name: string, more = ''): Promise<string> {
    const { code, stderr } = await stack.call(['apply', '-f', stack.write(name, { profiles: more })]);
    if (code !== 0) throw new Error(stderr);
    await reaches(name, (state) => state.profiles !== null);
    return name;
  }

  const reaches = (name: string, is: (state: z.output<typeof status>) => boolean): Promise<z.output<typeof status>> =>
    soon(`${name} is as the test waits for`, async () => {
      if (!is(status.parse(await client.workflow.getHandle(connectionId(name)).query(stateQuery)))) return null;
      const state = await stateOf(name);
      return is(state) ? state : null;
    });
  const idleAfter = (name: string, count: number) =>
    reaches(name, ({ current, history }) => current === null && (history ?? []).length === count);

  /** Pulls of the whole stack are slow meanwhile. */
  async function slowly(work: () => Promise<void>): Promise<void> {
    await stack.simulator.addFaults([{ match: '/delta', fault: { kind: 'slow', bytesPerSecond: 4_000 } }]);
    try {
      await work();
    } finally {
      await stack.simulator.clearFaults();
    }
  }

  const daily = `profiles:
  - name: default
    schedule: { occurs: recurring, every: daily, start: 2026-05-05T18:39, timezone: Asia/Calcutta }
`;

  test('runNow and forceFullPull, as signals and as updates', async () => {
    const name = await applied('runs');
    expect((await signal(name, 'runNow')).code).toBe(0);
    await idleAfter(name, 1);
    expect((await signal(name, 'forceFullPull', { profile: 'default' })).code).toBe(0);
    await idleAfter(name, 2);
    expect(await answerOf(name, 'runNow', { profile: 'default' })).toMatchObject({ answers: [{ profile: 'default', outcome: 'run' }] });
    await idleAfter(name, 3);
    expect(await answerOf(name, 'forceFullPull')).toMatchObject({ answers: [{ profile: 'default', outcome: 'run' }] });
    await idleAfter(name, 4);
    expect((await runs(name)).map(({ mode, reason, trigger, verdict }) => [mode, reason, trigger, verdict])).toEqual([
      ['full', 'forced', 'forced', 'complete'],
      ['delta', 'delta', 'manual', 'complete'],
      ['full', 'forced', 'forced', 'complete'],
      ['full', 'first run', 'manual', 'complete'],
    ]);
  });

  test('forceFullPull during a full pull is that one; during a delta it supersedes it', async () => {
    const name = await applied('forced');
    await slowly(async () => {
      await signal(name, 'runNow');
      const { current } = await reaches(name, (state) => state.current !== null);
      expect(await answerOf(name, 'forceFullPull')).toEqual({ answers: [{ profile: 'default', outcome: 'run', run: current?.run }] });
      await signal(name, 'forceFullPull');
    });
    await idleAfter(name, 1);
    await stack.simulator.mutate(300);
    await slowly(async () => {
      await signal(name, 'runNow');
      await reaches(name, (state) => state.current !== null);
      await signal(name, 'forceFullPull', { profile: 'default' });
      await signal(name, 'forceFullPull');
      await reaches(name, ({ history }) => history?.[0]?.verdict === 'superseded');
    });
    await idleAfter(name, 3);
    expect((await runs(name)).map(({ mode, verdict }) => [mode, verdict])).toEqual([
      ['full', 'complete'],
      ['delta', 'superseded'],
      ['full', 'complete'],
    ]);
  });

  test('pause, resume and cancelRun, as signals and as updates', async () => {
    const name = await applied('paused');
    expect((await signal(name, 'pause', { reason: 'moving' })).code).toBe(0);
    await reaches(name, ({ state }) => state === 'paused');
    expect(await answerOf(name, 'runNow')).toEqual({ answers: [{ profile: 'default', outcome: 'skipped', reason: 'paused' }] });
    expect(await answerOf(name, 'pause')).toMatchObject({ done: false });
    expect((await signal(name, 'resume')).code).toBe(0);
    await reaches(name, ({ state }) => state === 'registered');
    expect(await answerOf(name, 'cancelRun')).toEqual({ done: false, note: 'no run is under way' });
    await slowly(async () => {
      for (const [count, cancel] of [
        [1, () => signal(name, 'cancelRun')],
        [2, () => update(name, 'cancelRun')],
      ] as const) {
        await signal(name, 'runNow');
        await reaches(name, (state) => state.current !== null);
        await cancel();
        expect((await idleAfter(name, count)).history?.[0]?.verdict).toBe('cancelled');
      }
      await signal(name, 'runNow');
      await reaches(name, (state) => state.current !== null);
      await update(name, 'pause', { reason: 'now' });
      expect((await idleAfter(name, 3)).state).toBe('paused');
    });
  });

  test('workflow start by hand: harmless when it runs, and the way back when it does not', async () => {
    const name = await applied('started');
    await signal(name, 'runNow');
    const before = await idleAfter(name, 1);
    const start = () => temporal('workflow', 'start', '--type', 'connection', '--task-queue', 'tidemark', ...id(name), ...input({ name }));
    await start();
    expect(await stateOf(name)).toEqual(before);
    expect((await temporal('workflow', 'terminate', ...id(name), '--reason', 'by hand')).code).toBe(0);
    expect((await start()).code).toBe(0);
    const { state, history } = await reaches(name, ({ profiles }) => profiles !== null);
    expect({ state, history }).toEqual({ state: before.state, history: before.history });
  });

  test('approveRemovals and rejectRemovals act on the digest alone', async () => {
    const name = await applied('guarded', 'guard: { absolute: 500, percent: 1, minimum: 1, dailyPercent: 100 }\n');
    await signal(name, 'runNow');
    await idleAfter(name, 1);
    const ids: string[] = [];
    for await (const { id: user } of stack.simulator.truth('users')) {
      if (ids.length === 60) break;
      ids.push(String(user));
    }
    const remove = (some: readonly string[]) => stack.simulator.mutate(some.map((user) => ({ do: 'deleteUser', id: user })));
    await remove(ids.slice(0, 30));
    await signal(name, 'runNow');
    const { held, state } = await idleAfter(name, 2);
    expect(state).toBe('held');
    // The edges that end with the users wait with them.
    expect(held?.count).toBeGreaterThanOrEqual(30);
    const wrong = { digest: '0'.repeat(64) };
    expect(await answerOf(name, 'approveRemovals', wrong)).toMatchObject({ outcome: 'skipped' });
    expect(await answerOf(name, 'rejectRemovals', wrong)).toMatchObject({ done: false });
    await signal(name, 'approveRemovals', wrong);
    await signal(name, 'rejectRemovals', wrong);
    expect((await stateOf(name)).held).toEqual(held);
    await signal(name, 'rejectRemovals', { digest: held?.digest });
    await reaches(name, (now) => now.held === null && now.state === 'processed');
    await remove(ids.slice(30));
    await signal(name, 'runNow');
    const again = await reaches(name, (now) => now.current === null && now.held !== null);
    await signal(name, 'approveRemovals', { digest: again.held?.digest, by: 'operator' });
    await reaches(name, (now) => now.held === null && now.state === 'processed');
    expect((await runs(name))[0]).toMatchObject({ mode: 'settle', verdict: 'complete' });
  });

  test('testConnection answers the five checks of what is stored', async () => {
    const name = await applied('tested');
    const checks = ['network', 'tls', 'credentials', 'permissions', 'data'].map((check) => ({
      check,
      outcome: 'passed',
      cause: null,
      fix: null,
    }));
    expect(await answerOf(name, 'testConnection')).toMatchObject({ connection: name, ok: true, checks });
    expect((await update(name, 'testConnection', { spec: {} })).stderr).toContain('it takes no input');
    const start = ['workflow', 'execute', '--type', 'testConnection', '--task-queue', 'tidemark', '-w', `test:${name}:by-hand`];
    expect((await temporal(...start, ...input({ name }), '-o', 'json')).stdout).toContain(name);
  });

  test('schedule list, describe, trigger and toggle', async () => {
    const name = await applied('scheduled', daily);
    const schedule = `${name}:default`;
    const listed = z.array(z.looseObject({ scheduleId: z.string() }));
    await soon('the Schedule is listed', async () => {
      const ids = listed.parse(await temporal.json('schedule', 'list')).map((found) => found.scheduleId);
      return ids.includes(schedule) ? ids : null;
    });
    const described = z.looseObject({
      schedule: z.looseObject({ state: z.looseObject({ paused: z.boolean().optional(), notes: z.string().optional() }) }),
    });
    const about = async () => described.parse(await temporal.json('schedule', 'describe', '-s', schedule)).schedule.state;
    expect((await about()).paused ?? false).toBe(false);
    expect((await temporal('schedule', 'trigger', '-s', schedule)).code).toBe(0);
    await idleAfter(name, 1);
    expect((await runs(name))[0]).toMatchObject({ trigger: 'schedule', mode: 'full', verdict: 'complete' });
    expect((await temporal('schedule', 'toggle', '-s', schedule, '--pause', '--reason', 'audit week')).code).toBe(0);
    expect(await about()).toMatchObject({ paused: true, notes: 'audit week' });
    // Applying again does not undo it.
    await stack.call(['apply', '-f', stack.write(name, { profiles: daily, title: 'Changed' })]);
    expect(await about()).toMatchObject({ paused: true, notes: 'audit week' });
    await temporal('schedule', 'toggle', '-s', schedule, '--unpause', '--reason', 'done');
    expect((await about()).paused ?? false).toBe(false);
  });

  test('a backfill of ten days leaves a row for every occurrence', async () => {
    const name = await applied('backfilled', daily);
    const span = ['--start-time', '2026-06-01T00:00:00Z', '--end-time', '2026-06-10T23:59:59Z'];
    const { code } = await temporal('schedule', 'backfill', '-s', `${name}:default`, ...span, '--overlap-policy', 'BufferAll');
    expect(code).toBe(0);
    const days = Array.from({ length: 10 }, (_, day) => new Date(Date.UTC(2026, 5, 1 + day, 13, 9)).toISOString());
    await soon('Temporal has started every occurrence', async () => {
      const { info } = await client.schedule.getHandle(scheduleId(name, 'default')).describe();
      return info.numActionsTaken >= days.length && info.runningActions.length === 0 ? info : null;
    });
    const accounted = await soon('every occurrence has a row that has ended', async () => {
      const lines = await runs(name);
      const at = lines.map(({ scheduledAt }) => (scheduledAt === null ? '' : new Date(scheduledAt).toISOString()));
      return days.every((day) => at.includes(day)) && lines.every(({ verdict }) => verdict !== null) ? lines : null;
    });
    expect(accounted).toHaveLength(days.length);
    for (const { verdict, reason } of accounted) {
      if (verdict === 'skipped') expect(reason).toBe('the profile is running');
      else expect(verdict).toBe('complete');
    }
  });

  test('lists by search attribute', async () => {
    const name = await applied('searched');
    await signal(name, 'runNow');
    await idleAfter(name, 1);
    const found = z.array(z.looseObject({ execution: z.looseObject({ workflowId: z.string() }) }));
    for (const query of [
      'TidemarkState="processed"',
      'TidemarkConnector="entra-identity"',
      'TidemarkMode="full"',
      'TidemarkLastSuccess IS NOT NULL',
    ]) {
      await soon(`${query} finds ${name}`, async () => {
        const ids = found.parse(await temporal.json('workflow', 'list', '-q', query)).map(({ execution }) => execution.workflowId);
        return ids.includes(`connection:${name}`) ? ids : null;
      });
    }
  });

  test('each state shows by query, in status, in the details of the UI and as search attribute', async () => {
    const guard = 'guard: { absolute: 500, percent: 1, minimum: 1, dailyPercent: 100 }\n';
    const name = await applied('states', guard);
    const shows = async (state: string): Promise<void> => {
      const attributes = z.looseObject({
        workflowExecutionInfo: z.looseObject({
          searchAttributes: z.looseObject({ indexedFields: z.record(z.string(), z.looseObject({ data: z.string() })) }),
        }),
      });
      const metadata = z.looseObject({ queryResult: z.tuple([z.looseObject({ currentDetails: z.string() })]) });
      await reaches(name, (now) => now.state === state);
      await soon(`${state} shows everywhere`, async () => {
        const verb = z.looseObject({ state: z.string() }).parse(JSON.parse((await stack.call(['status', name, '--json'])).stdout)).state;
        const { indexedFields } = attributes.parse(await temporal.json('workflow', 'describe', ...id(name))).workflowExecutionInfo
          .searchAttributes;
        const attribute: unknown = JSON.parse(Buffer.from(indexedFields['TidemarkState']?.data ?? 'bnVsbA==', 'base64').toString());
        const [{ currentDetails }] = metadata.parse(await temporal.json('workflow', 'metadata', ...id(name))).queryResult;
        return verb === state && attribute === state && currentDetails.includes(`**${state}**`) ? state : null;
      });
    };
    await shows('registered');
    await stack.call(['apply', '-f', stack.write(name, { profiles: guard + daily })]);
    await shows('scheduled');
    await slowly(async () => {
      await signal(name, 'runNow');
      await shows('processing');
    });
    await shows('processed');
    await stack.call(['apply', '--skip-test', '-f', stack.write(name, { profiles: guard + daily, secret: 'env:TIDEMARK_SECRET_MISSING' })]);
    await signal(name, 'runNow');
    await shows('errored');
    await stack.call(['apply', '-f', stack.write(name, { profiles: guard + daily })]);
    const users: string[] = [];
    for await (const { id: user } of stack.simulator.truth('users')) if (users.length < 60) users.push(String(user));
    await stack.simulator.mutate(users.map((user) => ({ do: 'deleteUser', id: user })));
    await signal(name, 'runNow');
    await shows('held');
    await signal(name, 'pause');
    await shows('paused');
    await signal(name, 'resume');
    await shows('held');
  });

  describe('hostile payloads', () => {
    let name: string;
    beforeAll(async () => {
      name = await applied('hostile');
    });

    const payloads: [string, string][] = [
      ['an array', '[1]'],
      ['a number', '17'],
      ['text', '"default"'],
      ['an unknown profile', '{"profile":"nobody"}'],
      ['a profile that is no text', '{"profile":{"toString":"x"}}'],
      ['an unknown key', '{"profiel":"default"}'],
      ['__proto__', '{"__proto__":{"profile":"default"}}'],
      ['a prototype’s name', '{"profile":"__proto__"}'],
      ['100 KB of text', JSON.stringify({ profile: 'x'.repeat(100_000) })],
    ];
    test.each(payloads)('%s is refused by updates and ignored as a signal', async (_, payload) => {
      const handle = client.workflow.getHandle(connectionId(name));
      for (const what of ['runNow', 'forceFullPull', 'pause', 'resume', 'cancelRun', 'approveRemovals']) {
        await handle.signal(what, JSON.parse(payload));
      }
      expect((await temporal('workflow', 'signal', ...id(name), '--name', 'rejectRemovals', '--input', payload)).code).toBe(0);
      const refused = await temporal('workflow', 'update', 'execute', ...id(name), '--name', 'runNow', '--input', payload);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/Refused: .{10,}/);
      const { state, history, current } = await stateOf(name);
      expect({ state, history: history ?? [], current }).toEqual({ state: 'registered', history: [], current: null });
    });

    test('a megabyte of text, from a file, is refused as well', async () => {
      const file = path.join(stack.directory, 'large.json');
      writeFileSync(file, JSON.stringify({ profile: 'x'.repeat(1_000_000) }));
      await temporal('workflow', 'signal', ...id(name), '--name', 'runNow', '--input-file', file);
      expect((await temporal('workflow', 'update', 'execute', ...id(name), '--name', 'runNow', '--input-file', file)).code).toBe(1);
      expect((await stateOf(name)).state).toBe('registered');
    });

    test('unknown messages: a signal is ignored, an update and a query are refused', async () => {
      expect((await signal(name, 'selfDestruct', { now: true })).code).toBe(0);
      expect((await update(name, 'selfDestruct', { now: true })).stderr).toContain('selfDestruct');
      expect((await temporal('workflow', 'query', ...id(name), '--type', 'secrets')).code).toBe(1);
      expect((await stateOf(name)).state).toBe('registered');
    });
  });
});
