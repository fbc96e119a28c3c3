// The oracle of the year's table: which occurrence must be full, and why, by calendar arithmetic of its own.
// MUST NOT use the code under test, nor the calendar library that it uses.
import type { Baseline } from '../../src/model.ts';

/** A point on the wall clock of a zone. */
interface Local {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** Seconds since midnight, as the clock shows them. */
  readonly clock: number;
}

export interface Plan {
  readonly baseline: Baseline;
  /** On the clock of the zone (`2028-01-01T02:30`): the origin of the grid. */
  readonly start: string;
  readonly timezone: string;
  /** Days (`2028-05-03`) whose occurrences never come. */
  readonly missed?: readonly string[];
  /** Occurrences (`2028-05-03T02:30`) whose full pull fails. */
  readonly failing?: readonly string[];
  /** Occurrences after which, an hour later, a full pull is forced. */
  readonly forced?: readonly string[];
}

/** What a run must be. */
export interface Expected {
  readonly mode: 'full' | 'delta';
  readonly reason: 'first run' | 'forced' | 'baseline due' | 'cursor expired' | 'delta';
  readonly verdict: 'complete' | 'failed';
  readonly overdue: boolean;
}

const hourMs = 3_600_000;
/** A delta link lives seven days, and is used for four hours less. */
const linkLivesMs = (7 * 24 - 4) * hourMs;

/** For each occurrence its runs: none when it never came, two when a full pull is forced after it. */
export function expectedRuns(plan: Plan, times: readonly string[]): Expected[][] {
  const { baseline, timezone, missed = [], failing = [], forced = [] } = plan;
  const origin = readLocal(plan.start);
  const periodAt = (time: number): number => (baseline === 'never' ? 0 : period(baseline, origin, localOf(time, timezone)));
  let lastFull: number | null = null;
  let linkSince: number | null = null;
  let failures = { count: 0, last: 0 };
  const reasonAt = (time: number): { readonly reason: Expected['reason']; readonly overdue: boolean } => {
    const due = lastFull === null || periodAt(time) > periodAt(lastFull);
    const waits = time - failures.last < Math.min(6 * failures.count, 24) * hourMs;
    if (lastFull === null) return { reason: 'first run', overdue: false };
    if (due && !waits) return { reason: 'baseline due', overdue: false };
    if (linkSince === null || time - linkSince > linkLivesMs) return { reason: 'cursor expired', overdue: false };
    return { reason: 'delta', overdue: due };
  };
  return times.map((text) => {
    if (missed.includes(dayOf(text, timezone))) return [];
    const time = Date.parse(text);
    const runs: Expected[] = [];
    const ran = (reason: Expected['reason'], at: number, overdue: boolean, verdict: Expected['verdict']): void => {
      const mode = reason === 'delta' ? 'delta' : 'full';
      runs.push({ mode, reason, verdict, overdue });
      if (verdict === 'failed') {
        failures = { count: failures.count + 1, last: at };
        return;
      }
      linkSince = at;
      if (mode === 'delta') return;
      lastFull = at;
      failures = { count: 0, last: 0 };
    };
    const { reason, overdue } = reasonAt(time);
    ran(reason, time, overdue, reason !== 'delta' && failing.includes(minuteOf(text, timezone)) ? 'failed' : 'complete');
    if (forced.includes(minuteOf(text, timezone))) ran('forced', time + hourMs, false, 'complete');
    return runs;
  });
}

const marks = { 'first run': 'F', forced: '+', 'baseline due': 'B', 'cursor expired': 'E', delta: 'd' } as const;

/** One letter for a run. `x` is a full pull that failed, `o` a delta while the baseline is overdue, `.` an occurrence that never came. */
export function marksOf(runs: readonly Expected[]): string {
  if (runs.length === 0) return '.';
  return runs.map(({ reason, overdue, verdict }) => (verdict === 'failed' ? 'x' : overdue ? 'o' : marks[reason])).join('');
}

/** How many whole periods lie between the origin and the time; each begins when the wall clock shows the origin's. */
function period(baseline: Exclude<Baseline, 'never'>, from: Local, to: Local): number {
  const beforeTheHour = to.clock < from.clock;
  if (baseline === 'monthly') {
    const months = (to.year - from.year) * 12 + (to.month - from.month);
    const turns = Math.min(from.day, lengthOf(to.year, to.month));
    return to.day < turns || (to.day === turns && beforeTheHour) ? months - 1 : months;
  }
  const days = dayNumber(to) - dayNumber(from) - (beforeTheHour ? 1 : 0);
  return Math.floor(days / { weekly: 7, fortnightly: 14, triweekly: 21 }[baseline]);
}

const lengthOf = (year: number, month: number): number =>
  month === 2 ? ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

const dayNumber = ({ year, month, day }: Local): number => Date.UTC(year, month - 1, day) / (24 * hourMs);

const clocks = new Map<string, Intl.DateTimeFormat>();

function localOf(time: string | number, timezone: string): Local {
  const clock =
    clocks.get(timezone) ??
    new Intl.DateTimeFormat('en', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  clocks.set(timezone, clock);
  const parts = new Map(clock.formatToParts(new Date(time)).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? Number.NaN;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    clock: part('hour') * 3600 + part('minute') * 60 + part('second'),
  };
}

function readLocal(text: string): Local {
  const [, year, month, day, hour, minute] = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)$/.exec(text) ?? [];
  return { year: Number(year), month: Number(month), day: Number(day), clock: Number(hour) * 3600 + Number(minute) * 60 };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2028-05-03`, as the zone's calendar has it. */
export function dayOf(time: string, timezone: string): string {
  const { year, month, day } = localOf(time, timezone);
  return `${year}-${two(month)}-${two(day)}`;
}

/** `2028-05-03T02:30`, as the zone's clock shows it. */
export function minuteOf(time: string, timezone: string): string {
  const { clock } = localOf(time, timezone);
  return `${dayOf(time, timezone)}T${two(Math.floor(clock / 3600))}:${two(Math.floor(clock / 60) % 60)}`;
}
