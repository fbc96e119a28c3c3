// Which set of files stands in a directory, and which one is on its way there. MUST be written only while no other run has been opened.
import { z } from 'zod';
import type { Database } from './database.ts';
import { jsonb } from './params.ts';

/** SHA-256 of the cookie files, by entity. */
type Cookies = Readonly<Record<string, string>>;

interface SetFacts {
  /** The run that wrote it. */
  readonly run: number;
  /** What it was made by: attributes, entities, where they come from. */
  readonly definition: string;
  readonly cookies: Cookies;
}

export interface PendingSet extends SetFacts {
  /** The folder that has its files. */
  readonly folder: string;
}

export interface ExportState {
  /** What consumers have; null before the first set. */
  readonly committed: SetFacts | null;
  /** null: none is on its way. */
  readonly pending: PendingSet | null;
}

export interface ExportPlace {
  readonly connection: string;
  /** As its writer names it; absolute. */
  readonly directory: string;
}

const pendingSet = z.object({ folder: z.string(), run: z.int(), definition: z.string(), cookies: z.record(z.string(), z.string()) });

interface Row {
  readonly run: number | null;
  readonly definition: string | null;
  readonly cookies: Cookies | null;
  readonly pending: unknown;
}

export async function readExportState(database: Database, { connection, directory }: ExportPlace): Promise<ExportState> {
  const [row] = await database.query<Row>(
    'select run, definition, cookies, pending from export_set where connection = $1 and directory = $2',
    [connection, directory],
  );
  const { run = null, definition = null, cookies = null, pending = null } = row ?? {};
  return {
    committed: run === null || definition === null ? null : { run, definition, cookies: cookies ?? {} },
    pending: pending === null ? null : pendingSet.parse(pending),
  };
}

/** Says that a set is written and is now published; nothing when another one is on its way. @throws STALE_ATTEMPT when another run has been opened. */
export async function notePending(database: Database, { connection, directory }: ExportPlace, set: PendingSet): Promise<void> {
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [set.run, connection] },
    {
      sql: `insert into export_set (connection, directory, pending) values ($1, $2, $3)
        on conflict (connection, directory) do update set pending = excluded.pending where export_set.pending is null`,
      params: [connection, directory, jsonb(set)],
    },
  ]);
}

/** A set whose folder is gone is on its way no more. */
export async function dropPending(database: Database, { connection, directory }: ExportPlace, { folder }: PendingSet): Promise<void> {
  await database.query(`update export_set set pending = null where connection = $1 and directory = $2 and pending ->> 'folder' = $3`, [
    connection,
    directory,
    folder,
  ]);
}

/** Consumers have it. Idempotent. */
export async function commitSet(database: Database, { connection, directory }: ExportPlace, { folder }: PendingSet): Promise<void> {
  await database.query(
    `update export_set set run = (pending ->> 'run')::bigint, definition = pending ->> 'definition', cookies = pending -> 'cookies', pending = null
     where connection = $1 and directory = $2 and pending ->> 'folder' = $3`,
    [connection, directory, folder],
  );
}

export interface StreamStanding {
  readonly stream: string;
  /** It was read to its end at least once, this run counted. */
  readonly complete: boolean;
  /** This run read it in full. */
  readonly full: boolean;
  /** The link that tells what changes from here on; null where the source has none. */
  readonly link: string | null;
}

/** How streams stand with a run that has read them, be it ended or not. */
export function standingOf(
  database: Database,
  { run, connection, streams }: { readonly run: number; readonly connection: string; readonly streams: readonly string[] },
): Promise<StreamStanding[]> {
  return database.query<StreamStanding>(
    `select s.stream, coalesce(c.outcome = 'complete', false) or k.last_full_at is not null as complete,
       coalesce(c.mode, t.mode) is not distinct from 'full' as full, case when c.outcome = 'complete' then c.cursor else k.link end as link
     from unnest($3::text[]) with ordinality as s (stream, at)
     left join checkpoint c on c.run = $1 and c.stream = s.stream
     left join cursor k on k.connection = $2 and k.stream = s.stream
     left join lateral (
       select r ->> 'mode' as mode from run, jsonb_array_elements(report -> 'streams') r where run.run = $1 and r ->> 'stream' = s.stream
     ) t on true
     order by s.at`,
    [run, connection, streams],
  );
}
