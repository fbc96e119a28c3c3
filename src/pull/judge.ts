// What a failure means for a stream's walk (design 3.6, 5): walk again, wait, end, or try again. Pure: one table.
import { codes, TidemarkError } from '../errors.ts';
import type { Reason, StreamMode, Timings } from '../model.ts';
import type { StreamDefinition } from '../connectors/definition.ts';

export type Judgement =
  /** A new walk of the stream in the same run. `list`: the list alone, where the tenant has no delta. */
  | { readonly act: 'restart'; readonly mode: StreamMode; readonly reason: Reason; readonly list: boolean }
  | { readonly act: 'wait'; readonly waitMs: number }
  | { readonly act: 'end'; readonly outcome: 'failed' | 'partial'; readonly error: TidemarkError }
  /** Temporal tries again; the worked time is noted first. */
  | { readonly act: 'retry' }
  /** Not a matter of the source: another attempt has taken over, or the database is away. */
  | { readonly act: 'rethrow' };

/** What the judgement needs of the walk. */
export interface Standing {
  readonly walk: number;
  readonly mode: StreamMode;
  readonly reason: Reason;
  /** Worked time so far, this attempt and the wait before the next included. */
  readonly workedMs: number;
  readonly pagelessMs: number;
}

const walkLimit = 3;

export function judge(error: TidemarkError, standing: Standing, stream: StreamDefinition, timings: Timings): Judgement {
  if (error.code === 'STALE_ATTEMPT' || error.code === 'STORE_UNAVAILABLE') return { act: 'rethrow' };
  const again = standing.walk < walkLimit;
  if (error.code === 'CURSOR_EXPIRED' && again) {
    // An expired page link inside a delta is read again from the cursor that was adopted; everything else in full.
    const delta = standing.mode === 'delta' && error.details['link'] === 'page';
    return delta
      ? { act: 'restart', mode: 'delta', reason: standing.reason, list: false }
      : { act: 'restart', mode: 'full', reason: 'cursor expired', list: false };
  }
  if (error.details['delta'] === 'unsupported' && stream.walk.shape === 'list' && again) {
    return { act: 'restart', mode: 'full', reason: 'no delta for this stream', list: true };
  }
  if (error.code === 'SOURCE_THROTTLED' && error.retryAfterMs !== undefined) {
    return error.retryAfterMs <= timings.maxWaitMs
      ? { act: 'wait', waitMs: error.retryAfterMs }
      : { act: 'end', outcome: 'partial', error };
  }
  if (!codes[error.code].retried) return { act: 'end', outcome: 'failed', error: permissionNamed(error, stream) };
  if (standing.workedMs > timings.workedLimitMs || standing.pagelessMs > timings.pagelessLimitMs) {
    return { act: 'end', outcome: 'failed', error };
  }
  return { act: 'retry' };
}

/** A refusal says which permission the stream needs: the least one of its alternatives. */
function permissionNamed(error: TidemarkError, stream: StreamDefinition): TidemarkError {
  const [least, ...wider] = stream.permissions;
  if (error.code !== 'SOURCE_FORBIDDEN' || least === undefined || error.details['graphCode'] !== 'Authorization_RequestDenied')
    return error;
  return new TidemarkError(
    'SOURCE_FORBIDDEN',
    `The application may not read ${stream.title.toLowerCase()}: the permission ${least} is missing.`,
    {
      hint: `In the app registration, under API permissions, add the application permission ${least} and click "Grant admin consent"; a green check mark shows that it is granted. (${wider.join(', ')} would do as well, but give more.)`,
      details: { ...error.details, missing: [least] },
      cause: error,
    },
  );
}
