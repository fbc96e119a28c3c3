// A profile's schedule: its checks, its length and its words (decisions 15 to 17). Pure; the time is given.
import { DateTime, IANAZone } from 'luxon';

export const repeats = ['hourly', 'daily', 'weekly', 'monthly'] as const;
export type Repeat = (typeof repeats)[number];

/** Times are instants, ISO-8601 UTC; the grid is that of the time zone's wall clock. */
export type ScheduleSpec =
  | { readonly occurs: 'once'; readonly start: string; readonly timezone: string }
  | {
      readonly occurs: 'recurring';
      /** `hourly`, `daily`, `weekly`, `monthly`, or a period such as `15m` or `4h`; null exactly when `cron` is given. */
      readonly every: string | null;
      readonly cron: string | null;
      readonly start: string;
      readonly end: string;
      readonly timezone: string;
    };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `15m` or `4h` in milliseconds; null for anything else. Between one minute and 24 hours. */
export function periodMs(text: string): number | null {
  const match = /^([1-9]\d{0,3})([mh])$/.exec(text);
  if (match === null) return null;
  const lengthMs = Number(match[1]) * (match[2] === 'm' ? minuteMs : hourMs);
  return lengthMs <= dayMs ? lengthMs : null;
}

/** IANA names only: an offset such as +05:30 has no rules for summer time. */
export function isTimezone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name);
}

/** A wall-clock time of the zone (`2026-05-05T18:39`), or one with its own offset, as ISO-8601 UTC; null when it is none. */
export function instantOf(text: string, timezone: string): string | null {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) return null;
  const time = DateTime.fromISO(text, { zone: timezone });
  return time.isValid ? time.toUTC().toISO({ suppressMilliseconds: true }) : null;
}

/** Five years later on the same wall clock: the end when none is given. */
export function defaultEnd(start: string, timezone: string): string {
  return DateTime.fromISO(start, { zone: timezone }).plus({ years: 5 }).toUTC().toISO({ suppressMilliseconds: true }) ?? start;
}

const fields = [
  { name: 'minute', least: 0, most: 59, names: [] },
  { name: 'hour', least: 0, most: 23, names: [] },
  { name: 'day of the month', least: 1, most: 31, names: [] },
  { name: 'month', least: 1, most: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of the week', least: 0, most: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const;

/** What is wrong with a cron expression of five fields, or null. */
export function cronFault(text: string): string | null {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) return 'needs five fields: minute, hour, day of the month, month, day of the week';
  for (const [position, field] of fields.entries()) {
    const fits = (parts[position] ?? '').split(',').every((item) => inField(item, field));
    if (!fits) return `has a ${field.name} that is not within ${field.least} to ${field.most}`;
  }
  return null;
}

function inField(item: string, field: (typeof fields)[number]): boolean {
  const match = /^(\*|[a-z0-9]+(?:-[a-z0-9]+)?)(?:\/([1-9]\d?))?$/i.exec(item);
  if (match === null) return false;
  if (match[1] === '*') return true;
  const bounds = (match[1] ?? '').split('-').map((text) => {
    const named = (field.names as readonly string[]).indexOf(text.toLowerCase());
    if (named >= 0) return named + (field.name === 'month' ? 1 : 0);
    return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  });
  const [from = Number.NaN, to = from] = bounds;
  return from >= field.least && to <= field.most && from <= to;
}

/** Whether occurrences lie 7 days or more apart: delta links do not live that long, so every run is full (decision 16). */
export function outlivesCursors(schedule: ScheduleSpec | null): boolean {
  if (schedule?.occurs !== 'recurring') return false;
  if (schedule.cron === null) return schedule.every === 'weekly' || schedule.every === 'monthly';
  const [minute = '', hour = '', day = '', , weekday = ''] = schedule.cron.trim().split(/\s+/);
  const one = (field: string): boolean => /^[a-z0-9]+$/i.test(field);
  if (!one(minute) || !one(hour)) return false;
  // With a day of the month and one of the week cron means either.
  return (day === '*' && one(weekday)) || (weekday === '*' && one(day));
}

/** As document 002 puts it: "daily from May 5, 2026 at 06:39 PM till May 5, 2031 at 06:39 PM in Asia/Calcutta timezone". */
export function inWords(schedule: ScheduleSpec | null): string {
  if (schedule === null) return 'on demand only';
  const { timezone } = schedule;
  if (schedule.occurs === 'once') return `once on ${timeInWords(schedule.start, timezone)} in ${timezone} timezone`;
  return `${rhythm(schedule.every, schedule.cron)} from ${timeInWords(schedule.start, timezone)} till ${timeInWords(schedule.end, timezone)} in ${timezone} timezone`;
}

function rhythm(every: string | null, cron: string | null): string {
  if (every === null) return `by cron "${cron ?? ''}"`;
  const match = /^(\d+)([mh])$/.exec(every);
  if (match === null) return every;
  const unit = match[2] === 'm' ? 'minute' : 'hour';
  return match[1] === '1' ? `every ${unit}` : `every ${match[1] ?? ''} ${unit}s`;
}

function timeInWords(instant: string, timezone: string): string {
  return DateTime.fromISO(instant, { zone: timezone, locale: 'en-US' }).toFormat("LLLL d, yyyy 'at' hh:mm a");
}
