// The reconciler on a real Temporal server and a real database: entities, Schedules, occurrences and runs that are not as they should be.
import type { ScheduleUpdateOptions } from '@temporalio/client';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { Schedule } from '../../src/clients/calendar.ts';
import { describeSchedule } from '../../src/clients/ensureSchedule.ts';
import { ensureReconciler } from '../../src/clients/schedules.ts';
import { createLogger } from '../../src/log.ts';
import { lookBeforeChange } from '../../src/reconcile/beforeChange.ts';
import { reconcileConnections } from '../../src/reconcile/slice.ts';
import { deleteConnection, getConnection } from '../../src/store/connection.ts';
import { readLogs } from '../../src/store/log.ts';
import { readWatches } from '../../src/store/watch.ts';
import { connectionId, pullId, scheduleId } from '../../src/workflows/ids.ts';
import { forceFullPullUpdate, runNowUpdate, stateQuery } from '../../src/workflows/messages.ts';
import { freshDatabase } from '../support/databases.ts';
import { fullRun } from '../support/storing.ts';
import { startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/waiting.ts';
import { gate } from './fakes.ts';
import { until } from './harness.ts';
import { iso, openSite, recurring, type Site } from './reconciling.ts';

const dayMs = 86_400_000;

let site: Site;
/** Streams that are read wait until the test lets them go. */
let held: ReturnType<typeof gate> | null = null;

beforeAll(async () => {
  site = await openSite({
    instead: ({ pullStream }) => ({
      pullStream: async (request) => {
        await held?.slice();
        return pullStream(request);
      },
    }),
  });
});
afterAll(() => site.close());
afterEach(async () => {
  // Each test reconciles its own connections only.
  await site.database.query('update connection set deleted_at = now() where deleted_at is null');
  await site.database.query('delete from watch');
});

const daily = recurring('daily', '2026-05-05T13:09:00Z');
const send = (name: string, update: { readonly name: string }): Promise<unknown> =>
  site.harness.client.workflow.getHandle(connectionId(name)).executeUpdate<unknown, [unknown]>(update.name, { args: [{}] });
const state = (name: string) => site.harness.client.workflow.getHandle(connectionId(name)).query(stateQuery);
const schedule = (name: string, profile = 'default') => site.harness.client.schedule.getHandle(scheduleId(name, profile));
const raw = (name: string, profile = 'default') => describeSchedule(site.harness.client, scheduleId(name, profile));
const told = async (name: string): Promise<string[]> =>
  (await readLogs(site.database, { connection: name, limit: 100 })).map(({ message }) => message);
const forget = (name: string): Promise<unknown> =>
  site.database.query('update watch set since = since - interval $$1 day$$ where connection = $1', [name]);

describe('entities', () => {
  test('one that does not run is started, one that runs is left alone', async () => {
    const name = await site.connect([{ schedule: null }]);
    expect((await site.reconcile()).started).toBe(1);
    await eventually('the entity has settled', 10_000, async () => (await getConnection(site.database, name))?.saved ?? null);
    const handle = site.harness.client.workflow.getHandle(connectionId(name));
    expect(await handle.query(stateQuery)).toMatchObject({ state: 'registered' });
    const signals = async () =>
      (await handle.fetchHistory()).events?.filter((event) => (event.workflowExecutionSignaledEventAttributes ?? null) !== null).length;
    expect(await signals()).toBe(1);
    expect((await site.reconcile()).started).toBe(0);
    expect(await signals()).toBe(1);
  });

  test('terminated with its pull in the middle of a full pull: it comes back, the run ends failed, the next full pull completes', async () => {
    const name = await site.connect([{ schedule: null }]);
    await site.reconcile();
    const { workflow } = site.harness.client;
    held = gate();
    await send(name, runNowUpdate);
    const [first] = await site.runs(name);
    await until(async () => (await site.database.query('select from checkpoint where run = $1', [first?.run ?? 0])).length > 0);
    await workflow.getHandle(connectionId(name)).terminate('by an operator');
    await workflow.getHandle(pullId(name, first?.run ?? 0)).terminate('by an operator');
    held.open();
    held = null;
    expect((await site.reconcile()).started).toBe(1);
    const report = await eventually('the run ends', 30_000, async () => (await site.runs(name))[0]?.report ?? null);
    expect(report).toMatchObject({ verdict: 'failed', error: { code: 'INTERNAL' } });
    await eventually('the entity is idle', 20_000, async () => ((await state(name)).current === null ? true : null));
    await send(name, forceFullPullUpdate);
    const next = await eventually('the next run ends', 30_000, async () => (await site.runs(name))[1]?.report ?? null);
    expect(next).toMatchObject({ mode: 'full', verdict: 'complete' });
  });

  test('a run that no entity holds and whose workflow is gone gets its verdict', async () => {
    const name = await site.connect([{ schedule: null }]);
    await site.reconcile();
    await send(name, runNowUpdate);
    await eventually('the run ends', 30_000, async () => (await site.runs(name))[0]?.report ?? null);
    const [row] = await site.runs(name);
    // As a late attempt of a terminated entity would leave it.
    await site.database.query(
      `insert into run (run, connection, profile, request_id, trigger, nominal_at, started_at, revision, spec, streams)
       select 0, connection, profile, 'late', trigger, nominal_at, now() - interval '1 hour', revision, spec, streams from run where run = $1`,
      [row?.run ?? 0],
    );
    expect((await site.reconcile()).closed).toBe(1);
    expect((await site.runs(name))[0]?.report).toMatchObject({ verdict: 'failed', error: { message: 'The workflow of run 0 is gone.' } });
    expect((await site.reconcile()).closed).toBe(0);
  });
});

describe('Schedules', () => {
  const kinds: readonly (readonly [string, Schedule])[] = [
    ['daily', recurring('daily', '2026-05-05T13:09:00Z', { timezone: 'Asia/Calcutta' })],
    ['hourly', recurring('hourly', '2026-05-05T13:09:00Z')],
    ['15m', recurring('15m', '2026-05-05T13:09:30Z')],
    ['weekly', recurring('weekly', '2026-05-03T13:09:00Z', { timezone: 'Europe/Berlin' })],
    ['monthly', recurring('monthly', '2026-05-31T00:00:00Z', { timezone: 'America/New_York' })],
    ['cron', recurring(null, '2026-05-05T13:09:00Z', { cron: '*/20 1-3,5 * jan-mar sun,1-5/2' })],
    ['cronDays', recurring(null, '2026-05-05T13:09:00Z', { cron: '0 0 13 * 5,7' })],
    ['once', { occurs: 'once', start: '2027-02-28T18:30:00Z', timezone: 'Asia/Calcutta' }],
  ];

  test('one that nobody touched is never written, of whatever kind', async () => {
    const name = await site.connect(kinds.map(([kind, given]) => ({ name: kind, schedule: given })));
    await schedule(name, 'weekly').pause('audit week');
    const tokens = () => Promise.all(kinds.map(async ([kind]) => [kind, (await raw(name, kind))?.conflictToken]));
    const before = await tokens();
    const answer = await site.reconcile();
    expect(answer).toMatchObject({ repaired: 0, failed: 0 });
    expect(await tokens()).toEqual(before);
    // The token does change with a write.
    await schedule(name, 'weekly').unpause();
    expect(await tokens()).not.toEqual(before);
  });

  type Update = (now: ScheduleUpdateOptions) => ScheduleUpdateOptions;
  const changes: Readonly<Record<string, Update>> = {
    time: (now) => ({ ...now, spec: { ...now.spec, calendars: [{ hour: 3 }] } }),
    end: (now) => ({ ...now, spec: { ...now.spec, endAt: new Date('2027-01-01') } }),
    jitter: (now) => ({ ...now, spec: { ...now.spec, jitter: '1h' } }),
    zone: (now) => ({ ...now, spec: { ...now.spec, timezone: 'UTC' } }),
    excluded: (now) => ({ ...now, spec: { ...now.spec, skip: [{ dayOfWeek: 'SUNDAY' }] } }),
    workflow: (now) => ({ ...now, action: { ...now.action, workflowType: 'pull' } }),
    workflowId: (now) => ({ ...now, action: { ...now.action, workflowId: 'tick' } }),
    input: (now) => ({ ...now, action: { ...now.action, args: [{ name: 'somebody', profile: 'default' }] } }),
    taskQueue: (now) => ({ ...now, action: { ...now.action, taskQueue: 'elsewhere' } }),
    timeout: (now) => ({ ...now, action: { ...now.action, workflowExecutionTimeout: '1s' } }),
    overlap: (now) => ({ ...now, policies: { ...now.policies, overlap: 'ALLOW_ALL' } }),
    catchup: (now) => ({ ...now, policies: { ...now.policies, catchupWindow: '365 days' } }),
  };

  test('changed by hand, in whatever: repaired and said; an operator’s pause and note stay', async () => {
    const names = Object.keys(changes);
    const given = recurring('daily', '2026-05-05T13:09:00Z', { timezone: 'Asia/Calcutta' });
    const name = await site.connect(names.map((profile) => ({ name: profile, schedule: given })));
    await site.reconcile();
    await forget(name);
    const wanted = await Promise.all(names.map(async (profile) => (await raw(name, profile))?.schedule));
    for (const [profile, change] of Object.entries(changes)) {
      await schedule(name, profile).update((now) => ({ ...change(now), state: { ...now.state, paused: true, note: 'audit week' } }));
    }
    expect((await site.reconcile()).repaired).toBe(names.length);
    const lines = await told(name);
    for (const [position, profile] of names.entries()) {
      const found = (await raw(name, profile))?.schedule;
      expect(JSON.stringify({ ...found, state: null })).toBe(JSON.stringify({ ...wanted[position], state: null }));
      expect(found?.state).toMatchObject({ paused: true, notes: 'audit week' });
      expect(lines).toContain(`The schedule of ${name}:${profile} was changed by hand and has been repaired.`);
    }
    expect((await site.reconcile()).repaired).toBe(0);
  });

  test('paused by an operator while it is repaired, it stays paused', async () => {
    const name = await site.connect([{ schedule: daily }]);
    await schedule(name).update((now) => ({ ...now, spec: { calendars: [{ hour: 3 }] } }));
    const { client } = site.harness;
    // The operator is between the reconciler's reading and its writing.
    const describe = client.workflowService.describeSchedule.bind(client.workflowService);
    const paused = jest.spyOn(client.workflowService, 'describeSchedule');
    paused.mockImplementationOnce(async (request) => {
      const described = await describe(request);
      await schedule(name).pause('just now');
      return described;
    });
    expect((await reconcileConnections(tools(), null, pace)).repaired).toBe(1);
    paused.mockRestore();
    expect((await schedule(name).describe()).state).toMatchObject({ paused: true, note: 'just now' });
    expect((await raw(name))?.schedule?.spec?.structuredCalendar?.[0]?.hour).toMatchObject([{ start: 13, end: 13 }]);
  });

  test('deleted by hand it is made again, and said', async () => {
    const name = await site.connect([{ schedule: daily }]);
    await site.reconcile();
    await forget(name);
    await schedule(name).delete();
    expect((await site.reconcile()).repaired).toBe(1);
    expect((await raw(name))?.schedule?.state?.paused ?? false).toBe(false);
    expect(await told(name)).toContain(`The schedule of ${name}:default was missing in Temporal and has been made again.`);
  });

  test('those of profiles and connections that are gone are removed', async () => {
    const name = await site.connect([
      { name: 'kept', schedule: daily },
      { name: 'off', schedule: daily },
    ]);
    const deleted = await site.connect([{ schedule: daily }]);
    await site.connect(
      [
        { name: 'kept', schedule: daily },
        { name: 'off', schedule: daily, status: 'inactive' },
      ],
      { name, sync: false },
    );
    await deleteConnection(site.database, deleted, { purge: false });
    expect((await site.reconcile()).removed).toBe(2);
    await expect(schedule(name, 'off').describe()).rejects.toBeInstanceOf(ScheduleNotFoundError);
    await expect(schedule(deleted).describe()).rejects.toBeInstanceOf(ScheduleNotFoundError);
    expect(await raw(name, 'kept')).not.toBeNull();
    expect((await site.reconcile()).removed).toBe(0);
  });

  test('the reconciler’s own: ensured, repaired, and left paused', async () => {
    const { client } = site.harness;
    expect((await ensureReconciler(client)).did).toBe('created');
    expect((await ensureReconciler(client)).did).toBe('nothing');
    const handle = client.schedule.getHandle('tidemark-reconcile');
    await handle.pause('while we move');
    await handle.update((now) => ({ ...now, spec: { intervals: [{ every: '1d' }] } }));
    expect((await ensureReconciler(client)).did).toBe('repaired');
    const { state: found, spec, policies, action } = await handle.describe();
    expect({ found, spec, policies, action }).toMatchObject({
      found: { paused: true, note: 'while we move' },
      spec: { intervals: [{ every: 300_000 }] },
      policies: { overlap: 'SKIP', catchupWindow: 300_000 },
      action: { workflowType: 'reconcile', workflowId: 'tidemark-reconcile', taskQueue: 'tidemark' },
    });
    await handle.trigger();
    const answer = await eventually('the pass ends', 30_000, async () => {
      const [last] = (await handle.describe()).info.recentActions;
      if (last === undefined) return null;
      const { workflowId, firstExecutionRunId } = last.action.workflow;
      expect(workflowId).toMatch(/^tidemark-reconcile-/);
      return client.workflow.getHandle(workflowId, firstExecutionRunId).result();
    });
    expect(answer).toMatchObject({ failed: 0 });
    await handle.delete();
  });
});

describe('I15 every occurrence of a schedule ran or is recorded as skipped, with the reason', () => {
  test('ten days that are backfilled: a row for every occurrence', async () => {
    const name = await site.connect([{ schedule: daily }]);
    await schedule(name).backfill({
      start: new Date('2026-07-01T00:00:00Z'),
      end: new Date('2026-07-11T00:00:00Z'),
      overlap: 'BUFFER_ALL',
    });
    const rows = await eventually('ten rows, none of them waiting', 60_000, async () => {
      const found = await site.occurrences(name);
      return found.length === 10 && found.every(({ outcome }) => outcome !== 'queued') ? found : null;
    });
    expect(rows.map(({ scheduledAt }) => scheduledAt.slice(0, 10))).toEqual(
      Array.from({ length: 10 }, (_, index) => `2026-07-${String(index + 1).padStart(2, '0')}`),
    );
    expect(rows.filter(({ outcome, reason }) => outcome !== 'ran' && reason !== 'the profile is running')).toEqual([]);
    // Looked at, there is nothing to add within these days.
    await site.lookedTill(name, '2026-07-01T00:00:00Z');
    await site.database.query(
      `update connection set spec = jsonb_set(spec, '{profiles,0,schedule,end}', '"2026-07-10T23:00:00Z"') where name = $1`,
      [name],
    );
    await site.reconcile();
    expect(await site.occurrences(name)).toEqual(rows);
  });

  test('a fortnight paused by an operator', async () => {
    const start = iso(Date.now() - 20 * dayMs - 3_600_000);
    const name = await site.connect([{ schedule: recurring('daily', start) }]);
    await schedule(name).pause('audit fortnight');
    await site.lookedTill(name, iso(Date.now() - 14 * dayMs));
    await site.reconcile();
    const rows = await site.occurrences(name);
    expect(rows.map(({ outcome, reason }) => `${outcome}, ${reason ?? ''}`)).toEqual(
      Array.from({ length: 14 }, () => 'skipped, paused: audit fortnight'),
    );
    expect(rows[0]?.scheduledAt).toBe(iso(Date.parse(start) + 7 * dayMs));
    await site.reconcile();
    expect(await site.occurrences(name)).toHaveLength(14);
    expect((await schedule(name).describe()).state).toMatchObject({ paused: true, note: 'audit fortnight' });
    // Gone on with between two looks: what was not fired before was paused too.
    await schedule(name).unpause();
    await site.database.query('update watch set looked_till = looked_till - interval $$1 day$$ where connection = $1', [name]);
    await site.database.query('delete from occurrence where connection = $1 and scheduled_at > now() - interval $$1 day$$', [name]);
    await site.reconcile();
    expect((await site.occurrences(name)).at(-1)).toMatchObject({ outcome: 'skipped', reason: 'paused: audit fortnight' });
  });

  test('one whose Schedule was deleted, and one whose Schedule was changed', async () => {
    const start = iso(Date.now() - 5 * dayMs - 3_600_000);
    const [deleted, changed] = [
      await site.connect([{ schedule: recurring('daily', start) }]),
      await site.connect([{ schedule: recurring('daily', start) }]),
    ];
    await schedule(deleted).delete();
    await schedule(changed).update((now) => ({ ...now, spec: { calendars: [{ hour: 3, month: 'FEBRUARY', dayOfMonth: 30 }] } }));
    for (const name of [deleted, changed]) await site.lookedTill(name, iso(Date.now() - dayMs));
    await site.reconcile();
    expect(await site.occurrences(deleted)).toMatchObject([{ outcome: 'skipped', reason: 'its schedule was missing in Temporal' }]);
    expect(await site.occurrences(changed)).toMatchObject([{ outcome: 'skipped', reason: 'its schedule had been changed by hand' }]);
  });

  test('one whose schedule is changed by apply: what it was is accounted for, what it is begins then', async () => {
    const start = iso(Date.now() - 5 * dayMs - 3_600_000);
    const name = await site.connect([{ schedule: recurring('daily', start) }]);
    await schedule(name).pause('audit');
    await site.lookedTill(name, iso(Date.now() - 2 * dayMs));
    await lookBeforeChange(tools(), (await getConnection(site.database, name))?.spec);
    await site.connect([{ schedule: recurring('15m', start) }], { name });
    await site.reconcile();
    expect((await site.occurrences(name)).map(({ scheduledAt, reason }) => [scheduledAt, reason])).toEqual(
      [4, 5].map((day) => [iso(Date.parse(start) + day * dayMs), 'paused: audit']),
    );
  });

  test('local times that the clock skips, and no occurrence after the end', async () => {
    const given = recurring('daily', '2026-03-27T01:30:00Z', { timezone: 'Europe/Berlin', end: '2026-03-31T12:00:00Z' });
    const name = await site.connect([{ schedule: given }]);
    await site.lookedTill(name, '2026-03-28T12:00:00Z');
    await site.reconcile();
    expect(await site.occurrences(name)).toMatchObject([
      { scheduledAt: '2026-03-29T01:30:00.000Z', outcome: 'skipped', reason: 'no such local time' },
      { scheduledAt: '2026-03-30T00:30:00.000Z', outcome: 'skipped', reason: 'Temporal did not start it' },
      { scheduledAt: '2026-03-31T00:30:00.000Z', outcome: 'skipped', reason: 'Temporal did not start it' },
    ]);
  });

  test('a local time that comes twice runs once', async () => {
    const name = await site.connect([{ schedule: recurring('daily', '2026-10-01T05:30:00Z', { timezone: 'America/New_York' }) }]);
    await schedule(name).backfill({
      start: new Date('2026-11-01T00:00:00Z'),
      end: new Date('2026-11-02T00:00:00Z'),
      overlap: 'BUFFER_ALL',
    });
    const rows = await eventually('both have their rows', 30_000, async () => {
      const found = await site.occurrences(name);
      return found.length === 2 ? found : null;
    });
    expect(rows).toMatchObject([
      { scheduledAt: '2026-11-01T05:30:00.000Z', outcome: 'ran' },
      { scheduledAt: '2026-11-01T06:30:00.000Z', outcome: 'skipped', reason: 'the local hour comes twice, and it ran the first time' },
    ]);
  });

  test('a tick that was ended by hand', async () => {
    const name = await site.connect([{ schedule: daily }]);
    await site.database.query('update connection set deleted_at = now() where name = $1', [name]);
    const at = '2026-07-01T13:09:00.000Z';
    await schedule(name).backfill({
      start: new Date('2026-07-01T00:00:00Z'),
      end: new Date('2026-07-02T00:00:00Z'),
      overlap: 'BUFFER_ALL',
    });
    await until(async () => (await schedule(name).describe()).info.recentActions.length === 1);
    await eventually('the tick has ended', 20_000, () =>
      site.harness.client.workflow.getHandle(`tick:${name}:default-2026-07-01T13:09:00Z`).result(),
    );
    await site.database.query('update connection set deleted_at = null where name = $1', [name]);
    await site.database.query('delete from occurrence where connection = $1', [name]);
    await site.lookedTill(name, '2026-07-01T00:00:00Z');
    await site.reconcile();
    expect((await site.occurrences(name))[0]).toMatchObject({ scheduledAt: at, reason: 'its tick ended without an answer' });
  });

  test('more than Temporal lists at once', async () => {
    const name = await site.connect([{ schedule: recurring('15m', iso(Date.now() - 60 * dayMs)) }]);
    await schedule(name).update((now) => ({ ...now, state: { paused: true } }));
    await site.lookedTill(name, iso(Date.now() - 30 * dayMs));
    await site.reconcile();
    const rows = await site.occurrences(name);
    expect(rows.length).toBeGreaterThanOrEqual(30 * 96 - 1);
    expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(['paused']));
  });
});

test('a past start fires nothing for the past', async () => {
  const before = Date.now();
  const name = await site.connect([{ schedule: recurring('1m', iso(before - 3_600_000 - 30_000)) }]);
  await site.lookedTill(name, iso(before));
  const { info } = await schedule(name).describe();
  expect(info.nextActionTimes[0]?.getTime() ?? 0).toBeGreaterThan(before);
  expect((await site.occurrences(name)).filter(({ scheduledAt }) => Date.parse(scheduledAt) < before)).toEqual([]);
  await schedule(name).delete();
  await deleteConnection(site.database, name, { purge: true });
});

/** The profiles that are flagged, and since when they had no success. */
async function overdueProfiles(name: string) {
  const { watches } = await readWatches(site.database, [name]);
  return watches.flatMap(({ connection, profile, overdueSince: since }) => (since === null ? [] : [{ connection, profile, since }]));
}

describe('a profile without success for two of its periods', () => {
  test('is flagged once, and no longer when it succeeds', async () => {
    const start = iso(Date.now() - 10 * dayMs);
    const name = await site.connect([{ schedule: recurring('daily', start) }]);
    await site.reconcile();
    expect(await overdueProfiles(name)).toEqual([]);
    const since = iso(Date.now() - 2 * dayMs - 60_000);
    await site.database.query('update watch set since = $2 where connection = $1', [name, since]);
    await site.reconcile();
    await site.reconcile();
    expect(await overdueProfiles(name)).toEqual([{ connection: name, profile: 'default', since }]);
    const warning = `${name}:default has had no complete run since ${since}: two of its periods or longer.`;
    expect((await told(name)).filter((message) => message === warning)).toHaveLength(1);
    await send(name, runNowUpdate);
    await eventually('the run ends', 30_000, async () => (await site.runs(name))[0]?.report ?? null);
    await site.reconcile();
    expect(await overdueProfiles(name)).toEqual([]);
  });

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['an operator’s pause', (name) => schedule(name).pause('audit')],
    ['the connection’s pause', (name) => site.database.query(`update connection set state = '{"paused":true}' where name = $1`, [name])],
  ])('is not flagged while %s explains it', async (_, pause) => {
    const name = await site.connect([{ schedule: recurring('daily', iso(Date.now() - 10 * dayMs)) }]);
    await site.database.query(`update watch set since = now() - interval '5 days' where connection = $1`, [name]);
    await pause(name);
    await reconcileConnections(tools(), null, pace);
    expect(await overdueProfiles(name)).toEqual([]);
  });
});

const pace = { limit: 1000, lastsMs: 60_000, alive: () => undefined, signal: new AbortController().signal };
const tools = () => ({ client: site.harness.client, database: site.database, logger: createLogger('silent'), build: null });

describe('what stands in its way', () => {
  test('while the database is away it waits, and goes on when it is back', async () => {
    const postgres = await startPostgres();
    if (postgres === null) throw new Error('There is no PostgreSQL on this machine.');
    const away = await openSite({ database: await freshDatabase(postgres.url) });
    try {
      const name = await away.connect([{ schedule: daily }]);
      await postgres.kill();
      const passing = away.reconcile();
      await until(async () => {
        const { executions } = await away.harness.client.workflowService.listOpenWorkflowExecutions({ namespace: away.harness.namespace });
        return executions.length === 1;
      });
      await postgres.restart();
      expect(await passing).toMatchObject({ connections: 1, started: 1, failed: 0 });
      expect(await describeSchedule(away.harness.client, scheduleId(name, 'default'))).not.toBeNull();
    } finally {
      await away.close();
      await postgres.stop();
    }
  });

  test('a connection whose row cannot be read keeps no other from being reconciled', async () => {
    const broken = await site.connect([{ schedule: null }], { name: 'a-broken' });
    const name = await site.connect([{ schedule: null }]);
    await site.database.query(`update connection set spec = '{}' where name = $1`, [broken]);
    expect(await site.reconcile()).toMatchObject({ failed: 1, started: 1 });
    expect(await eventually('the entity answers', 10_000, () => state(name))).toMatchObject({ state: 'registered' });
    await deleteConnection(site.database, broken, { purge: true });
  });

  test('it goes through the connections in slices, and ends after the one under way when it must', async () => {
    for (let count = 0; count < 10; count += 1) await site.connect([{ schedule: null }]);
    const seen: (string | null)[] = [];
    let after: string | null = null;
    do {
      const slice: Awaited<ReturnType<typeof reconcileConnections>> = await reconcileConnections(tools(), after, { ...pace, limit: 3 });
      expect(slice.connections).toBeLessThanOrEqual(3);
      after = slice.after;
      seen.push(after);
    } while (after !== null);
    expect(seen).toHaveLength(4);
    const stopping = new AbortController();
    const cut = await reconcileConnections(tools(), null, {
      ...pace,
      limit: 3,
      alive: () => stopping.abort(),
      signal: stopping.signal,
    });
    expect(cut.connections).toBe(1);
    expect(cut.after).not.toBeNull();
  });

  test('however slow they are, a slice ends in time and the next one goes on: none begins with the first again', async () => {
    const names = [];
    for (let count = 0; count < 3; count += 1) names.push(await site.connect([{ schedule: null }]));
    const seen: (string | null)[] = [];
    do {
      const { connections, after } = await reconcileConnections(tools(), seen.at(-1) ?? null, { ...pace, lastsMs: 0 });
      expect(connections).toBe(1);
      seen.push(after);
    } while (seen.at(-1) !== null);
    const [first, second] = names.toSorted();
    expect(seen).toEqual([first, second, null]);
  });
});

test('what runs changed is forgotten after the retention, and not before', async () => {
  const { database } = site;
  const name = await site.connect([{ schedule: null }]);
  const { run } = await fullRun(database, name, { objects: { a: {} } });
  const kept = (): Promise<unknown[]> => database.query('select from run_change where run = $1', [Number(run.split(':')[1])]);
  await site.reconcile();
  expect(await kept()).not.toEqual([]);
  await database.query(`update run set finished_at = now() - interval '31 days' where verdict is not null`);
  await site.reconcile();
  expect(await kept()).toEqual([]);
});
