// The order ledger while orders are written: who may write, what is open, and what became of each, before and after its request.
// MUST write nothing without the lease: of two attempts the last one counts, and one file of a connection is written at a time.
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import type { Database, Transaction } from './database.ts';
import { jsonb } from './params.ts';

/** Longer than an attempt that has died is waited for. */
const leaseFor = `interval '90 s'`;

/** How long an object that was made may not be seen everywhere. */
const lately = `interval '15 minutes'`;

/** What an attempt writes under. */
export interface Lease {
  readonly connection: string;
  readonly file: string;
  readonly fence: number;
}

/** Takes over from whatever attempt had this file. null: another file of the connection is being written. @throws CONFIG_INVALID when the connection is gone. */
export async function takeLease(database: Database, connection: string, file: string): Promise<Lease | null> {
  const [row] = await database.query<{ fence: number }>(
    `insert into order_lease (connection, file, until)
     select name, $2, now() + ${leaseFor} from connection where name = $1 and deleted_at is null
     on conflict (connection) do update set file = excluded.file, fence = order_lease.fence + 1, until = excluded.until
     where order_lease.file = excluded.file or order_lease.until <= now()
     returning fence`,
    [connection, file],
  );
  if (row !== undefined) return { connection, file, fence: row.fence };
  const [there] = await database.query('select from connection where name = $1 and deleted_at is null', [connection]);
  if (there !== undefined) return null;
  throw new TidemarkError('CONFIG_INVALID', `There is no connection "${connection}" any more; its orders are not written.`);
}

/** Lets the next file have its turn. Does nothing when another attempt has taken over. */
export async function giveLease(database: Database, { connection, file, fence }: Lease): Promise<void> {
  await database.query('update order_lease set until = now() where connection = $1 and file = $2 and fence = $3', [
    connection,
    file,
    fence,
  ]);
}

/** @throws STALE_ATTEMPT when another attempt has taken over, or the connection is gone. */
async function holdLease(transaction: Transaction, { connection, file, fence }: Lease): Promise<void> {
  const held = await transaction.query(
    `update order_lease set until = now() + ${leaseFor} where connection = $1 and file = $2 and fence = $3
       and exists (select from connection where name = $1 and deleted_at is null) returning fence`,
    [connection, file, fence],
  );
  if (held.length === 0) throw new TidemarkError('STALE_ATTEMPT', 'Another attempt writes these orders, or their connection is gone.');
}

export interface OpenOrder {
  readonly id: string;
  readonly num: number;
  readonly action: string;
  readonly type: string;
  readonly key: string | null;
  readonly member: string | null;
  readonly body: JsonObject | null;
  readonly state: 'waiting' | 'sent';
  readonly step: number;
  readonly failures: string | null;
  readonly tries: number;
  readonly misses: number;
  readonly lost: boolean;
  readonly objectId: string | null;
  readonly firstSentAt: string | null;
  /** Whether that was a short while ago. */
  readonly lately: boolean;
  /** Milliseconds until it may be tried; 0 or less: now. */
  readonly waitMs: number;
}

/** The first open orders of the file, in the order in which they came. */
export function openOrders(database: Database, { connection, file }: Lease, limit: number): Promise<OpenOrder[]> {
  return database.query<OpenOrder>(
    `select id, num, action, type, key, member, body, state, step, failures, tries, misses, lost, object_id as "objectId",
       first_sent_at as "firstSentAt", coalesce(first_sent_at > now() - ${lately}, false) as lately, coalesce(greatest(extract(epoch from retry_at - now()) * 1000, 0), 0) as "waitMs"
     from order_ledger k
     where connection = $1 and ended_at is null
       -- Asked for each row: as a join it is planned, without statistics, to read the whole file for each.
       and (select true from order_line l where l.connection = $1 and l.file = $2 and l.id = k.id limit 1)
     order by num limit $3`,
    [connection, file, limit],
  );
}

/** What an order that made an object has become. */
export interface Creation {
  readonly id: string;
  readonly num: number;
  readonly key: string | null;
  readonly ended: boolean;
  readonly objectId: string | null;
}

/** The creations among these orders' ids, and those of these names (lower case); of one name the last that succeeded. */
export function readCreations(
  database: Database,
  connection: string,
  of: { readonly ids: readonly string[]; readonly names: readonly string[] },
): Promise<Creation[]> {
  return database.query<Creation>(
    `select id, num, key, ended_at is not null as ended, object_id as "objectId" from order_ledger
     where connection = $1 and action = 'create' and (id = any ($2) or (lower(key) = any ($3) and state in ('executed', 'skipped'))) order by num`,
    [connection, of.ids, of.names],
  );
}

/** Which of these objects were made by orders a short while ago: the directory may not show them everywhere yet. */
export async function madeLately(database: Database, connection: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ id: string }>(
    `select object_id as id from order_ledger
     where connection = $1 and action = 'create' and object_id = any ($2) and coalesce(ended_at, first_sent_at) > now() - ${lately}`,
    [connection, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** What the inventory knows of an object that decides whether it may be written. */
export interface KnownObject {
  readonly id: string;
  readonly stream: string;
  readonly synced: boolean;
  readonly dynamic: boolean;
  readonly assignableToRole: boolean;
  readonly userPrincipalName: string | null;
  readonly roleTemplateId: string | null;
}

export function knownObjects(
  database: Database,
  connection: string,
  of: { readonly ids: readonly string[]; readonly streams: readonly string[] },
): Promise<KnownObject[]> {
  return database.query<KnownObject>(
    `select id, stream, coalesce((body -> 'onPremisesSyncEnabled') = 'true', false) as synced,
       coalesce(body -> 'groupTypes' @> '["DynamicMembership"]', false) as dynamic,
       coalesce((body -> 'isAssignableToRole') = 'true', false) as "assignableToRole",
       body ->> 'userPrincipalName' as "userPrincipalName", body ->> 'roleTemplateId' as "roleTemplateId"
     from record where connection = $1 and stream = any ($2) and id = any ($3) and tombstoned_at is null`,
    [connection, of.streams, of.ids],
  );
}

/** Who of these belongs to one of the groups, as the inventory has it. */
export async function membersAmong(
  database: Database,
  connection: string,
  of: { readonly groups: readonly string[]; readonly ids: readonly string[] },
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ id: string }>(
    `select distinct to_id as id from edge where connection = $1 and stream = 'groups' and kind = 'member' and from_id = any ($2) and to_id = any ($3)`,
    [connection, of.groups, of.ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** An order whose request goes out next. */
export interface Sending {
  readonly id: string;
  readonly objectId: string | null;
  readonly sealed: string | null;
}

/** Notes before the requests go out that they do. What was sent before and has no answer may have been done. @throws STALE_ATTEMPT */
export function markSent(database: Database, lease: Lease, orders: readonly Sending[]): Promise<void> {
  return database.transaction(async (transaction) => {
    await holdLease(transaction, lease);
    await transaction.query(
      `update order_ledger k set state = 'sent', tries = tries + 1, lost = lost or state = 'sent', retry_at = null,
         first_sent_at = coalesce(first_sent_at, now()), object_id = coalesce(o."objectId", k.object_id), sealed = coalesce(o.sealed, k.sealed)
       from jsonb_to_recordset($2::jsonb) as o(id text, "objectId" text, sealed text)
       where k.connection = $1 and k.id = o.id and k.ended_at is null`,
      [lease.connection, jsonb(orders)],
    );
  });
}

/** What became of an order. */
export interface Outcome {
  readonly id: string;
  readonly state: 'waiting' | 'sent' | 'executed' | 'errored' | 'skipped';
  readonly objectId: string | null;
  readonly step: number;
  readonly misses: number;
  readonly failures: string | null;
  /** When it may be tried again; null: now, or never. */
  readonly retryMs: number | null;
  /** Whether what was tried counts: a wait that the source asked for does not. */
  readonly counts: boolean;
  readonly code: string | null;
  readonly message: string | null;
}

/** Notes what became of orders. @throws STALE_ATTEMPT */
export function saveOutcomes(database: Database, lease: Lease, outcomes: readonly Outcome[]): Promise<void> {
  return database.transaction(async (transaction) => {
    await holdLease(transaction, lease);
    await transaction.query(
      `update order_ledger k set state = o.state, object_id = coalesce(o."objectId", k.object_id), step = o.step, misses = o.misses,
         failures = o.failures, code = o.code, message = o.message, tries = case when o.counts then k.tries else greatest(k.tries - 1, 0) end,
         retry_at = clock_timestamp() + o."retryMs" * interval '1 ms',
         ended_at = case when o.state in ('executed', 'errored', 'skipped') then clock_timestamp() end,
         body = case when o.state in ('executed', 'errored', 'skipped') then null else k.body end,
         -- A password that nobody got opens nothing.
         sealed = case when o.state in ('errored', 'skipped') then null else k.sealed end
       from jsonb_to_recordset($2::jsonb) as o(id text, state text, "objectId" text, step integer, misses integer, failures text,
         "retryMs" double precision, counts boolean, code text, message text)
       where k.connection = $1 and k.id = o.id and k.ended_at is null`,
      [lease.connection, jsonb(outcomes)],
    );
  });
}
