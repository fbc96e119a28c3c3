// The coming occurrences of a schedule, for `apply --dry-run`. The Temporal Schedule is what counts; this only foretells it. Pure.
import { DateTime, type DurationLike } from 'luxon';
import { periodMs, type ScheduleSpec } from '../connectors/schedule.ts';

const steps: Record<string, (count: number) => DurationLike> = {
  hourly: (hours) => ({ hours }),
  daily: (days) => ({ days }),
  weekly: (weeks) => ({ weeks }),
  monthly: (months) => ({ months }),
};

/** At most `count` occurrences after `now`, ISO-8601 UTC. null for a cron expression, which only Temporal reads. */
export function nextOccurrences(schedule: ScheduleSpec | null, now: Date, count: number): string[] | null {
  if (schedule === null) return [];
  const start = DateTime.fromISO(schedule.start, { zone: schedule.timezone });
  if (schedule.occurs === 'once') return start.toJSDate() > now ? [utc(start)] : [];
  const { every } = schedule;
  if (every === null) return null;
  const period = periodMs(every);
  const step = period === null ? steps[every] : (periods: number) => ({ milliseconds: periods * period });
  if (step === undefined) return null;
  const end = DateTime.fromISO(schedule.end);
  const found: string[] = [];
  for (let position = stepsBefore(start, now, period ?? lengthMs[every] ?? 0); found.length < count; position += 1) {
    const time = start.plus(step(position));
    if (time > end) break;
    // A local hour that does not exist that day has no occurrence (decision 15).
    const exists = every === 'hourly' || period !== null || (time.hour === start.hour && time.minute === start.minute);
    if (time.toJSDate() > now && exists) found.push(utc(time));
  }
  return found;
}

const dayMs = 86_400_000;
const lengthMs: Record<string, number> = { hourly: 3_600_000, daily: dayMs, weekly: 7 * dayMs, monthly: 31 * dayMs };

/** A position surely not after the next occurrence: counting begins there, however long ago the start was. */
function stepsBefore(start: DateTime, now: Date, stepMs: number): number {
  return Math.max(0, Math.floor((now.getTime() - start.toMillis()) / stepMs) - 1);
}

const utc = (time: DateTime): string => `${time.toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss")}Z`;
