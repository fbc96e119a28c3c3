// What became of each occurrence of a schedule (I15): a row whether it ran or not.
import type { Database } from './database.ts';
import { escapeText } from './text.ts';

export interface Occurrence {
  readonly connection: string;
  readonly profile: string;
  /** The nominal time, ISO-8601 UTC. */
  readonly scheduledAt: string;
  /** null until its run opens, and for one that did not run. */
  readonly run: number | null;
  readonly outcome: 'ran' | 'queued' | 'skipped';
  /** Why it was skipped. */
  readonly reason: string | null;
}

/**
 * Notes or updates an occurrence. Idempotent. One that ran MUST stay so: a late answer does not turn it into another.
 * Answers whether that was news.
 */
export async function noteOccurrence(database: Database, of: Occurrence): Promise<boolean> {
  const changed = await database.query(
    `insert into occurrence (connection, profile, scheduled_at, run, outcome, reason) values ($1, $2, $3, $4, $5, $6)
     on conflict (connection, profile, scheduled_at) do update set run = excluded.run, outcome = excluded.outcome, reason = excluded.reason, noted_at = now()
     where occurrence.outcome <> 'ran'
       and (occurrence.run, occurrence.outcome, occurrence.reason) is distinct from (excluded.run, excluded.outcome, excluded.reason)
     returning true as changed`,
    [of.connection, of.profile, of.scheduledAt, of.run, of.outcome, of.reason === null ? null : escapeText(of.reason)],
  );
  return changed.length > 0;
}

/** The latest occurrences of a connection, newest first. */
export function listOccurrences(database: Database, of: { readonly connection: string; readonly limit: number }): Promise<Occurrence[]> {
  return database.query<Occurrence>(
    `select connection, profile, scheduled_at as "scheduledAt", run, outcome, reason
     from occurrence where connection = $1 order by scheduled_at desc, profile limit $2`,
    [of.connection, of.limit],
  );
}

/** The times of a profile's occurrences that have their row; `from` exclusive, `till` inclusive, ISO-8601 UTC. */
export async function knownOccurrences(
  database: Database,
  of: { readonly connection: string; readonly profile: string; readonly from: string; readonly till: string },
): Promise<Pick<Occurrence, 'scheduledAt' | 'outcome'>[]> {
  return database.query<Pick<Occurrence, 'scheduledAt' | 'outcome'>>(
    `select scheduled_at as "scheduledAt", outcome from occurrence
     where connection = $1 and profile = $2 and scheduled_at > $3 and scheduled_at <= $4`,
    [of.connection, of.profile, of.from, of.till],
  );
}
