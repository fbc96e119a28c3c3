// What a connection's streams hold between runs: the adopted cursor and the last full pulls.
// MUST be written by finishRun alone, except that a database found to be behind, or a deleted connection, loses its links.
import type { CursorBinding, StreamFacts } from '../model.ts';
import type { Transaction } from './database.ts';

/** The stream as the run pinned it. */
export interface StreamPin {
  readonly stream: string;
  /** Whether the source has a delta for it. */
  readonly delta: boolean;
  readonly optional: boolean;
  readonly binding: CursorBinding;
  /** What is selected. Absent in what earlier releases pinned. */
  readonly selection?: Selection;
  readonly mapHash: string;
  /** Whether its records are mapped to assets. */
  readonly assets: boolean;
  /** The tags that its assets must have; null: none is asked for. Absent in what earlier releases pinned. */
  readonly include?: IncludePin | null;
  /** Relations decide its documents, and these have events. Absent where they do not. */
  readonly events?: true;
  /** Streams that it is read after. Absent: none. */
  readonly after?: readonly string[];
  /** The stream of the run whose slices read it too. Absent: it has its own. */
  readonly along?: string;
}

/** The properties asked for, those that become edges apart: what an edge no longer asked for was, only a full pull tells. */
interface Selection {
  readonly properties: readonly string[];
  readonly relations: readonly string[];
}

/** Queries that all must be met, and what tells them from others. */
export interface IncludePin {
  readonly queries: readonly string[];
  readonly hash: string;
}

interface CursorRow {
  readonly stream: string;
  readonly has_link: boolean;
  readonly binding: CursorBinding | null;
  readonly selection: Selection | null;
  readonly map_hash: string | null;
  readonly age_ms: number | null;
  readonly last_full_nominal_at: string | null;
  readonly failed_fulls: number;
  readonly failed_since_ms: number | null;
}

const age = (column: string): string => `(extract(epoch from clock_timestamp() - ${column}) * 1000)::bigint`;

/** What `decide` needs to know of the streams, in their order; ages by the database's clock. */
export async function readStreamFacts(transaction: Transaction, connection: string, pins: readonly StreamPin[]): Promise<StreamFacts[]> {
  const rows = await transaction.query<CursorRow>(
    `select stream, link is not null as has_link, binding, selection, map_hash, ${age('received_at')} as age_ms,
       last_full_nominal_at, failed_fulls, ${age('failed_full_at')} as failed_since_ms
     from cursor where connection = $1 and stream = any ($2)`,
    [connection, pins.map(({ stream }) => stream)],
  );
  return pins.map((pin) =>
    factsOf(
      pin,
      rows.find(({ stream }) => stream === pin.stream),
    ),
  );
}

function factsOf({ selection, ...pin }: StreamPin, row: CursorRow | undefined): StreamFacts {
  const { stream, delta, optional, after, along, binding, mapHash } = pin;
  const order = { ...(after === undefined ? {} : { after }), ...(along === undefined ? {} : { along }) };
  const pinned = { stream, delta, optional, binding, mapHash, ...order };
  if (row === undefined) return { ...pinned, cursor: null, lastFull: null, failedFulls: null };
  const { last_full_nominal_at: nominalAt, failed_fulls: count, failed_since_ms: sinceMs } = row;
  return {
    ...pinned,
    cursor: cursorOf(row, selection),
    lastFull: nominalAt === null ? null : { nominalAt },
    failedFulls: count === 0 || sinceMs === null ? null : { count, sinceMs },
  };
}

function cursorOf({ has_link, binding, selection, map_hash: mapHash, age_ms: ageMs }: CursorRow, asked?: Selection): StreamFacts['cursor'] {
  if (!has_link || binding === null || mapHash === null || ageMs === null) return null;
  const found = { binding, mapHash, ageMs };
  return selection === null || asked === undefined ? found : { ...found, lacks: lacking(selection, asked) };
}

function lacking(selected: Selection, asked: Selection): string[] {
  const without = (some: readonly string[], others: readonly string[]): string[] => some.filter((one) => !others.includes(one));
  return [
    ...without(asked.properties, selected.properties),
    ...without(asked.relations, selected.relations),
    ...without(selected.relations, asked.relations),
  ];
}

/**
 * Adopts the cursors of the run's complete streams and notes their full pulls, but only while no other run has been opened (I3).
 * A full pull that failed is counted until one completes.
 */
export async function adoptCursors(transaction: Transaction, of: { readonly run: number; readonly connection: string }): Promise<void> {
  await transaction.query(
    `insert into cursor (connection, stream, link, binding, selection, map_hash, received_at, run, tags, last_full_nominal_at, last_full_at, failed_fulls, failed_full_at)
     select r.connection, p.stream, c.cursor, p.binding, p.selection, p."mapHash", c.cursor_at, r.run, coalesce(p.include ->> 'hash', ''),
       case when c.mode = 'full' then r.nominal_at end, case when c.mode = 'full' then now() end, 0, null
     from connection n
     join run r on r.run = n.fence and r.run = $1
     join checkpoint c on c.run = r.run and c.outcome = 'complete'
     join jsonb_to_recordset(r.streams) as p (stream text, binding jsonb, selection jsonb, "mapHash" text, include jsonb) on p.stream = c.stream
     where n.name = $2 and n.deleted_at is null
     on conflict (connection, stream) do update set
       link = excluded.link, binding = excluded.binding, selection = excluded.selection, map_hash = excluded.map_hash, received_at = excluded.received_at, run = excluded.run, tags = excluded.tags,
       last_full_nominal_at = coalesce(excluded.last_full_nominal_at, cursor.last_full_nominal_at),
       last_full_at = coalesce(excluded.last_full_at, cursor.last_full_at),
       failed_fulls = case when excluded.last_full_at is null then cursor.failed_fulls else 0 end,
       failed_full_at = case when excluded.last_full_at is null then cursor.failed_full_at end`,
    [of.run, of.connection],
  );
}

/**
 * Where the run's pages will judge by other tags than the stored assets were judged by, no tags hold for all of them until a run has judged all. For a run
 * under way; idempotent.
 */
export const mixTags = `
  insert into cursor (connection, stream, tags)
  select r.connection, p.stream, '?' from run r
  cross join lateral jsonb_to_recordset(r.streams) as p (stream text, include jsonb)
  left join cursor k on k.connection = r.connection and k.stream = p.stream
  where r.run = $1 and r.verdict is null and coalesce(p.include ->> 'hash', '') <> coalesce(k.tags, '')
  on conflict (connection, stream) do update set tags = excluded.tags`;

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
