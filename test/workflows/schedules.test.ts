// Schedules on a real Temporal server: when they fire, asked of Temporal itself; what an operator did is left alone; ticks end with an answer.
import { ScheduleNotFoundError } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { msToTs, tsToDate } from '@temporalio/common/lib/time.js';
import { askPullDue } from '../../src/activities/askPullDue.ts';
import { deleteSchedules, schedulePlan, syncSchedules } from '../../src/clients/schedules.ts';
import type { Schedule } from '../../src/clients/calendar.ts';
import { catchupWindowMs } from '../../src/clients/scheduleSpec.ts';
import type { ProfileSpec } from '../../src/connectors/spec.ts';
import { scheduleId } from '../../src/workflows/ids.ts';
import { fakeActivities, FakeStore, untilStopped } from './fakes.ts';
import { type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
const stores = new Map<string, FakeStore>();

beforeAll(async () => {
  const activities = fakeActivities((name) => {
    const store = stores.get(name);
    if (store === undefined) throw new Error(`no store ${name}`);
    return store;
  });
  harness = await startHarness({ ...activities, askPullDue: (input) => askPullDue({ client: harness.client }, input) });
});
afterAll(() => harness.stop());

const profile = (name: string, schedule: Schedule | null, status: ProfileSpec['status'] = 'active'): ProfileSpec => ({
  name,
  description: '',
  status,
  streams: null,
  maps: {},
  schedule,
  baseline: null,
});

const recurring = (
  every: string | null,
  start: string,
  timezone: string,
  more: Partial<Extract<Schedule, { occurs: 'recurring' }>> = {},
): Schedule => ({
  occurs: 'recurring',
  every,
  cron: null,
  start,
  end: '2036-01-01T00:00:00Z',
  timezone,
  ...more,
});

/** The nominal times in the span, as Temporal itself lists them. */
async function matching(schedule: Schedule, from: string, to: string): Promise<string[]> {
  const name = `s-${randomUUID()}`;
  await syncSchedules(harness.client, { name, profiles: [profile('default', schedule)] });
  const { startTime } = await harness.client.workflowService.listScheduleMatchingTimes({
    namespace: harness.namespace,
    scheduleId: scheduleId(name, 'default'),
    startTime: msToTs(Date.parse(from)),
    endTime: msToTs(Date.parse(to)),
  });
  await deleteSchedules(harness.client, name, ['default']);
  return startTime.map((time) => tsToDate(time).toISOString().replace('.000Z', 'Z'));
}

describe('nominal times', () => {
  test.each<[string, Schedule, string, string, string[]]>([
    [
      'daily, on the wall clock of the zone, from the start on',
      recurring('daily', '2026-05-05T13:09:00Z', 'Asia/Calcutta'),
      '2026-05-03T00:00:00Z',
      '2026-05-08T00:00:00Z',
      ['2026-05-05T13:09:00Z', '2026-05-06T13:09:00Z', '2026-05-07T13:09:00Z'],
    ],
    [
      'daily, until the end',
      recurring('daily', '2026-05-05T13:09:00Z', 'UTC', { end: '2026-05-07T13:09:00Z' }),
      '2026-05-06T00:00:00Z',
      '2026-06-08T00:00:00Z',
      ['2026-05-06T13:09:00Z', '2026-05-07T13:09:00Z'],
    ],
    [
      'daily at an hour that summer time skips',
      recurring('daily', '2026-03-27T01:30:00Z', 'Europe/Berlin'),
      '2026-03-28T00:00:00Z',
      '2026-03-31T00:00:00Z',
      ['2026-03-28T01:30:00Z', '2026-03-30T00:30:00Z'],
    ],
    [
      'daily at an hour that comes twice: once',
      recurring('daily', '2026-10-23T00:30:00Z', 'Europe/Berlin'),
      '2026-10-24T00:00:00Z',
      '2026-10-27T00:00:00Z',
      ['2026-10-24T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
    ],
    [
      'weekly, on the weekday of the zone',
      recurring('weekly', '2026-05-03T20:00:00Z', 'Asia/Calcutta'),
      '2026-05-01T00:00:00Z',
      '2026-05-20T00:00:00Z',
      ['2026-05-03T20:00:00Z', '2026-05-10T20:00:00Z', '2026-05-17T20:00:00Z'],
    ],
    [
      'monthly on the 31st: the last day where there is none',
      recurring('monthly', '2027-12-31T10:00:05Z', 'UTC'),
      '2028-01-01T00:00:00Z',
      '2028-07-01T00:00:00Z',
      ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31', '2028-06-30'].map((day) => `${day}T10:00:05Z`),
    ],
    [
      'monthly on the 30th, in a year of 365 days',
      recurring('monthly', '2026-12-30T10:00:00Z', 'UTC'),
      '2027-01-01T00:00:00Z',
      '2027-04-01T00:00:00Z',
      ['2027-01-30', '2027-02-28', '2027-03-30'].map((day) => `${day}T10:00:00Z`),
    ],
    [
      'monthly on the 29th, in a leap year',
      recurring('monthly', '2028-01-29T10:00:00Z', 'UTC'),
      '2028-02-01T00:00:00Z',
      '2028-04-01T00:00:00Z',
      ['2028-02-29', '2028-03-29'].map((day) => `${day}T10:00:00Z`),
    ],
    [
      'monthly on the 15th',
      recurring('monthly', '2026-05-15T10:00:00Z', 'UTC'),
      '2027-02-01T00:00:00Z',
      '2027-04-01T00:00:00Z',
      ['2027-02-15', '2027-03-15'].map((day) => `${day}T10:00:00Z`),
    ],
    [
      'hourly, also while the clock goes back',
      recurring('hourly', '2026-10-24T20:17:00Z', 'Europe/Berlin'),
      '2026-10-24T23:00:00Z',
      '2026-10-25T03:00:00Z',
      ['2026-10-24T23:17:00Z', '2026-10-25T00:17:00Z', '2026-10-25T01:17:00Z', '2026-10-25T02:17:00Z'],
    ],
    [
      'every 15 minutes, counted from the start',
      recurring('15m', '2026-05-05T13:09:30Z', 'Asia/Calcutta'),
      '2026-05-05T13:00:00Z',
      '2026-05-05T13:40:00Z',
      ['2026-05-05T13:09:30Z', '2026-05-05T13:24:30Z', '2026-05-05T13:39:30Z'],
    ],
    [
      'every 4 hours, counted from the start',
      recurring('4h', '2026-05-05T13:09:00Z', 'UTC'),
      '2026-05-06T00:00:00Z',
      '2026-05-06T10:00:00Z',
      ['2026-05-06T01:09:00Z', '2026-05-06T05:09:00Z', '2026-05-06T09:09:00Z'],
    ],
    [
      'cron, in the zone',
      recurring(null, '2026-05-05T00:00:00Z', 'Asia/Calcutta', { cron: '39 18 * * 1-5' }),
      '2026-05-08T00:00:00Z',
      '2026-05-12T00:00:00Z',
      ['2026-05-08T13:09:00Z', '2026-05-11T13:09:00Z'],
    ],
    [
      'once',
      { occurs: 'once', start: '2027-02-28T18:30:00Z', timezone: 'Asia/Calcutta' },
      '2026-01-01T00:00:00Z',
      '2035-01-01T00:00:00Z',
      ['2027-02-28T18:30:00Z'],
    ],
  ])('%s', async (_, schedule, from, to, times) => {
    expect(await matching(schedule, from, to)).toEqual(times);
  });
});

const hourMs = 3_600_000;
test.each<[string, Schedule, number]>([
  ['hourly', recurring('hourly', '2026-05-05T00:00:00Z', 'UTC'), hourMs],
  ['15m', recurring('15m', '2026-05-05T00:00:00Z', 'UTC'), hourMs / 4],
  ['daily', recurring('daily', '2026-05-05T00:00:00Z', 'UTC'), 24 * hourMs],
  ['weekly', recurring('weekly', '2026-05-05T00:00:00Z', 'UTC'), 7 * 24 * hourMs],
  ['monthly', recurring('monthly', '2026-05-05T00:00:00Z', 'UTC'), 31 * 24 * hourMs],
  ['daily cron', recurring(null, '2026-05-05T00:00:00Z', 'UTC', { cron: '39 18 * * *' }), 24 * hourMs],
  ['hourly cron', recurring(null, '2026-05-05T00:00:00Z', 'UTC', { cron: '39 * * * *' }), hourMs],
  ['once', { occurs: 'once', start: '2026-05-05T00:00:00Z', timezone: 'UTC' }, 24 * hourMs],
])('an occurrence that Temporal missed is made up for within one interval: %s', (_, schedule, windowMs) => {
  expect(catchupWindowMs(schedule)).toBe(windowMs);
});

const daily = recurring('daily', '2026-05-05T13:09:00Z', 'UTC');

describe('what apply does', () => {
  /** Asked one by one: Temporal's list learns of them a moment late. */
  const present = async (name: string): Promise<string[]> => {
    const found: string[] = [];
    for (const candidate of ['one', 'two', 'off', 'manual']) {
      const description = harness.client.schedule.getHandle(scheduleId(name, candidate)).describe();
      if (await description.then(Boolean, (error: unknown) => !(error instanceof ScheduleNotFoundError))) found.push(candidate);
    }
    return found;
  };

  test('one Schedule for each active profile that has one; those of others go', async () => {
    const name = `a-${randomUUID()}`;
    const profiles = [profile('one', daily), profile('two', daily), profile('off', daily, 'inactive'), profile('manual', null)];
    await syncSchedules(harness.client, { name, profiles });
    await syncSchedules(harness.client, { name: `${name}.other`, profiles: [profile('one', daily)] });
    expect(await present(name)).toEqual(['one', 'two']);
    await syncSchedules(harness.client, { name, profiles: [profile('one', daily), profile('two', daily, 'inactive')] });
    expect(await present(name)).toEqual(['one']);
    await syncSchedules(harness.client, { name, profiles: [profile('two', daily)] }, ['one']);
    expect(await present(name)).toEqual(['two']);
    await deleteSchedules(harness.client, name, ['two']);
    await deleteSchedules(harness.client, name, ['two']);
    expect(await present(name)).toEqual([]);
    expect(await present(`${name}.other`)).toEqual(['one']);
  });

  test('one that nobody remembers goes too, once Temporal lists it', async () => {
    const name = `a-${randomUUID()}`;
    await syncSchedules(harness.client, { name, profiles: [profile('one', daily)] });
    await until(async () => {
      await deleteSchedules(harness.client, name, []);
      return (await present(name)).length === 0;
    });
  });

  test('a changed schedule is repaired, an operator’s pause and note stay', async () => {
    const name = `a-${randomUUID()}`;
    const of = { name, profiles: [profile('one', daily)] };
    await syncSchedules(harness.client, of);
    const handle = harness.client.schedule.getHandle(scheduleId(name, 'one'));
    const plan = (ofProfile: string) => schedulePlan(harness.client, { name, profile: ofProfile, now: new Date() });
    expect(await plan('one')).toMatchObject({ paused: null, next: expect.arrayContaining([expect.any(String)]) });
    await handle.pause('audit week');
    const changed = { name, profiles: [profile('one', recurring('4h', '2026-05-05T13:09:00Z', 'UTC'))] };
    await syncSchedules(harness.client, changed);
    const { state, spec, policies, action } = await handle.describe();
    expect(state).toMatchObject({ paused: true, note: 'audit week' });
    expect(spec.intervals).toEqual([{ every: 4 * hourMs, offset: 69 * 60_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 4 * hourMs, pauseOnFailure: false });
    expect(action).toMatchObject({
      workflowType: 'scheduledPull',
      workflowId: `tick:${name}:one`,
      taskQueue: 'tidemark',
      args: [{ name, profile: 'one' }],
    });
    expect(await plan('one')).toEqual({ paused: 'audit week', next: [] });
    expect(await plan('gone')).toBeNull();
  });
});

describe('ticks', () => {
  interface Tick {
    readonly scheduledAt: string;
    readonly outcome: string;
  }
  /** The answers of the ticks of a Schedule, by nominal time. */
  const ticks = async (name: string, count: number): Promise<Tick[]> => {
    const { schedule, workflow } = harness.client;
    const recent = async () => (await schedule.getHandle(scheduleId(name, 'default')).describe()).info.recentActions;
    await until(async () => (await recent()).length >= count);
    const answers: Tick[] = [];
    for (const { action } of await recent())
      answers.push(await workflow.getHandle(action.workflow.workflowId, action.workflow.firstExecutionRunId).result());
    return answers.toSorted((a, b) => a.scheduledAt.localeCompare(b.scheduledAt));
  };

  test('each occurrence starts the entity where it does not run, and ends with its answer', async () => {
    const name = `t-${randomUUID()}`;
    const store = new FakeStore();
    stores.set(name, store);
    await syncSchedules(harness.client, { name, profiles: [profile('default', daily)] });
    const handle = harness.client.schedule.getHandle(scheduleId(name, 'default'));
    await handle.backfill({ start: new Date('2026-05-06T00:00:00Z'), end: new Date('2026-05-09T00:00:00Z'), overlap: 'BUFFER_ALL' });
    const answers = await ticks(name, 3);
    expect(answers.map(({ scheduledAt }) => scheduledAt)).toEqual(['06', '07', '08'].map((day) => `2026-05-${day}T13:09:00.000Z`));
    expect(answers[0]).toMatchObject({ outcome: 'run', run: 1 });
    expect(store.run(1).request).toMatchObject({ trigger: 'schedule', scheduledAt: '2026-05-06T13:09:00.000Z' });
    // Each of the others ran as well, or is on record as skipped (I15).
    const accounted = [...store.runs.map(({ request }) => request.scheduledAt), ...store.notes.map(({ scheduledAt }) => scheduledAt)];
    expect(new Set(accounted).size).toBe(3);
  });

  test('a triggered one that finds its profile running ends as skipped, with the reason', async () => {
    const name = `t-${randomUUID()}`;
    const store = new FakeStore();
    store.slice = untilStopped;
    stores.set(name, store);
    await syncSchedules(harness.client, { name, profiles: [profile('default', daily)] });
    const handle = harness.client.schedule.getHandle(scheduleId(name, 'default'));
    await handle.trigger();
    await ticks(name, 1);
    await handle.backfill({ start: new Date('2026-05-06T00:00:00Z'), end: new Date('2026-05-07T00:00:00Z'), overlap: 'BUFFER_ALL' });
    const [skipped] = await ticks(name, 2);
    expect(skipped).toEqual({ outcome: 'skipped', reason: 'the profile is running', scheduledAt: '2026-05-06T13:09:00.000Z' });
  });

  test.each([[undefined], [{ name: 'contoso' }], [{ name: 'contoso', profile: 'default' }]])(
    'started by hand with %j it fails with the reason',
    async (input) => {
      const handle = await harness.client.workflow.start('scheduledPull', {
        workflowId: randomUUID(),
        taskQueue: 'tidemark',
        args: [input],
      });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'CONFIG_INVALID' } });
    },
  );
});
