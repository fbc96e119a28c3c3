// The nominal times of a schedule on the wall clock of its zone, as Temporal fires them, and the hours that a clock skips or repeats (decision 15).
// Pure. Temporal's own list is what counts for what has been; this foretells, and knows the local times that never were.
import { IANAZone } from 'luxon';
import { type Calendar, expand, rhythmOf, type Schedule } from './calendar.ts';

/** A local time of a calendar. `exists`: false for one that the clock skips that day; its instant is then that of the old offset. */
export interface LocalTime {
  readonly atMs: number;
  readonly exists: boolean;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;
const noYearAfter = 2100;

/** The times of the schedule after `afterMs`, in order, without end but the schedule's own. */
export function* localTimes(schedule: Schedule, afterMs: number): Generator<LocalTime> {
  const rhythm = rhythmOf(schedule);
  const startMs = Date.parse(schedule.start);
  const endMs = schedule.occurs === 'once' ? startMs : Date.parse(schedule.end);
  const times =
    rhythm.kind === 'interval'
      ? intervalTimes(rhythm, Math.max(afterMs, startMs - 1))
      : clockTimes(rhythm.calendars, schedule.timezone, Math.max(afterMs, startMs - 1));
  for (const time of times) {
    if (time.atMs > endMs) return;
    yield time;
  }
}

/** At most `count` times that the schedule fires after `afterMs`, in epoch milliseconds. */
export function nextTimes(schedule: Schedule, afterMs: number, count: number): number[] {
  const found: number[] = [];
  for (const { atMs, exists } of localTimes(schedule, afterMs)) {
    if (exists) found.push(atMs);
    if (found.length === count) break;
  }
  return found;
}

/** The local times in the span that the clock skips, as instants that are no other time of the schedule; `from` exclusive, `till` inclusive. */
export function skippedTimes(schedule: Schedule, fromMs: number, tillMs: number): number[] {
  if (rhythmOf(schedule).kind === 'interval' || !clockChanges(schedule.timezone, fromMs, tillMs)) return [];
  const [skipped, times] = [new Set<number>(), new Set<number>()];
  for (const { atMs, exists } of localTimes(schedule, fromMs)) {
    if (atMs > tillMs) break;
    (exists ? times : skipped).add(atMs);
  }
  return [...skipped].filter((atMs) => !times.has(atMs));
}

/**
 * Where the clock goes back, Temporal fires some local times a second time, an hour later: the time of the first, if `atMs` may be such a second one,
 * else null. Only one of both is to run.
 */
export function repeatOf(schedule: Schedule, atMs: number): number | null {
  const rhythm = rhythmOf(schedule);
  if (rhythm.kind === 'interval') return null;
  const zone = IANAZone.create(schedule.timezone);
  const backMs = (zone.offset(atMs - dayMs) - zone.offset(atMs + dayMs)) * minuteMs;
  if (backMs <= 0) return null;
  const firstMs = atMs - backMs;
  const [wall, firstWall] = [atMs + zone.offset(atMs) * minuteMs, firstMs + zone.offset(firstMs) * minuteMs];
  const isTime = (wallMs: number): boolean => rhythm.calendars.some((calendar) => matches(calendar, wallMs));
  return isTime(firstWall) && (wall === firstWall || !isTime(wall)) ? firstMs : null;
}

function* intervalTimes(
  { everyMs, offsetMs }: { readonly everyMs: number; readonly offsetMs: number },
  afterMs: number,
): Generator<LocalTime> {
  // Temporal counts whole seconds.
  const phaseMs = Math.floor(offsetMs / 1000) * 1000;
  for (let atMs = Math.floor((afterMs - phaseMs) / everyMs) * everyMs + phaseMs; ; atMs += everyMs)
    if (atMs > afterMs) yield { atMs, exists: true };
}

function* clockTimes(calendars: readonly Calendar[], timezone: string, afterMs: number): Generator<LocalTime> {
  const zone = IANAZone.create(timezone);
  const clocks = calendars.map(clockOf);
  const firstDay = Math.floor((afterMs + zone.offset(afterMs) * minuteMs) / dayMs) * dayMs - dayMs;
  for (let day = firstDay; new Date(day).getUTCFullYear() <= noYearAfter; day += dayMs) {
    const walls = new Set<number>();
    for (const [position, calendar] of calendars.entries()) {
      if (!matchesDay(calendar, new Date(day))) continue;
      for (const ofDay of clocks[position] ?? []) walls.add(day + ofDay);
    }
    const times = [...walls].map((wall) => instantOf(zone, wall)).sort((a, b) => a.atMs - b.atMs);
    for (const time of times) if (time.atMs > afterMs) yield time;
  }
}

/** The times of day of a calendar, in milliseconds. */
function clockOf({ hour, minute, second }: Calendar): number[] {
  const [hours, minutes, seconds] = [expand(hour), expand(minute), expand(second)];
  return hours.flatMap((h) => minutes.flatMap((m) => seconds.map((s) => ((h * 60 + m) * 60 + s) * 1000)));
}

/** Of a local time that comes twice the first. */
function instantOf(zone: IANAZone, wallMs: number): LocalTime {
  const [before, after] = [zone.offset(wallMs - dayMs), zone.offset(wallMs + dayMs)];
  for (const offset of [before, after]) {
    const atMs = wallMs - offset * minuteMs;
    if (zone.offset(atMs) === offset) return { atMs, exists: true };
  }
  return { atMs: wallMs - before * minuteMs, exists: false };
}

function clockChanges(timezone: string, fromMs: number, tillMs: number): boolean {
  const zone = IANAZone.create(timezone);
  for (let atMs = fromMs - dayMs; atMs < tillMs + dayMs; atMs += dayMs) if (zone.offset(atMs) !== zone.offset(atMs + dayMs)) return true;
  return false;
}

/** `wallMs`: the local time as if it were UTC. */
function matches(calendar: Calendar, wallMs: number): boolean {
  const wall = new Date(wallMs);
  const has = (key: 'hour' | 'minute' | 'second', value: number): boolean => expand(calendar[key]).includes(value);
  return (
    matchesDay(calendar, wall) &&
    has('hour', wall.getUTCHours()) &&
    has('minute', wall.getUTCMinutes()) &&
    has('second', wall.getUTCSeconds())
  );
}

function matchesDay({ year, month, dayOfMonth, dayOfWeek }: Calendar, wall: Date): boolean {
  return (
    (year.length === 0 || expand(year).includes(wall.getUTCFullYear())) &&
    expand(month).includes(wall.getUTCMonth() + 1) &&
    expand(dayOfMonth).includes(wall.getUTCDate()) &&
    expand(dayOfWeek).includes(wall.getUTCDay())
  );
}
