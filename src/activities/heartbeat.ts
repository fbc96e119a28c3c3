// The heartbeat of long activities: it says that work moves, not that the process lives.
// MUST stop when nothing moved for `stallMs` outside a declared wait: a stalled attempt has to be given up and taken up elsewhere.
import { Context } from '@temporalio/activity';
import { TidemarkError } from '../errors.ts';
import type { Timings } from '../model.ts';

export interface Heartbeat {
  /** Aborted when the activity is cancelled, the worker drains, or nothing moves any more. */
  readonly signal: AbortSignal;
  /** Something moved; with `waitMs`, nothing will for that long. */
  readonly alive: (waitMs?: number) => void;
}

const longestBeatMs = 1000;

/**
 * Runs `work` with a heartbeat every second. Work that was cancelled ends by itself, at its page boundary.
 * @throws SOURCE_UNAVAILABLE when the work ended because it had stalled or the worker drains.
 */
export async function withHeartbeat<T>(
  timings: Pick<Timings, 'stallMs' | 'heartbeatTimeoutMs'>,
  draining: AbortSignal,
  work: (heartbeat: Heartbeat) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const stalled = new AbortController();
  let movesUntil = performance.now() + timings.stallMs;
  const beat = (): void => {
    if (performance.now() < movesUntil) context.heartbeat();
    else stalled.abort();
  };
  const alive = (waitMs = 0): void => {
    movesUntil = performance.now() + waitMs + timings.stallMs;
  };
  const timer = setInterval(beat, Math.min(longestBeatMs, timings.heartbeatTimeoutMs / 3));
  beat();
  try {
    const result = await work({ signal: AbortSignal.any([context.cancellationSignal, draining, stalled.signal]), alive });
    if (stalled.signal.aborted) throw stall(timings.stallMs);
    return result;
  } catch (error) {
    if (stalled.signal.aborted) throw stall(timings.stallMs, error);
    if (draining.aborted && !(error instanceof TidemarkError)) {
      throw new TidemarkError('SOURCE_UNAVAILABLE', 'The worker ends; another one goes on.', { cause: error });
    }
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function stall(stallMs: number, cause?: unknown): TidemarkError {
  return new TidemarkError('SOURCE_UNAVAILABLE', `Nothing moved for ${Math.round(stallMs / 1000)} s; the attempt was given up.`, { cause });
}
