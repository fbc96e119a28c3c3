// Whether a profile has had no success for too long: liveness by the last success against the schedule's own pace, whatever else looks well. Pure.
import type { Schedule } from '../clients/calendar.ts';
import { nextTimes } from '../clients/wallClock.ts';

const periods = 2;

/**
 * The time since when there was no success, when that is two periods of the schedule or longer; else null. One that fires no more is never overdue.
 * Epoch milliseconds; `sinceMs` is when the schedule became what it is.
 */
export function overdueSince(of: {
  readonly schedule: Schedule;
  readonly sinceMs: number;
  readonly lastSuccessMs: number | null;
  readonly nowMs: number;
}): number | null {
  const { schedule, sinceMs, lastSuccessMs, nowMs } = of;
  const [next, following] = nextTimes(schedule, nowMs, 2);
  if (next === undefined || following === undefined) return null;
  const from = Math.max(lastSuccessMs ?? 0, sinceMs, Date.parse(schedule.start));
  return nowMs - from >= periods * (following - next) ? from : null;
}
