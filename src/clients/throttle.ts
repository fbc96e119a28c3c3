// How long to wait when a source says so: Retry-After, its absence, and the early warning before it. Pure but for the pause itself.
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than any wait a run accepts; keeps sums and timers finite. */
const longestToldMs = 30 * 24 * 3_600_000;

/**
 * The wait of a Retry-After header in ms, from seconds or an HTTP date, or null when there is none to be read.
 * A date counts from the answer's own Date, so that the two clocks need not agree. MUST be asked only for 429, 503 and 504: a 200 may carry one of two weeks.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number | null {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.min(Number(value) * 1000, longestToldMs);
  const at = Date.parse(value);
  if (Number.isNaN(at)) return null;
  const sent = Date.parse(headers['date'] ?? '');
  return Math.min(Math.max(at - (Number.isNaN(sent) ? nowMs : sent), 0), longestToldMs);
}

/**
 * How long nobody asks after the `nth` (from 0) refusal in a row: what the source told, never shortened. Without a word from it: 1 s, doubling to 30 s,
 * halved to one and a half by `random` in [0, 1).
 */
export function refusalWaitMs(toldMs: number | null, nth: number, random: number): number {
  const growing = Math.min(1000 * 2 ** nth, 30_000);
  if (toldMs === null) return Math.round(growing * (0.5 + random));
  // A source that says 0 again and again is not asked in a tight loop.
  return Math.max(toldMs, growing / 4);
}

/** A wait for one of many who wait for the same: up to a tenth is added, so that they do not come back at once. */
export function spreadWaitMs(waitMs: number, random: number): number {
  return Math.round(waitMs * (1 + random / 10));
}

/** The short wait before the `nth` (from 0) cheap repetition: about 100 ms, then 200 ms. */
export function repeatWaitMs(nth: number, random: number): number {
  return Math.round(100 * 2 ** nth * (0.5 + random));
}

/** How long to pause before the next request when the source warns that the limit is near (from 0.8 of it): up to 2 s. */
export function slowDownMs(headers: Readonly<Record<string, string>>): number {
  const share = Number(headers['x-ms-throttle-limit-percentage'] ?? Number.NaN);
  if (!(share >= 0.8)) return 0;
  return Math.round(Math.min(200 + (share - 0.8) * 4000, 2000));
}

/** Waits, after saying so. An aborted signal throws its own reason. */
export async function pause(waitMs: number, signal: AbortSignal, alive: ((waitMs?: number) => void) | undefined): Promise<void> {
  if (waitMs <= 0) return;
  alive?.(waitMs);
  try {
    await sleep(waitMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
