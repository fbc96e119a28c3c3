// A year of occurrences, as the real Temporal server lists them for the Schedule that `apply` makes of the profile, driven through the real entity
// one by one (where something happens; the whole year when asked); what each of them does is compared with a calendar of the test's own (calendar.ts), and shown in docs/schedules.md.
//
// The nominal times jump by days while the database's clock does not, and all ages go by that clock (decision 63): how old a delta link is, how long
// ago a full pull failed. So between two occurrences the test moves those two instants back in the database by what has passed between their nominal
// times, which is the same to whoever reads an age. A forced full pull is asked for now, not in the year that is driven: the test writes
// down when in that year it was. Nothing else is touched: what is decided, and from what, is the product's.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Database } from '../../src/store/database.ts';
import { freshDatabase } from '../support/databases.ts';
import { dayOf, expectedRuns, marksOf, minuteOf, type Plan } from './calendar.ts';
import { type Driver, type DrivenRun, startDriver } from './drive.ts';

interface Row extends Plan {
  readonly what: string;
  readonly every?: string;
  readonly cron?: string;
  readonly end?: string;
  /** How many nominal times Temporal has for the span. */
  readonly count: number;
  /** UTC; a year when it is left out. */
  readonly until?: string;
  /** First and last days; between them a run of all tests has no occurrence come. TIDEMARK_TEST_YEAR=whole drives all of them. */
  readonly driven?: readonly (readonly [first: string, last: string])[];
}

const isWhole = process.env['TIDEMARK_TEST_YEAR'] === 'whole';

const week = (first: string): string[] =>
  Array.from({ length: 7 }, (_, day) => new Date(Date.parse(first) + day * 86_400_000).toISOString().slice(0, 10));

/** 2028 has 366 days. */
const rows: readonly Row[] = [
  {
    what: 'daily, weekly baseline: both changes of the clock, a missed week, a full pull that fails, a forced one',
    every: 'daily',
    start: '2028-01-01T02:30',
    timezone: 'Europe/Berlin',
    baseline: 'weekly',
    missed: week('2028-05-10'),
    failing: ['2028-02-12T02:30', '2028-02-13T02:30', '2028-08-05T02:30'],
    forced: ['2028-06-12T02:30', '2028-08-05T02:30'],
    // On March 26 there is no 02:30, on October 29 there are two.
    count: 365,
    driven: [
      ['2028-01-01', '2028-01-02'],
      ['2028-01-08', '2028-01-08'],
      ['2028-02-12', '2028-02-14'],
      ['2028-03-25', '2028-03-27'],
      ['2028-04-01', '2028-04-01'],
      ['2028-06-11', '2028-06-13'],
      ['2028-10-28', '2028-10-29'],
    ],
  },
  {
    what: 'twice a week, fortnightly baseline',
    cron: '30 9 * * 1,4',
    start: '2028-01-03T12:00',
    timezone: 'America/New_York',
    baseline: 'fortnightly',
    missed: week('2028-03-06'),
    until: '2028-05-01T00:00:00Z',
    count: 33,
    driven: [
      ['2028-01-03', '2028-01-20'],
      ['2028-03-02', '2028-03-16'],
    ],
  },
  {
    what: 'twice a week, triweekly baseline',
    cron: '39 18 * * 1,4',
    start: '2028-01-06T18:39',
    timezone: 'Asia/Calcutta',
    baseline: 'triweekly',
    forced: ['2028-02-28T18:39'],
    until: '2028-06-01T00:00:00Z',
    count: 42,
    driven: [
      ['2028-01-24', '2028-01-27'],
      ['2028-02-24', '2028-03-09'],
    ],
  },
  {
    what: 'every fifth day, monthly baseline from a 31st',
    cron: '0 6 */5 * *',
    start: '2028-01-31T06:00',
    timezone: 'UTC',
    baseline: 'monthly',
    failing: ['2028-03-31T06:00'],
    until: '2028-08-01T00:00:00Z',
    count: 40,
    driven: [
      ['2028-01-31', '2028-02-01'],
      ['2028-02-26', '2028-03-01'],
      ['2028-03-26', '2028-04-01'],
      ['2028-04-26', '2028-05-01'],
    ],
  },
  {
    what: 'three days a week until an end in the middle of the year',
    cron: '0 7 * * 1,3,5',
    start: '2028-01-03T07:00',
    end: '2028-03-31T07:00',
    timezone: 'Europe/Berlin',
    baseline: 'fortnightly',
    count: 39,
    driven: [
      ['2028-01-03', '2028-01-05'],
      ['2028-01-14', '2028-01-17'],
      ['2028-03-29', '2028-03-31'],
    ],
  },
  {
    what: 'monthly on the 31st: always full',
    every: 'monthly',
    start: '2028-01-31T10:00',
    timezone: 'UTC',
    baseline: 'weekly',
    count: 12,
    driven: [['2028-01-31', '2028-03-31']],
  },
  {
    what: 'weekly: always full, also where the baseline asks for less',
    every: 'weekly',
    start: '2028-01-02T23:15',
    timezone: 'America/New_York',
    baseline: 'monthly',
    until: '2028-06-01T00:00:00Z',
    count: 22,
    driven: [
      ['2028-01-02', '2028-01-09'],
      ['2028-03-12', '2028-03-12'],
    ],
  },
  {
    what: 'weekly without a baseline: always full',
    every: 'weekly',
    start: '2028-01-02T23:15',
    timezone: 'Asia/Calcutta',
    baseline: 'never',
    until: '2028-02-15T00:00:00Z',
    count: 7,
    driven: [['2028-01-02', '2028-01-09']],
  },
  {
    what: 'every six hours: a full pull that fails is tried again after 6 h times its failures, 24 h at most',
    every: '6h',
    start: '2028-01-01T00:00',
    timezone: 'UTC',
    baseline: 'weekly',
    missed: week('2028-01-02').slice(0, 6),
    failing: ['08T00:00', '08T06:00', '08T18:00', '09T12:00', '10T12:00'].map((time) => `2028-01-${time}`),
    until: '2028-01-11T12:00:01Z',
    count: 42,
  },
  {
    what: 'daily without a baseline: full again only when its link has grown too old',
    every: 'daily',
    start: '2028-03-01T00:00',
    timezone: 'UTC',
    baseline: 'never',
    missed: week('2028-03-05'),
    until: '2028-03-16T00:00:01Z',
    count: 16,
    driven: [
      ['2028-03-01', '2028-03-01'],
      ['2028-03-04', '2028-03-13'],
    ],
  },
];

interface Drive {
  readonly times: readonly string[];
  /** By occurrence. */
  readonly runs: readonly (readonly DrivenRun[])[];
}

let database: Database;
let driver: Driver;
/** All at once: a year is long, one occurrence after another. */
let drives: ReadonlyMap<Row, Promise<Drive>>;
beforeAll(async () => {
  database = await freshDatabase();
  driver = await startDriver(database);
  drives = new Map(rows.map((row) => [row, drive(row)]));
  await Promise.allSettled(drives.values());
}, 1_200_000);
afterAll(async () => {
  await driver?.harness.stop();
  await database?.close();
});

async function drive(row: Row): Promise<Drive> {
  const { every, cron, start, end, timezone, baseline, failing = [], forced = [] } = row;
  const schedule = { occurs: 'recurring', every, cron, start, end, timezone };
  const connection = await driver.connect({ schedule, baseline });
  const times = await connection.times('2028-01-01T00:00:00Z', row.until ?? '2029-01-01T00:00:00Z');
  const missed = missedOf(row, times);
  const runs: DrivenRun[][] = [];
  for (const time of times) {
    const at = minuteOf(time, timezone);
    if (missed.includes(dayOf(time, timezone))) {
      runs.push([]);
      continue;
    }
    const run = await connection.occur(time, failing.includes(at));
    runs.push(forced.includes(at) ? [run, await connection.force(new Date(Date.parse(time) + 3_600_000).toISOString())] : [run]);
  }
  return { times, runs };
}

/** The days without an occurrence. */
function missedOf({ missed = [], driven, timezone }: Row, times: readonly string[]): readonly string[] {
  if (isWhole || driven === undefined) return missed;
  const days = times.map((time) => dayOf(time, timezone));
  return days.filter((day) => missed.includes(day) || !driven.some(([first, last]) => first <= day && day <= last));
}

test.each(rows)('$what', async (row) => {
  const { times, runs } = await drives.get(row)!;
  expect(times).toHaveLength(row.count);
  const named = (lines: readonly (readonly DrivenRun[])[]) => lines.map((of, index) => ({ at: times[index], runs: of }));
  expect(named(runs)).toEqual(named(expectedRuns({ ...row, missed: missedOf(row, times) }, times)));
});

test('docs/schedules.md shows the year as it was driven', async () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/schedules.md'), 'utf8');
  for (const row of rows.filter(({ count }) => count > 300)) {
    const { times } = await drives.get(row)!;
    expect(page).toContain(`\`\`\`text\n${monthLines(row, times).join('\n')}\n\`\`\``);
  }
});

/** A line for each month, a mark for each occurrence. */
function monthLines(row: Row, times: readonly string[]): string[] {
  const months = new Map<string, string>();
  for (const [index, runs] of expectedRuns(row, times).entries()) {
    const month = dayOf(times[index] ?? '', row.timezone).slice(0, 7);
    months.set(month, `${months.get(month) ?? `${month}  `}${marksOf(runs)}`);
  }
  return [...months.values()];
}
