// Connections: configuration with its revision, the state that is shown, and deletion.
// MUST never lower a fence: what an older run still tries is refused, also after the connection was deleted and made anew.
import { TidemarkError } from '../errors.ts';
import type { ConnectionState, ErrorBrief, JsonObject } from '../model.ts';
import { dropCursors } from './cursor.ts';
import type { Database, Transaction } from './database.ts';
import { byNum, jsonb } from './params.ts';
import { watchSchedules } from './watch.ts';

/** What the entity saves of itself, for when it cannot be asked. */
export interface SavedState {
  readonly state: ConnectionState;
  readonly since: string;
  readonly paused: boolean;
  readonly lastError: ErrorBrief | null;
  readonly details: JsonObject;
}

export interface Connection {
  readonly name: string;
  readonly spec: JsonObject;
  readonly specHash: string;
  readonly revision: number;
  readonly createdAt: string;
  readonly changedAt: string;
  /** The number of the last run that was opened; 0 when none. */
  readonly fence: number;
  /** null until the entity has saved it once. */
  readonly saved: SavedState | null;
}

const columns = `name, with_maps(spec) as spec, spec_hash as "specHash", revision, created_at as "createdAt", changed_at as "changedAt", fence, state as saved`;

/**
 * Creates or changes a connection; a change makes a new revision, and watches its schedules from now on. Idempotent by the hash of the spec.
 * `maps`: those of the users' own that it names.
 * @throws CONFIG_INVALID when another connection has this name in other letter case, or one of the maps is not there any more.
 */
export async function putConnection(
  database: Database,
  of: { readonly name: string; readonly spec: JsonObject; readonly specHash: string; readonly maps?: readonly string[] },
): Promise<'created' | 'changed' | 'unchanged'> {
  return database.transaction(async (transaction) => {
    const [old] = await transaction.query<{ spec: JsonObject; spec_hash: string; deleted: boolean }>(
      'select spec, spec_hash, deleted_at is not null as deleted from connection where name = $1 for update',
      [of.name],
    );
    if (old?.deleted === false && old.spec_hash === of.specHash) return 'unchanged';
    const [same] = await transaction.query<{ name: string }>(
      'select name from connection where lower(name) = lower($1) and name <> $1 and deleted_at is null',
      [of.name],
    );
    if (same !== undefined) {
      throw new TidemarkError('CONFIG_INVALID', `There is a connection "${same.name}" already; names are one without regard to case.`);
    }
    await holdMaps(transaction, of.maps ?? []);
    await transaction.query(
      `insert into connection (name, spec, spec_hash) values ($1, $2, $3)
       on conflict (name) do update set spec = excluded.spec, spec_hash = excluded.spec_hash, revision = connection.revision + 1,
         changed_at = now(), deleted_at = null`,
      [of.name, jsonb(of.spec), of.specHash],
    );
    await watchSchedules(transaction, { connection: of.name, before: old?.deleted === false ? old.spec : null, after: of.spec });
    return old?.deleted === false ? 'changed' : 'created';
  });
}

/** From here on none of them is deleted until the transaction ends. */
async function holdMaps(transaction: Transaction, names: readonly string[]): Promise<void> {
  const held = await transaction.query<{ name: string }>('select name from map where name = any ($1) order by name for key share', [names]);
  const gone = names.find((name) => !held.some((map) => map.name === name));
  if (gone !== undefined)
    throw new TidemarkError('CONFIG_INVALID', `There is no transform map "${gone}".`, { hint: 'Apply its file first.' });
}

/** null when there is none, or it was deleted. */
export async function getConnection(database: Database, name: string): Promise<Connection | null> {
  const [row] = await database.query<Connection>(`select ${columns} from connection where name = $1 and deleted_at is null`, [name]);
  return row ?? null;
}

/** All connections by name. */
export function listConnections(database: Database): Promise<Connection[]> {
  return database.query<Connection>(`select ${columns} from connection where deleted_at is null order by name`);
}

/** Saves what the entity shows. Does nothing when the connection was deleted meanwhile. */
export async function setConnectionState(database: Database, name: string, state: SavedState): Promise<void> {
  await database.query('update connection set state = $2 where name = $1 and deleted_at is null', [name, jsonb(state)]);
}

const purgedAtOnce = 20_000;

/**
 * Deletes a connection: from here on none of its runs can write. The inventory stays unless `purge`, which goes in slices and goes on where it was
 * when it is called again. Idempotent; false when there was nothing to delete.
 */
export async function deleteConnection(database: Database, name: string, { purge }: { readonly purge: boolean }): Promise<boolean> {
  const deleted = await database.transaction(async (transaction) => {
    const rows = await transaction.query(
      'update connection set deleted_at = now(), state = null where name = $1 and deleted_at is null returning name',
      [name],
    );
    await dropCursors(transaction, name);
    // Without its mark nothing more is noted for events: who takes the name next looks at everything.
    for (const table of ['credential', 'held_removal', 'event_mark', 'edge_lost', 'event_due', 'export_set'])
      await transaction.query(`delete from ${table} where connection = $1`, [name]);
    return rows.length > 0;
  });
  return purge ? (await purgeConnection(database, name)) || deleted : deleted;
}

async function purgeConnection(database: Database, name: string): Promise<boolean> {
  let erased = false;
  for (const slice of [purgeRecords, purgeFindings, purgeEdges, purgeOfRuns('asset_change'), purgeOfRuns('removed_edge')]) {
    for (;;) {
      const [row] = await database.query<{ purged: number }>(slice, [name]);
      if (row === undefined || row.purged === 0) break;
      erased = true;
    }
  }
  const ofOrders = ['order_line', 'order_file', 'order_ledger', 'order_lease', 'order_path'];
  const ofRuns = ['checkpoint', 'seen', 'pending_removal', 'run_change'];
  const rest = await database.batch([
    ...ofRuns.map((table) => ({ sql: `delete from ${table} where run in (select run from run where connection = $1)`, params: [name] })),
    ...['rejected', 'run_log', 'occurrence', 'cursor', 'tally', 'removal_day', 'held_removal', 'audit', 'run', 'watch', ...ofOrders].map(
      (table) => ({
        sql: `delete from ${table} where connection = $1`,
        params: [name],
      }),
    ),
    { sql: 'delete from connection where name = $1 and deleted_at is not null returning name', params: [name] },
  ]);
  return erased || (rest.at(-1)?.length ?? 0) > 0;
}

// By place on disk: each slice then costs what it deletes. No name holds a blank, and "!" is what follows it.
const purgeRecords = `
  with gone as (
    delete from record where ctid = any (array(select ctid from record where connection = $1 limit ${purgedAtOnce})) returning num, stream, tombstoned_at
  ), assets as (
    delete from asset where num = any (array(select num from gone))
  ), events as (
    delete from document_event where num = any (array(select num from gone))
  ), told as (
    delete from evidence where num = any (array(select num from gone))
  ), keys as (
    delete from identity_key where num = any (array(select num from gone))
  ), fewer as (
    update tally t set live = t.live - g.live
    from (select stream, count(*) filter (where tombstoned_at is null) as live from gone group by stream) g
    where t.connection = $1 and t.stream = g.stream and t.kind = 'record'
  )
  select count(*) as purged from gone`;

const purgeFindings = `
  with gone as (
    delete from finding where ctid = any (array(select ctid from finding where connection = $1 limit ${purgedAtOnce})) returning 1
  )
  select count(*) as purged from gone`;

const purgeOfRuns = (table: string): string => `
  with gone as (
    delete from ${table} where ctid = any (array(
      select ctid from ${table} where run in (select run from run where connection = $1) limit ${purgedAtOnce})) returning 1
  )
  select count(*) as purged from gone`;

const purgeEdges = `
  with gone as (
    delete from edge where ctid = any (array(select ctid from edge where ${byNum} >= $1 || ' ' and ${byNum} < $1 || '!' limit ${purgedAtOnce})) returning stream, kind
  ), fewer as (
    update tally t set live = t.live - g.live from (select stream, kind, count(*) as live from gone group by stream, kind) g
    where t.connection = $1 and t.stream = g.stream and t.kind = g.kind
  )
  select count(*) as purged from gone`;
