// Schedules in words, their periods, ends, zones and faults, as tables.
import type { ScheduleSpec } from '../../src/connectors/schedule.ts';
import { cronFault, defaultEnd, instantOf, inWords, isTimezone, outlivesCursors, periodMs } from '../../src/connectors/schedule.ts';

const recurring = (rhythm: { every?: string; cron?: string }): ScheduleSpec => ({
  occurs: 'recurring',
  every: rhythm.every ?? null,
  cron: rhythm.cron ?? null,
  start: '2026-05-05T13:09:00Z',
  end: '2031-05-05T13:09:00Z',
  timezone: 'Asia/Calcutta',
});
const span = 'from May 5, 2026 at 06:39 PM till May 5, 2031 at 06:39 PM in Asia/Calcutta timezone';

test.each<[ScheduleSpec | null, string]>([
  [recurring({ every: 'daily' }), `daily ${span}`],
  [recurring({ every: '15m' }), `every 15 minutes ${span}`],
  [recurring({ every: '1h' }), `every hour ${span}`],
  [recurring({ cron: '39 18 * * *' }), `by cron "39 18 * * *" ${span}`],
  [
    { occurs: 'once', start: '2026-12-31T23:30:00Z', timezone: 'Europe/Paris' },
    'once on January 1, 2027 at 12:30 AM in Europe/Paris timezone',
  ],
  [null, 'on demand only'],
])('%j in words is %s', (schedule, words) => {
  expect(inWords(schedule)).toBe(words);
});

test.each([
  ['2026-05-05T18:39', 'Asia/Calcutta', '2026-05-05T13:09:00Z'],
  ['2026-05-05T18:39:30', 'UTC', '2026-05-05T18:39:30Z'],
  ['2026-05-05', 'Europe/Paris', '2026-05-04T22:00:00Z'],
  ['2026-05-05T18:39Z', 'Asia/Calcutta', '2026-05-05T18:39:00Z'],
  ['2026-05-05T18:39+02:00', 'Asia/Calcutta', '2026-05-05T16:39:00Z'],
  ['2026-02-30T00:00', 'UTC', null],
  ['2026-05-05T25:00', 'UTC', null],
  ['tomorrow', 'UTC', null],
  ['2026-W10', 'UTC', null],
  ['20260505', 'UTC', null],
])('%s in %s is %s', (text, timezone, instant) => {
  expect(instantOf(text, timezone)).toBe(instant);
});

test('the end by default is five years later on the same wall clock, whatever summer time does', () => {
  expect(defaultEnd('2027-01-15T08:00:00Z', 'Europe/Paris')).toBe('2032-01-15T08:00:00Z');
  expect(defaultEnd('2028-02-29T12:00:00Z', 'UTC')).toBe('2033-02-28T12:00:00Z');
});

test.each([
  ['15m', 900_000],
  ['4h', 14_400_000],
  ['24h', 86_400_000],
  ['1440m', 86_400_000],
  ['25h', null],
  ['0m', null],
  ['1.5h', null],
  ['15', null],
  ['-5m', null],
  ['15s', null],
])('a period of %s is %s ms', (text, length) => {
  expect(periodMs(text)).toBe(length);
});

test.each([
  ['39 18 * * *', null],
  ['*/15 0-6 1,15 jan-MAR Mon', null],
  ['0 0 * * 7', null],
  ['0 0 * *', 'needs five fields: minute, hour, day of the month, month, day of the week'],
  ['60 0 * * *', 'has a minute that is not within 0 to 59'],
  ['0 24 * * *', 'has a hour that is not within 0 to 23'],
  ['0 0 0 * *', 'has a day of the month that is not within 1 to 31'],
  ['0 0 * 13 *', 'has a month that is not within 1 to 12'],
  ['0 0 * * 8', 'has a day of the week that is not within 0 to 7'],
  ['0 6-2 * * *', 'has a hour that is not within 0 to 23'],
  ['0 0 * foo *', 'has a month that is not within 1 to 12'],
  ['a b c d e', 'has a minute that is not within 0 to 59'],
  ['*/0 * * * *', 'has a minute that is not within 0 to 59'],
  ['', 'needs five fields: minute, hour, day of the month, month, day of the week'],
  ['CRON_TZ=UTC 0 0 * * *', 'needs five fields: minute, hour, day of the month, month, day of the week'],
])('cron "%s": %s', (text, fault) => {
  expect(cronFault(text)).toBe(fault);
});

test.each([
  ['UTC', true],
  ['Asia/Calcutta', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Mars/Olympus', false],
  ['+05:30', false],
  ['', false],
])('"%s" is a time zone: %s', (name, is) => {
  expect(isTimezone(name)).toBe(is);
});

test.each<[{ every?: string; cron?: string }, boolean]>([
  [{ every: 'hourly' }, false],
  [{ every: 'daily' }, false],
  [{ every: 'weekly' }, true],
  [{ every: 'monthly' }, true],
  [{ every: '24h' }, false],
  [{ cron: '0 0 * * *' }, false],
  [{ cron: '0 0 * * 1' }, true],
  [{ cron: '0 0 * * 1,4' }, false],
  [{ cron: '0 * * * 1' }, false],
  [{ cron: '0 0 1 * *' }, true],
  [{ cron: '0 0 1 * 1' }, false],
])('%j leaves 7 days or more between runs: %s', (rhythm, is) => {
  expect(outlivesCursors(recurring(rhythm))).toBe(is);
});

test('what does not recur has no interval', () => {
  expect(outlivesCursors(null)).toBe(false);
  expect(outlivesCursors({ occurs: 'once', start: '2026-05-05T13:09:00Z', timezone: 'UTC' })).toBe(false);
});
