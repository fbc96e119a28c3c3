// A profile's schedule as Temporal's spec. Pure. Calendars follow the wall clock of the zone; intervals count from the start, whatever the clock does.
// https://docs.temporal.io/schedule#spec
import { type CalendarSpec, type ScheduleSpec as TemporalSpec } from '@temporalio/client';
import { DateTime } from 'luxon';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';

export type Schedule = NonNullable<ConnectionSpec['profiles'][number]['schedule']>;

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const weekdays = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;
const monthNames = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;

/** @throws CONFIG_INVALID for a schedule that `apply` would have refused. */
export function temporalSpec(schedule: Schedule): TemporalSpec {
  const start = DateTime.fromISO(schedule.start, { zone: schedule.timezone });
  if (schedule.occurs === 'once') return { calendars: [onceAt(start)], timezone: schedule.timezone, startAt: start.toJSDate() };
  const bounds = { timezone: schedule.timezone, startAt: start.toJSDate(), endAt: new Date(schedule.end) };
  if (schedule.cron !== null) return { ...bounds, cronExpressions: [schedule.cron] };
  const everyMs = intervalMs(schedule.every);
  if (everyMs !== null) return { ...bounds, intervals: [{ every: everyMs, offset: start.toMillis() % everyMs }] };
  return { ...bounds, calendars: calendarsOf(schedule.every, start, DateTime.fromISO(schedule.end, { zone: schedule.timezone }).year) };
}

/** How late an occurrence may still be started after Temporal was away: one interval, so that at most one is made up for. */
export function catchupWindowMs(schedule: Schedule): number {
  if (schedule.occurs === 'once') return dayMs;
  const everyMs = intervalMs(schedule.every);
  if (everyMs !== null) return everyMs;
  // A cron expression with a fixed minute and hour fires daily at most; any other counts as hourly.
  if (schedule.cron !== null) return /^\d+ +\d+ /.test(schedule.cron.trim()) ? dayMs : hourMs;
  const days = { daily: 1, weekly: 7, monthly: 31 } as const;
  return (schedule.every === 'weekly' || schedule.every === 'monthly' ? days[schedule.every] : days.daily) * dayMs;
}

/** `hourly`, `15m`, `4h`: the same distance, also when the clock changes. null for what follows the calendar. */
function intervalMs(every: string | null): number | null {
  if (every === 'hourly') return hourMs;
  const [, count, unit] = /^(\d+)([mh])$/.exec(every ?? '') ?? [];
  return count === undefined ? null : Number(count) * (unit === 'm' ? minuteMs : hourMs);
}

const clockOf = ({ hour, minute, second }: DateTime): Pick<CalendarSpec, 'hour' | 'minute' | 'second'> => ({ hour, minute, second });

function onceAt(start: DateTime): CalendarSpec {
  return { ...clockOf(start), year: start.year, month: monthOf(start.month), dayOfMonth: start.day };
}

function calendarsOf(every: string | null, start: DateTime, lastYear: number): CalendarSpec[] {
  switch (every) {
    case 'daily':
      return [{ ...clockOf(start) }];
    case 'weekly':
      return [{ ...clockOf(start), dayOfWeek: weekdays[start.weekday - 1] ?? 'MONDAY' }];
    case 'monthly':
      return monthly(start, lastYear);
    default:
      throw new TidemarkError('CONFIG_INVALID', `A schedule cannot be "${every ?? ''}".`, { hint: 'Apply the connection again.' });
  }
}

/** The same day each month; a month that lacks it has its last day (decision 15). A calendar says no "last", so months go by their length. */
function monthly(start: DateTime, lastYear: number): CalendarSpec[] {
  const clock = clockOf(start);
  const calendars = [31, 30].flatMap((length): CalendarSpec[] => {
    const months = monthNames.filter((_, index) => index !== 1 && daysIn(2001, index + 1) === length);
    return [{ ...clock, month: months, dayOfMonth: Math.min(start.day, length) }];
  });
  const years = Array.from({ length: lastYear - start.year + 1 }, (_, index) => start.year + index);
  const februaries = [29, 28].flatMap((length): CalendarSpec[] => {
    const such = years.filter((year) => daysIn(year, 2) === length);
    return such.length === 0 ? [] : [{ ...clock, month: 'FEBRUARY', year: such, dayOfMonth: Math.min(start.day, length) }];
  });
  return [...calendars, ...februaries];
}

const daysIn = (year: number, month: number): number => DateTime.utc(year, month).daysInMonth ?? 0;

const monthOf = (month: number): (typeof monthNames)[number] => monthNames[month - 1] ?? 'JANUARY';
