// Which nominal times did not become an occurrence, and why (I15). Pure: what Temporal and the database know is given, times are epoch milliseconds.
// MUST say no more than is known. A late answer of a tick writes over what is said here: the row of what ran wins.
import { pausedFor } from '../clients/schedules.ts';

/** What Temporal says of a Schedule at a look. */
export interface Seen {
  /** Whether it had to be made anew, or repaired, for this look. */
  readonly did: 'created' | 'repaired' | 'nothing';
  /** The operator's note on a paused Schedule, now and at the look before; null: not paused. */
  readonly paused: string | null;
  readonly pausedBefore: string | null;
  /** How many occurrences Temporal came too late for since the look before, and how many it left out because the tick before them was open. */
  readonly late: number;
  readonly overlapped: number;
  /** Of the latest ticks the nominal times, and of those that are still open. */
  readonly fired: ReadonlySet<number>;
  readonly open: ReadonlySet<number>;
  /** When it fires next; null when never, or not known. */
  readonly nextMs: number | null;
}

export interface Span {
  /** Nominal times as Temporal lists them. */
  readonly listed: readonly number[];
  /** Local times that the clock skips. */
  readonly skippedByClock: readonly number[];
  /** Those that the clock brings a second time, and that ran the first time. */
  readonly repeated: ReadonlySet<number>;
  /** Those that have their row. */
  readonly known: ReadonlySet<number>;
  readonly tillMs: number;
  readonly nowMs: number;
  /** How late one may still be started. */
  readonly catchupMs: number;
}

export interface Missed {
  readonly skipped: readonly { readonly atMs: number; readonly reason: string }[];
  /** Every occurrence up to here has its row, or gets it now. */
  readonly tillMs: number;
}

/** Of a local time that the clock brings twice (decision 15). */
export const ranTheFirstTime = 'the local hour comes twice, and it ran the first time';

export function judgeMissed(span: Span, seen: Seen): Missed {
  const missing = span.listed.filter((at) => !span.known.has(at));
  const pending = missing.filter((at) => mayStillCome(at, span, seen));
  const gone = missing.filter((at) => !pending.includes(at));
  const never = span.skippedByClock.filter((at) => !span.known.has(at) && !span.listed.includes(at));
  const skipped = [
    ...gone.map((atMs) => ({ atMs, reason: whyMissed(atMs, span, seen) })),
    ...never.map((atMs) => ({ atMs, reason: 'no such local time' })),
  ];
  return {
    skipped: skipped.sort((a, b) => a.atMs - b.atMs),
    tillMs: pending.reduce((earliest, at) => Math.min(earliest, at - 1), span.tillMs),
  };
}

/** A tick that waits for a worker, or that Temporal has not come to yet after it was away. */
function mayStillCome(at: number, { nowMs, catchupMs }: Span, seen: Seen): boolean {
  if (seen.open.has(at)) return true;
  return seen.paused === null && seen.nextMs !== null && seen.nextMs <= at && nowMs - at <= catchupMs;
}

function whyMissed(at: number, { repeated }: Span, seen: Seen): string {
  if (repeated.has(at)) return ranTheFirstTime;
  const note = seen.paused ?? seen.pausedBefore;
  const counted = whyNotStarted(seen);
  if (note !== null) {
    const paused = pausedFor(note);
    // Nobody knows when in between the pause began.
    return seen.pausedBefore === null && counted !== null ? `${counted}, or ${paused}` : paused;
  }
  if (seen.did === 'created') return 'its schedule was missing in Temporal';
  if (seen.did === 'repaired') return 'its schedule had been changed by hand';
  if (seen.fired.has(at)) return 'its tick ended without an answer';
  return counted ?? 'Temporal did not start it';
}

/** What Temporal's own counters say; null when nothing. */
function whyNotStarted({ late, overlapped }: Seen): string | null {
  const reasons = [...(late > 0 ? ['Temporal was not running'] : []), ...(overlapped > 0 ? ['no worker answered the tick before it'] : [])];
  return reasons.length === 0 ? null : reasons.join(', or ');
}
