// The grid of baseline pulls: every 7, 14 or 21 local days from the start, or the same day of each month (decision 11). Pure.
// The grid never moves: each point is counted from the start, so that a month without a 31st does not shift the next.
import { DateTime } from 'luxon';
import type { Baseline } from '../model.ts';

const daysOf = { weekly: 7, fortnightly: 14, triweekly: 21 } as const;

/**
 * The start of the period that holds `at`, in epoch milliseconds. Periods go back before `start` in the same steps.
 * `start` and `at` are ISO-8601; the steps are days and months of the time zone's calendar.
 */
export function periodStart(
  grid: { readonly every: Exclude<Baseline, 'never'>; readonly start: string; readonly timezone: string },
  at: string,
): number {
  const start = DateTime.fromISO(grid.start, { zone: grid.timezone });
  const time = DateTime.fromISO(at, { zone: grid.timezone });
  const point = (nth: number): number =>
    (grid.every === 'monthly' ? start.plus({ months: nth }) : start.plus({ days: nth * daysOf[grid.every] })).toMillis();
  const passed = grid.every === 'monthly' ? time.diff(start, 'months').months : time.diff(start, 'days').days / daysOf[grid.every];
  let nth = Math.floor(passed);
  // The difference is rounded by the library's own calendar; the grid's points decide.
  while (point(nth) > time.toMillis()) nth -= 1;
  while (point(nth + 1) <= time.toMillis()) nth += 1;
  return point(nth);
}
