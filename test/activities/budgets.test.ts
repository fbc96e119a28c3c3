// One tenant's budget, shared through a real database by sources as two workers have them; the simulator counts what is sent.
import { randomUUID } from 'node:crypto';
import { noopMetricMeter } from '@temporalio/common';
import { createBudgets } from '../../src/activities/budgets.ts';
import { createCredentials } from '../../src/activities/credentials.ts';
import { createActivities } from '../../src/activities/index.ts';
import { createSources, type Sources } from '../../src/activities/sources.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import { shippedTimings } from '../../src/config.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import type { Timings } from '../../src/model.ts';
import type { TidemarkError } from '../../src/errors.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Database } from '../../src/store/database.ts';
import { readProgress } from '../../src/store/walk.ts';
import { planOf } from '../../src/workflows/pull.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { freshDatabase } from '../support/databases.ts';
import { putSimulated } from '../support/pulling.ts';
import { eventually } from '../support/waiting.ts';
import { inActivity } from './context.ts';
import { secretSources } from '../support/secretSources.ts';

let database: Database;
let simulator: Simulator;
const opened: Sources[] = [];

beforeAll(async () => {
  database = await freshDatabase();
});
beforeEach(async () => {
  // A tenant of its own for each test: its origin is the key's.
  simulator = await startSimulator({ users: 100, settings: { quota: null } });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sources) => sources.close()));
  await simulator.close();
});
afterAll(() => database.close());

const config = (timings: Partial<Timings> = {}) => ({
  timings: { ...shippedTimings, ...timings },
  secrets: secretSources({ env: { TIDEMARK_SECRET_TEST: simulator.clientSecret } }),
  allowedOrigins: [],
  proxy: { url: null, except: null },
  ordersDir: null,
  lists: { kevFile: null, epssFile: null },
});

/** What a worker has: its own connections to the database are the pool's. */
function worker(): Sources {
  const sources = createSources(
    config(),
    createBudgets(database, config()),
    createCredentials({ database, config: config(), logger: createLogger('silent') }),
  );
  opened.push(sources);
  return sources;
}

const connection = (streams = ['users']): Promise<ConnectionSpec> =>
  putSimulated({ database, simulator, name: `b-${randomUUID()}`, streams });

const patient: FetchOptions = { signal: new AbortController().signal, longestWaitMs: 60_000 };

const readUsers = (source: Source, options: FetchOptions = patient): ReturnType<Source['page']> =>
  source.page(source.link({ path: 'users', select: ['id'], top: 999 }), options);

const failureOf = (work: Promise<unknown>): Promise<TidemarkError> =>
  work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: TidemarkError) => error,
  );

/** Of the directory, sent so far. */
/** What belongs to no stream is asked once a day. */
const sent = (): number => simulator.requests().filter(({ path, phase }) => path.startsWith('/v1.0/') && phase !== 'application').length;

const isBlocked = async (): Promise<boolean> => {
  const rows = await database.query<{ blocked: boolean }>(
    'select blocked_until > clock_timestamp() as blocked from throttle where origin = $1',
    [simulator.origin],
  );
  return rows.some(({ blocked }) => blocked);
};

test('what one worker is told, the other waits for: it sends nothing until then, and both go on', async () => {
  const [first, second] = [worker().sourceFor(await connection()), worker().sourceFor(await connection())];
  simulator.addFaults([{ match: '/v1\\.0/', times: 1, fault: { kind: 'throttle', retryAfter: 3 } }]);
  const began = performance.now();
  const told = readUsers(first);
  await eventually('the block is stored', 2_500, isBlocked);
  let other: number | null = null;
  const waiting = readUsers(second).finally(() => (other = performance.now() - began));
  await eventually('the block ends', 5_000, async () => {
    if (!(await isBlocked())) return true;
    // Nobody but the one who was told has asked.
    expect([sent(), other]).toEqual([1, null]);
    return null;
  });
  await expect(told).resolves.toMatchObject({ requests: 2 });
  await expect(waiting).resolves.toMatchObject({ requests: 1 });
  expect(other).toBeGreaterThanOrEqual(3_000);
});

test('a worker that has just looked learns of it within a second', async () => {
  const [first, second] = [worker().sourceFor(await connection()), worker().sourceFor(await connection())];
  await readUsers(second);
  simulator.addFaults([{ match: '/v1\\.0/', times: 1, fault: { kind: 'throttle', retryAfter: 6 } }]);
  const told = readUsers(first);
  await eventually('the block is stored', 2_000, isBlocked);
  const since = performance.now();
  const impatient = { ...patient, longestWaitMs: 0 };
  let last = since;
  const refused = await eventually('it learns', 5_000, async () => {
    try {
      await readUsers(second, impatient);
      last = performance.now();
      return null;
    } catch (error) {
      return error as TidemarkError;
    }
  });
  expect(refused.code).toBe('SOURCE_THROTTLED');
  expect(last - since).toBeLessThan(1_500);
  await told;
});

test('another application in the same tenant has a budget of its own; another connection of the same has not', async () => {
  const spec = await connection();
  const sources = worker();
  const budgetOf = createBudgets(database, config());
  await budgetOf(spec).refused(20_000);
  const same = { ...spec, name: 'same' };
  const other = { ...spec, name: 'other', credentials: { ...spec.credentials, clientId: randomUUID() } };
  expect(budgetOf(same)).toBe(budgetOf(spec));
  expect((await budgetOf(other).standing()).waitMs).toBe(0);
  const error = await failureOf(readUsers(sources.sourceFor(same), { ...patient, longestWaitMs: 1_000 }));
  expect(error).toMatchObject({ code: 'SOURCE_THROTTLED', details: { requests: 0 } });
  expect(simulator.requests()).toEqual([]);
});

test('a warning slows both', async () => {
  const [first, second] = [worker().sourceFor(await connection()), worker().sourceFor(await connection())];
  simulator.addFaults([{ match: '/v1\\.0/', times: 1, fault: { kind: 'header', name: 'x-ms-throttle-limit-percentage', value: '1.0' } }]);
  await expect(readUsers(first)).resolves.toMatchObject({ throttledMs: 0 });
  const pages = [await readUsers(second), await readUsers(first)];
  for (const { throttledMs, requests } of pages) {
    expect(requests).toBe(1);
    expect(throttledMs).toBeGreaterThan(600);
    expect(throttledMs).toBeLessThanOrEqual(1_000);
  }
});

test('waits that the source does not tell grow for all together', async () => {
  const [first, second] = [worker().sourceFor(await connection()), worker().sourceFor(await connection())];
  simulator.addFaults([{ match: '/v1\\.0/', times: 2, fault: { kind: 'throttle' } }]);
  const refusals = (): Promise<object[]> => database.query('select refusals from throttle where origin = $1', [simulator.origin]);
  await readUsers(first, { ...patient, longestWaitMs: 0 }).catch(() => undefined);
  expect(await refusals()).toEqual([{ refusals: 1 }]);
  const again = readUsers(second);
  await eventually('it is refused too', 5_000, async () => (sent() === 2 ? true : null));
  await eventually('that is the second in a row', 2_000, async () => JSON.stringify(await refusals()) === '[{"refusals":2}]');
  await again;
  expect([sent(), await refusals()]).toEqual([3, [{ refusals: 0 }]]);
});

test('a run that is stopped while its tenant is blocked ends at once', async () => {
  const spec = await connection();
  const budgetOf = createBudgets(database, config());
  await budgetOf(spec).refused(30_000);
  const stop = new AbortController();
  const source = worker().sourceFor(spec);
  const began = performance.now();
  const waiting = readUsers(source, { ...patient, signal: stop.signal, alive: (waitMs) => void (waitMs !== undefined && stop.abort()) });
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect(performance.now() - began).toBeLessThan(2_000);
});

describe('a run', () => {
  /** The activities of a worker, with the statements they send counted by what they are about. */
  function counted(): { readonly activities: ReturnType<typeof createActivities>; readonly statements: string[] } {
    const statements: string[] = [];
    const noting: Database = {
      query: (sql, params) => (statements.push(sql), database.query(sql, params)),
      batch: (list) => (statements.push(...list.map(({ sql }) => sql)), database.batch(list)),
      transaction: (work) =>
        database.transaction((transaction) => work({ query: (sql, params) => (statements.push(sql), transaction.query(sql, params)) })),
      close: () => Promise.resolve(),
    };
    const activities = createActivities({
      database: noting,
      client: null,
      config: { ...config(), admission: { atOnce: 20, perTenant: 4 }, changesDays: 30, ordersDays: 400, exportDir: '/nowhere' },
      logger: createLogger('silent'),
      metrics: createMetrics(noopMetricMeter),
      build: null,
      draining: new AbortController().signal,
    });
    return { activities, statements };
  }

  async function begin(activities: ReturnType<typeof createActivities>, streams: string[]) {
    const { name } = await connection(streams);
    const asked = {
      requestId: 'r',
      connection: name,
      profile: 'default',
      trigger: 'manual',
      scheduledAt: null,
      highestRunSeen: 0,
    } as const;
    const result = await inActivity({}, () => activities.openRun(asked));
    if (result.kind !== 'opened') throw new Error('It has ended.');
    const { run } = result.opened;
    const plan = planOf(result.opened);
    await inActivity({}, () => activities.planRun({ run, connection: name, plan }));
    return { run, connection: name, timings: shippedTimings };
  }

  test('that meets a block of an hour costs no request and leaves the worker', async () => {
    const { activities } = counted();
    const run = await begin(activities, ['users']);
    await createBudgets(database, config())(await connection()).refused(3_600_000);
    const result = await inActivity({}, () => activities.pullStream({ ...run, stream: 'users' }));
    expect(result).toEqual({ kind: 'wait', waitMs: expect.any(Number) as number });
    if (result.kind === 'wait') expect(result.waitMs).toBeGreaterThan(3_590_000);
    expect(simulator.requests()).toEqual([]);
  });

  test('of 2,000 users that nobody throttles costs a request a page, and a statement a second', async () => {
    await simulator.close();
    simulator = await startSimulator({ users: 2_000, settings: { quota: null } });
    const { activities, statements } = counted();
    const began = performance.now();
    const streams = ['users', 'groups', 'roles', 'appRoleAssignments'];
    const run = await begin(activities, streams);
    for (const stream of streams) {
      await expect(inActivity({}, () => activities.pullStream({ ...run, stream }))).resolves.toEqual({ kind: 'done' });
    }
    const pages = (await readProgress(database, run.run)).reduce((sum, stream) => sum + stream.pages, 0);
    expect([sent(), pages]).toEqual([16, 16]);
    const seconds = Math.ceil((performance.now() - began) / 1000);
    const of = (table: RegExp): string[] => statements.filter((sql) => table.test(sql));
    expect(of(/throttle\b/).length).toBeLessThanOrEqual(seconds + 1);
    expect(of(/(insert into|update) throttle\b/)).toEqual([]);
    expect(of(/claim_slot/)).toHaveLength(1);
  });

  test('sends all of its requests as background work', async () => {
    const { activities } = counted();
    const run = await begin(activities, ['users']);
    await inActivity({}, () => activities.pullStream({ ...run, stream: 'users' }));
    const priorities = simulator
      .requests()
      .filter(({ path }) => path.startsWith('/v1.0/'))
      .map(({ headers }) => headers['x-ms-throttle-priority']);
    expect(new Set(priorities)).toEqual(new Set(['low']));
  });
});

test('the table holds what identifies a budget, and times', async () => {
  const budgetOf = createBudgets(database, config());
  await budgetOf(await connection()).refused(1_000);
  const rows = await database.query('select * from throttle where origin = $1', [simulator.origin]);
  expect(rows).toEqual([
    {
      origin: simulator.origin,
      tenant: simulator.tenantId,
      client: simulator.clientId,
      blocked_until: expect.any(String) as string,
      refusals: 1,
      pace_ms: 0,
      paced_at: expect.any(String) as string,
    },
  ]);
});
