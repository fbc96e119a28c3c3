// Our own count of a schedule's times against Temporal's list of them, over the changes of the clock in many zones.
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { IANAZone } from 'luxon';
import type { Schedule } from '../../src/clients/calendar.ts';
import { deleteSchedule, ensureTick, matchingTimes } from '../../src/clients/schedules.ts';
import { localTimes, nextTimes, repeatOf, skippedTimes } from '../../src/clients/wallClock.ts';
import { sharedTemporalAddress } from '../support/temporal.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: sharedTemporalAddress() });
});
afterAll(() => connection.close());

type Recurring = Extract<Schedule, { occurs: 'recurring' }>;
const recurring = (given: Partial<Recurring>): Recurring => ({
  occurs: 'recurring',
  every: null,
  cron: null,
  start: '2025-01-15T00:30:00Z',
  end: '2026-12-30T00:00:00Z',
  timezone: 'UTC',
  ...given,
});

/** Every time in each of the spans, as Temporal lists them. */
async function listed(schedule: Schedule, spans: readonly (readonly [number, number])[]): Promise<number[][]> {
  const client = new Client({ connection });
  const of = { name: `w-${randomUUID()}`, profile: 'p' };
  await ensureTick(client, { ...of, schedule });
  const all: number[][] = [];
  for (const [fromMs, tillMs] of spans) {
    const times: number[] = [];
    for (let after = fromMs; after < tillMs;) {
      const page = await matchingTimes(client, { ...of, fromMs: after, tillMs });
      times.push(...page.times);
      after = page.tillMs;
    }
    all.push(times);
  }
  await deleteSchedule(client, of);
  return all;
}

const zones = ['Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Australia/Sydney'];
/** Over the changes of the clock in both halves of the world. */
const spans = [
  ['2026-02-25T00:00:00Z', '2026-04-10T00:00:00Z'],
  ['2026-09-25T00:00:00Z', '2026-11-05T00:00:00Z'],
].map(([from = '', till = '']) => [Date.parse(from), Date.parse(till)] as const);
const given: readonly Partial<Recurring>[] = [
  { every: 'hourly' },
  { every: '4h' },
  { every: 'daily', start: '2025-01-15T01:30:00Z' },
  { every: 'daily', start: '2025-01-15T06:30:00Z' },
  { every: 'weekly', start: '2025-01-19T00:30:00Z' },
  { every: 'monthly', start: '2025-01-31T12:00:05Z' },
  { cron: '30 * * * *' },
  { cron: '*/20 1-3,5 * jan-mar,oct sun,2-4/2' },
  { cron: '15 2 13 * 5' },
  { cron: '0 0 */10 * 1' },
  { cron: '59 23 31 12,feb 7' },
];

describe.each(zones)('in %s', (timezone) => {
  const back = spans.flatMap(([fromMs, tillMs]) => clockGoesBack(timezone, fromMs, tillMs));

  test.each(given.map((one) => [JSON.stringify(one), one] as const))('%s', async (_, one) => {
    const schedule = recurring({ ...one, timezone });
    for (const [position, theirs] of (await listed(schedule, spans)).entries()) compare(schedule, theirs, spans[position] ?? [0, 0], back);
  });
});

/** `back`: where the clock goes back. */
function compare(
  schedule: Recurring,
  theirs: readonly number[],
  [fromMs, tillMs]: readonly [number, number],
  back: readonly number[],
): void {
  const ours = nextTimes({ ...schedule, end: new Date(tillMs).toISOString() }, fromMs, 1_000_000);
  // There Temporal fires some local times twice, or the second time only.
  const isAmbiguous = (at: number): boolean => back.some((change) => Math.abs(at - change) <= 2 * hourMs);
  expect(theirs.filter((at) => !isAmbiguous(at))).toEqual(ours.filter((at) => !isAmbiguous(at)));
  // What it fires twice is known as a repetition of one that is ours; all else is not.
  const known = new Set(theirs);
  const once = theirs.filter((at) => {
    const first = repeatOf(schedule, at);
    if (first !== null) expect({ at, ambiguous: isAmbiguous(at), ours: ours.includes(first) }).toEqual({ at, ambiguous: true, ours: true });
    return first === null || !known.has(first);
  });
  expect(Math.abs(once.length - ours.length)).toBeLessThanOrEqual(timesLeftOut(schedule));
  expect(skippedTimes(schedule, fromMs, tillMs).filter((at) => known.has(at))).toEqual([]);
}

/** Temporal leaves out some of what comes every hour while a clock goes back. */
const timesLeftOut = ({ cron }: Recurring): number => (cron === null ? 0 : 6);

/** The instants at which the clock of the zone goes back, to the hour. */
function clockGoesBack(timezone: string, fromMs: number, tillMs: number): number[] {
  const zone = IANAZone.create(timezone);
  const hours = Array.from({ length: Math.ceil((tillMs - fromMs) / hourMs) }, (_, index) => fromMs + index * hourMs);
  return hours.filter((at) => zone.offset(at) > zone.offset(at + hourMs)).map((at) => at + hourMs);
}

test.each<[string, Partial<Recurring>, string[]]>([
  [
    'daily at an hour that is skipped',
    { every: 'daily', start: '2026-03-20T01:30:00Z', timezone: 'Europe/Berlin' },
    ['2026-03-29T01:30:00.000Z'],
  ],
  ['weekly on another day', { every: 'weekly', start: '2026-03-21T01:30:00Z', timezone: 'Europe/Berlin' }, []],
  ['daily at another hour', { every: 'daily', start: '2026-03-20T02:30:00Z', timezone: 'Europe/Berlin' }, []],
  ['an interval knows no local times', { every: 'hourly', start: '2026-03-20T01:30:00Z', timezone: 'Europe/Berlin' }, []],
  ['midnight in Chile', { every: 'daily', start: '2026-03-01T03:00:00Z', timezone: 'America/Santiago' }, ['2026-09-06T04:00:00.000Z']],
])('local times that the clock skips: %s', (_, one, times) => {
  const schedule = recurring(one);
  const skipped = skippedTimes(schedule, Date.parse('2026-03-01T00:00:00Z'), Date.parse('2026-12-31T00:00:00Z'));
  expect(skipped.map((at) => new Date(at).toISOString())).toEqual(times);
});

test('times end with the schedule, begin with its start, and a day that never comes has none', () => {
  const short = recurring({ every: 'daily', start: '2026-05-05T13:09:00Z', end: '2026-05-07T13:09:00Z' });
  expect(nextTimes(short, 0, 9).map((at) => (at - Date.parse(short.start)) / dayMs)).toEqual([0, 1, 2]);
  expect(nextTimes({ occurs: 'once', start: '2026-05-05T13:09:00Z', timezone: 'America/New_York' }, 0, 9)).toEqual([
    Date.parse('2026-05-05T13:09:00Z'),
  ]);
  expect([...localTimes(recurring({ cron: '0 0 30 2 *' }), 0)]).toEqual([]);
});
