// What a connection's streams hold between runs: the adopted cursor and the last full pulls.
// MUST be written by finishRun alone, except that a database found to be behind, or a deleted connection, loses its links.
import type { CursorBinding } from '../model.ts';
import type { Transaction } from './database.ts';

/** What `decide` needs to know of one stream (model.ts StreamFacts); ages by the database's clock. */
export interface StoredStreamFacts {
  readonly stream: string;
  readonly cursor: { readonly binding: CursorBinding; readonly mapHash: string; readonly ageMs: number } | null;
  readonly lastFull: { readonly nominalAt: string } | null;
  readonly failedFulls: { readonly count: number; readonly sinceMs: number } | null;
}

interface CursorRow {
  readonly stream: string;
  readonly has_link: boolean;
  readonly binding: CursorBinding | null;
  readonly map_hash: string | null;
  readonly age_ms: number | null;
  readonly last_full_nominal_at: string | null;
  readonly failed_fulls: number;
  readonly failed_since_ms: number | null;
}

const age = (column: string): string => `(extract(epoch from clock_timestamp() - ${column}) * 1000)::bigint`;

/** The facts of the streams named, in their order; a stream never pulled has none. */
export async function readStreamFacts(
  database: Transaction,
  of: { readonly connection: string; readonly streams: readonly string[] },
): Promise<StoredStreamFacts[]> {
  const rows = await database.query<CursorRow>(
    `select stream, link is not null as has_link, binding, map_hash, ${age('received_at')} as age_ms,
       last_full_nominal_at, failed_fulls, ${age('failed_full_at')} as failed_since_ms
     from cursor where connection = $1 and stream = any ($2)`,
    [of.connection, of.streams],
  );
  const byStream = new Map(rows.map((row) => [row.stream, row]));
  return of.streams.map((stream) => factsOf(stream, byStream.get(stream)));
}

function factsOf(stream: string, row: CursorRow | undefined): StoredStreamFacts {
  if (row === undefined) return { stream, cursor: null, lastFull: null, failedFulls: null };
  const { binding, map_hash: mapHash, age_ms: ageMs, last_full_nominal_at: nominalAt, failed_fulls: count, failed_since_ms: sinceMs } = row;
  return {
    stream,
    cursor: row.has_link && binding !== null && mapHash !== null && ageMs !== null ? { binding, mapHash, ageMs } : null,
    lastFull: nominalAt === null ? null : { nominalAt },
    failedFulls: count === 0 || sinceMs === null ? null : { count, sinceMs },
  };
}

/** The stream as the run pinned it. */
export interface StreamPin {
  readonly stream: string;
  /** Whether the source has a delta for it. */
  readonly delta: boolean;
  readonly optional: boolean;
  readonly binding: CursorBinding;
  readonly mapHash: string;
  /** Whether its records are mapped to assets. */
  readonly assets: boolean;
}

/**
 * Adopts the cursors of the run's complete streams and notes their full pulls, but only while no other run has been opened (I3).
 * A full pull that failed is counted until one completes.
 */
export async function adoptCursors(transaction: Transaction, of: { readonly run: number; readonly connection: string }): Promise<void> {
  await transaction.query(
    `insert into cursor (connection, stream, link, binding, map_hash, received_at, run, last_full_nominal_at, last_full_at, failed_fulls, failed_full_at)
     select r.connection, p.stream, c.cursor, p.binding, p."mapHash", c.cursor_at, r.run,
       case when c.mode = 'full' then r.nominal_at end, case when c.mode = 'full' then now() end, 0, null
     from connection n
     join run r on r.run = n.fence and r.run = $1
     join checkpoint c on c.run = r.run and c.outcome = 'complete'
     join jsonb_to_recordset(r.streams) as p (stream text, binding jsonb, "mapHash" text) on p.stream = c.stream
     where n.name = $2 and n.deleted_at is null
     on conflict (connection, stream) do update set
       link = excluded.link, binding = excluded.binding, map_hash = excluded.map_hash, received_at = excluded.received_at, run = excluded.run,
       last_full_nominal_at = coalesce(excluded.last_full_nominal_at, cursor.last_full_nominal_at),
       last_full_at = coalesce(excluded.last_full_at, cursor.last_full_at),
       failed_fulls = case when excluded.last_full_at is null then cursor.failed_fulls else 0 end,
       failed_full_at = case when excluded.last_full_at is null then cursor.failed_full_at end`,
    [of.run, of.connection],
  );
}

/** Counts the full pulls of the run that did not complete: a due baseline is tried again later and later. */
export async function noteFailedFulls(transaction: Transaction, run: number): Promise<void> {
  await transaction.query(
    `insert into cursor (connection, stream, failed_fulls, failed_full_at)
     select r.connection, c.stream, 1, now() from run r join checkpoint c on c.run = r.run
     where r.run = $1 and c.mode = 'full' and c.outcome in ('failed', 'partial')
     on conflict (connection, stream) do update set failed_fulls = cursor.failed_fulls + 1, failed_full_at = now()`,
    [run],
  );
}

/** Forgets the links of a connection: its next pulls are full. Idempotent. */
export async function dropCursors(transaction: Transaction, connection: string): Promise<void> {
  await transaction.query('update cursor set link = null, received_at = null where connection = $1', [connection]);
}
