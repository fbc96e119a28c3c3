// The activities on a real database and the simulator, each called twice where it may be: what Temporal repeats changes nothing.
import { randomUUID } from 'node:crypto';
import { noopMetricMeter } from '@temporalio/common';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createActivities } from '../../src/activities/index.ts';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import type { Activities, OpenRequest } from '../../src/activities/types.ts';
import { shippedTimings } from '../../src/config.ts';
import type { OpenedRun, SliceResult, Timings } from '../../src/model.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { deleteConnection, getConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { listOccurrences } from '../../src/store/occurrence.ts';
import { readLogs } from '../../src/store/log.ts';
import { readReport } from '../../src/store/run.ts';
import { readCheckpoint } from '../../src/store/walk.ts';
import { planOf } from '../../src/workflows/pull.ts';
import { freshDatabase } from '../support/databases.ts';
import { putSimulated } from '../support/pulling.ts';
import { type Attempt, inActivity } from './context.ts';
import { secretSources } from '../support/secretSources.ts';

let database: Database;
let simulator: Simulator;

beforeAll(async () => {
  database = await freshDatabase();
  simulator = await startSimulator({ users: 300 });
});
afterAll(async () => {
  await simulator.close();
  await database.close();
});

const never = new AbortController().signal;

const inside = <T>(act: () => Promise<T>): Promise<T> => inActivity({}, act);

interface Site {
  readonly name: string;
  readonly activities: Activities;
  open(more?: Partial<OpenRequest>): Promise<OpenedRun>;
  read(opened: OpenedRun, stream: string, attempt?: Attempt): Promise<SliceResult>;
}

async function site(
  more: { readonly draining?: AbortSignal; readonly secret?: string; readonly timings?: Partial<Timings> } = {},
): Promise<Site> {
  const name = `act-${randomUUID()}`;
  await putSimulated({ database, simulator, name, streams: ['users', 'roles'] });
  const timings: Timings = { ...shippedTimings, ...more.timings };
  const dependencies: Dependencies = {
    database,
    client: null,
    config: {
      timings,
      // Runs are left open here.
      admission: { atOnce: 100, perTenant: 100 },
      changesDays: 30,
      ordersDays: 400,
      exportDir: '/nowhere',
      secrets: secretSources({ env: more.secret === undefined ? { TIDEMARK_SECRET_TEST: simulator.clientSecret } : {} }),
      allowedOrigins: [],
      proxy: { url: null, except: null },
      ordersDir: null,
      lists: { kevFile: null, epssFile: null },
    },
    logger: createLogger('silent'),
    metrics: createMetrics(noopMetricMeter),
    build: null,
    draining: more.draining ?? never,
  };
  const activities = createActivities(dependencies);
  return {
    name,
    activities,
    async open(request) {
      const asked = {
        requestId: 'first',
        connection: name,
        profile: 'default',
        trigger: 'manual',
        scheduledAt: null,
        highestRunSeen: 0,
        ...request,
      } as const;
      const result = await inside(() => activities.openRun(asked));
      if (result.kind !== 'opened') throw new Error('It has ended.');
      await inside(() => activities.planRun({ run: result.opened.run, connection: name, plan: planOf(result.opened) }));
      return result.opened;
    },
    read: ({ run }, stream, attempt = {}) => inActivity(attempt, () => activities.pullStream({ run, connection: name, stream, timings })),
  };
}

test('streams that are read along with another are read after its end, by one activity', async () => {
  const { name, activities, open } = await site();
  const { run } = await open({ requestId: 'along' });
  const request = { run, connection: name, stream: 'roles', along: ['users'], timings: shippedTimings };
  for (let time = 0; time < 2; time += 1) expect(await inside(() => activities.pullStream(request))).toEqual({ kind: 'done' });
  expect(await inside(() => activities.settle(request))).toEqual([
    { stream: 'roles', outcome: 'complete', error: null },
    { stream: 'users', outcome: 'complete', error: null },
  ]);
});

test('a run from its opening to its end, every step repeated', async () => {
  const { name, activities, open, read } = await site();
  const opened = await open({ trigger: 'schedule', scheduledAt: '2026-05-05T13:09:00.000Z', requestId: 'due' });
  expect(await open({ trigger: 'schedule', scheduledAt: '2026-05-05T13:09:00.000Z', requestId: 'due' })).toEqual(opened);
  expect(opened).toMatchObject({
    connection: name,
    profile: 'default',
    trigger: 'schedule',
    nominalAt: '2026-05-05T13:09:00.000Z',
    baseline: null,
  });
  expect(opened.facts.map(({ stream, delta }) => [stream, delta])).toEqual([
    ['users', true],
    ['roles', false],
  ]);
  const { run } = opened;
  expect(await listOccurrences(database, { connection: name, limit: 5 })).toMatchObject([{ run, outcome: 'ran' }]);
  for (const stream of ['users', 'roles', 'users', 'roles']) expect(await read(opened, stream)).toEqual({ kind: 'done' });
  const place = { run, connection: name, timings: shippedTimings };
  const complete = [
    { stream: 'roles', outcome: 'complete', error: null },
    { stream: 'users', outcome: 'complete', error: null },
  ];
  expect(await inside(() => activities.settle(place))).toEqual(complete);
  expect(await inside(() => activities.settle(place))).toEqual(complete);
  const finish = { run, connection: name, verdict: 'complete', error: null, reason: null } as const;
  const brief = await inside(() => activities.finishRun(finish));
  expect(brief).toMatchObject({ run, profile: 'default', mode: 'full', verdict: 'complete', error: null });
  expect(await inside(() => activities.finishRun({ ...finish, verdict: 'failed' }))).toEqual(brief);
  expect(
    await inside(() =>
      activities.openRun({
        requestId: 'due',
        connection: name,
        profile: 'default',
        trigger: 'schedule',
        scheduledAt: null,
        highestRunSeen: run,
      }),
    ),
  ).toEqual({
    kind: 'ended',
    brief,
  });
  expect(await inside(() => activities.awaitRun(place))).toEqual({ kind: 'ended', brief });
  const next = await open({ requestId: 'second', highestRunSeen: run });
  expect(next.facts.find(({ stream }) => stream === 'users')?.cursor).not.toBeNull();
  const lines = await readLogs(database, { connection: name, run, limit: 50 });
  expect(lines.map(({ message }) => message)).toEqual(
    expect.arrayContaining([`Run ${run} of default opened.`, 'full pull: first run.', `Run ${run} ended complete.`]),
  );
});

test('the run keeps the configuration it began with', async () => {
  const { name, open, read } = await site();
  const opened = await open();
  await putSimulated({ database, simulator, name, streams: ['users'] });
  expect(await read(opened, 'roles')).toEqual({ kind: 'done' });
  expect((await open({ requestId: 'second' })).facts.map(({ stream }) => stream)).toEqual(['users']);
});

test('a secret that cannot be read ends the stream as failed, and the report says so', async () => {
  const { name, activities, open, read } = await site({ secret: 'missing' });
  const opened = await open();
  const result = await read(opened, 'users');
  expect(result).toMatchObject({
    kind: 'failed',
    error: { code: 'SECRET_UNAVAILABLE', message: expect.stringContaining('env:TIDEMARK_SECRET_TEST') as string },
  });
  const { run } = opened;
  await inside(() => activities.finishRun({ run, connection: name, verdict: 'failed', error: null, reason: null }));
  expect((await readReport(database, run))?.streams).toMatchObject([
    { stream: 'users', outcome: 'failed', error: { code: 'SECRET_UNAVAILABLE' } },
    { stream: 'roles' },
  ]);
});

test('a draining worker ends the slice at the page boundary; another goes on from there', async () => {
  const draining = new AbortController();
  const first = await site({ draining: draining.signal });
  const opened = await first.open();
  draining.abort();
  expect(await first.read(opened, 'users')).toEqual({ kind: 'more' });
  const cancelled = new AbortController();
  cancelled.abort();
  expect(await first.read(opened, 'users', { cancelled: cancelled.signal })).toEqual({ kind: 'more' });
  expect((await readCheckpoint(database, { run: opened.run, stream: 'users' })).outcome).toBeNull();
});

test('an attempt that another run has overtaken ends as stale', async () => {
  const { open, read } = await site();
  const opened = await open();
  await open({ requestId: 'second' });
  await expect(read(opened, 'users')).rejects.toMatchObject({ type: 'STALE_ATTEMPT', nonRetryable: true });
});

test('two attempts of one stream: what meets the other comes again, and all is read once', async () => {
  const { open, read } = await site();
  const opened = await open();
  const kinds = await Promise.all([read(opened, 'users'), read(opened, 'users')]);
  expect(kinds.map(({ kind }) => kind).every((kind) => kind === 'done' || kind === 'more')).toBe(true);
  expect(await read(opened, 'users')).toEqual({ kind: 'done' });
  expect((await readReport(database, opened.run))?.streams.find(({ stream }) => stream === 'users')).toMatchObject({
    read: 300,
    added: 300,
  });
});

test('a dead source is retried, with the time it took noted', async () => {
  const { open, read } = await site();
  const opened = await open();
  simulator.addFaults([{ fault: { kind: 'status', status: 503 }, times: 40 }]);
  await expect(read(opened, 'roles', { attempt: 3 })).rejects.toMatchObject({ type: 'SOURCE_UNAVAILABLE', nonRetryable: false });
  simulator.clearFaults();
  expect((await readCheckpoint(database, { run: opened.run, stream: 'roles' })).workedMs).toBeGreaterThanOrEqual(
    4 * shippedTimings.retryInitialMs,
  );
});

test('a connection that is not there is refused', async () => {
  const { name, activities } = await site();
  const asked = { requestId: 'x', connection: name, profile: 'default', trigger: 'manual', scheduledAt: null, highestRunSeen: 0 } as const;
  await expect(inside(() => activities.openRun({ ...asked, profile: 'nobody' }))).rejects.toMatchObject({
    type: 'CONFIG_INVALID',
    nonRetryable: true,
  });
  await deleteConnection(database, name, { purge: false });
  await expect(inside(() => activities.openRun(asked))).rejects.toMatchObject({ type: 'CONFIG_INVALID', nonRetryable: true });
  expect(await inside(() => activities.loadConnection({ name }))).toBeNull();
});

test('the entity finds what it saved, and what the database knows of its runs', async () => {
  const { name, activities, open } = await site();
  const { run } = await open();
  await inside(() =>
    activities.finishRun({
      run,
      connection: name,
      verdict: 'failed',
      error: { code: 'SOURCE_FORBIDDEN', message: 'No.', hint: 'Grant it.' },
      reason: null,
    }),
  );
  const left = await open({ requestId: 'second', highestRunSeen: run });
  const paused = { since: '2026-05-05T00:00:00.000Z', reason: 'maintenance', skipped: { default: '2026-05-06T00:00:00.000Z' } };
  const lastError = { code: 'SOURCE_FORBIDDEN', message: 'No.', hint: 'Grant it.' } as const;
  const state = {
    state: 'paused',
    since: paused.since,
    connector: 'entra-identity',
    profiles: [],
    current: null,
    held: null,
    lastError,
    paused,
    settled: { default: 'errored' },
  } as const;
  await inside(() => activities.saveState({ name, state }));
  expect((await getConnection(database, name))?.saved).toMatchObject({ state: 'paused', since: paused.since, paused: true, lastError });
  expect(await inside(() => activities.loadConnection({ name }))).toMatchObject({
    connector: 'entra-identity',
    profiles: [
      {
        name: 'default',
        status: 'active',
        scheduled: false,
        settled: 'errored',
        lastRun: { run, verdict: 'failed' },
        lastFull: null,
        upcoming: [],
      },
    ],
    history: [{ run, verdict: 'failed' }],
    highestRun: left.run,
    unfinished: [{ run: left.run, profile: 'default' }],
    saved: { state: 'paused', since: paused.since, paused, lastError },
    searchAttributes: {},
  });
});

test('a run that nobody ends is waited for a slice long', async () => {
  const { name, activities, open } = await site({ timings: { sliceMs: 600 } });
  const { run, timings } = await open();
  expect(await inside(() => activities.awaitRun({ run, connection: name, timings }))).toEqual({ kind: 'running' });
});

test('a complete full pull that read nothing where nothing was before says so once, with what to check', async () => {
  const { name, activities, open, read } = await site();
  simulator.addFaults([{ phase: 'list', match: '/v1\\.0/users', fault: { kind: 'body', text: '{"value":[]}' } }]);
  try {
    const opened = await open();
    for (const stream of ['users', 'roles']) expect(await read(opened, stream)).toEqual({ kind: 'done' });
    const place = { run: opened.run, connection: name };
    await inside(() => activities.settle({ ...place, timings: shippedTimings }));
    const brief = await inside(() => activities.finishRun({ ...place, verdict: 'complete', error: null, reason: null }));
    expect(brief.verdict).toBe('complete');
  } finally {
    simulator.clearFaults();
  }
  const lines = async () => (await readLogs(database, { connection: name, limit: 100 })).filter(({ level }) => level === 'warning');
  expect(await lines()).toMatchObject([
    {
      message: 'The source has none of these: users.',
      details: {
        hint: 'Check that the app registration has User.Read.All with admin consent (a green check mark under API permissions), and in the Azure portal that there are any in this tenant.',
      },
    },
  ]);
  const again = await open({ requestId: 'second' });
  for (const stream of ['users', 'roles']) await read(again, stream);
  await inside(() => activities.settle({ run: again.run, connection: name, timings: shippedTimings }));
  await inside(() => activities.finishRun({ run: again.run, connection: name, verdict: 'complete', error: null, reason: null }));
  expect(await lines()).toHaveLength(1);
});
