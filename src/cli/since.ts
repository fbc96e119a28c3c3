// From where on changes are told: after a run, or since a time.
import { TidemarkError } from '../errors.ts';
import { momentOf } from '../query/match.ts';
import { parseRunName } from './runName.ts';

export interface Since {
  /** Runs after this one. */
  readonly afterRun: number;
  /** Runs that ended then or later; null: whenever. */
  readonly since: string | null;
}

/**
 * `17` and `NAME:17`: after this run, of whatever connection, for all take their numbers from one sequence; else a time as queries have it.
 * @throws CONFIG_INVALID when it is none of them.
 */
export function readSince(text: string | undefined, now: Date): Since {
  if (text === undefined) return { afterRun: 0, since: null };
  if (/^\d{1,15}$/.test(text)) return { afterRun: Number(text), since: null };
  if (/^[A-Za-z].*:\d+$/.test(text)) return { afterRun: parseRunName(text).run, since: null };
  const at = momentOf(text, now);
  if (at !== null) return { afterRun: 0, since: at.toISOString() };
  throw new TidemarkError('CONFIG_INVALID', `"${text}" is neither a run nor a time.`, {
    hint: 'Give a run as "changes" prints it (contoso-identity:17), its number, or a time such as 2026-05-01, 2026-05-01T10:00Z or now-7d.',
  });
}
