// A profile's schedule as calendars or one interval: what is put into Temporal, compared with what is there, and counted by (wallClock.ts). Pure.
// https://docs.temporal.io/schedule#spec
import { DateTime } from 'luxon';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';

export type Schedule = NonNullable<ConnectionSpec['profiles'][number]['schedule']>;

export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Local times of which every field lies in one of its ranges. Months count from 1, weekdays from 0, Sunday. No `year`: every year. */
export interface Calendar {
  readonly second: readonly Range[];
  readonly minute: readonly Range[];
  readonly hour: readonly Range[];
  readonly dayOfMonth: readonly Range[];
  readonly month: readonly Range[];
  readonly year: readonly Range[];
  readonly dayOfWeek: readonly Range[];
}

/** What a schedule fires by. `offsetMs`: from the epoch. */
export type Rhythm =
  | { readonly kind: 'interval'; readonly everyMs: number; readonly offsetMs: number }
  | { readonly kind: 'calendars'; readonly calendars: readonly Calendar[] };

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const only = (value: number): Range[] => [{ start: value, end: value, step: 1 }];
const anyOf = (start: number, end: number): Range[] => [{ start, end, step: 1 }];
const anyDay = { dayOfMonth: anyOf(1, 31), month: anyOf(1, 12), year: [], dayOfWeek: anyOf(0, 6) } as const;

/** @throws CONFIG_INVALID for a schedule that `apply` would have refused. */
export function rhythmOf(schedule: Schedule): Rhythm {
  const start = DateTime.fromISO(schedule.start, { zone: schedule.timezone });
  const startMs = start.toMillis();
  // An instant, not a local time, which might come twice: the only point of this interval between start and end.
  if (schedule.occurs === 'once') return { kind: 'interval', everyMs: dayMs, offsetMs: startMs % dayMs };
  if (schedule.cron !== null) return { kind: 'calendars', calendars: cronCalendars(schedule.cron) };
  const everyMs = intervalMs(schedule.every);
  if (everyMs !== null) return { kind: 'interval', everyMs, offsetMs: startMs % everyMs };
  const lastYear = DateTime.fromISO(schedule.end, { zone: schedule.timezone }).year;
  return { kind: 'calendars', calendars: calendarsOf(schedule.every, start, lastYear) };
}

/** `hourly`, `15m`, `4h`: the same distance, also when the clock changes. null for what follows the calendar. */
export function intervalMs(every: string | null): number | null {
  if (every === 'hourly') return hourMs;
  const [, count, unit] = /^(\d+)([mh])$/.exec(every ?? '') ?? [];
  return count === undefined ? null : Number(count) * (unit === 'm' ? minuteMs : hourMs);
}

function calendarsOf(every: string | null, start: DateTime, lastYear: number): Calendar[] {
  const clock = { second: only(start.second), minute: only(start.minute), hour: only(start.hour) };
  switch (every) {
    case 'daily':
      return [{ ...clock, ...anyDay }];
    case 'weekly':
      return [{ ...clock, ...anyDay, dayOfWeek: only(start.weekday % 7) }];
    case 'monthly':
      return monthly(start.day, { ...clock, ...anyDay }, { first: start.year, last: lastYear });
    default:
      throw new TidemarkError('CONFIG_INVALID', `A schedule cannot be "${every ?? ''}".`, { hint: 'Apply the connection again.' });
  }
}

/** The same day each month; a month that lacks it has its last day (decision 15). A calendar says no "last", so months go by their length. */
function monthly(day: number, base: Calendar, years: { readonly first: number; readonly last: number }): Calendar[] {
  const months = [31, 30].map((length): Calendar => {
    const such = Array.from({ length: 12 }, (_, index) => index + 1).filter((month) => month !== 2 && daysIn(2001, month) === length);
    return { ...base, month: such.flatMap(only), dayOfMonth: only(Math.min(day, length)) };
  });
  const all = Array.from({ length: years.last - years.first + 1 }, (_, index) => years.first + index);
  const februaries = [29, 28].flatMap((length): Calendar[] => {
    const such = all.filter((year) => daysIn(year, 2) === length);
    return such.length === 0 ? [] : [{ ...base, month: only(2), year: such.flatMap(only), dayOfMonth: only(Math.min(day, length)) }];
  });
  return [...months, ...februaries];
}

const daysIn = (year: number, month: number): number => DateTime.utc(year, month).daysInMonth ?? 0;

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * A cron expression of five fields. A day of the month and one of the week, both given, mean either, as cron has it; in one of Temporal's calendars
 * they would mean both.
 */
function cronCalendars(cron: string): Calendar[] {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.trim().split(/\s+/);
  const base = {
    ...anyDay,
    second: only(0),
    minute: cronRanges(minute, 0, 59),
    hour: cronRanges(hour, 0, 23),
    month: cronRanges(month, 1, 12, monthNames),
  };
  const dayOfMonth = cronRanges(day, 1, 31);
  const dayOfWeek = cronRanges(weekday, 0, 7, weekdayNames).flatMap(sundayFirst);
  if (day.startsWith('*') || weekday.startsWith('*')) return [{ ...base, dayOfMonth, dayOfWeek }];
  return [
    { ...base, dayOfMonth },
    { ...base, dayOfWeek },
  ];
}

function cronRanges(field: string, least: number, most: number, names: readonly string[] = []): Range[] {
  const valueOf = (text: string): number => {
    const named = names.indexOf(text.toLowerCase());
    return named < 0 ? Number(text) : named + least;
  };
  return field.split(',').map((item): Range => {
    const [span = '', step] = item.split('/');
    const [from = '', to] = span.split('-');
    const [start, end] = span === '*' ? [least, most] : [valueOf(from), to === undefined ? undefined : valueOf(to)];
    // A single value with a step goes on to the end.
    return { start, end: end ?? (step === undefined ? start : most), step: step === undefined ? 1 : Number(step) };
  });
}

/** Cron's Sunday is 0 and 7; a calendar's is 0. */
function sundayFirst(range: Range): Range[] {
  const days = expand([range]);
  return days.includes(7) ? [...new Set(days.map((day) => day % 7))].flatMap(only) : [range];
}

/** The values of ranges, in order, each once. */
export function expand(ranges: readonly Range[]): number[] {
  const values = new Set<number>();
  for (const { start, end, step } of ranges) for (let value = start; value <= end; value += step) values.add(value);
  return [...values].sort((a, b) => a - b);
}
