// The pending set of a connection: removals that the guard held, to be listed, rejected or (approved.ts) approved by digest (decision 3).
// MUST decide about exactly the set of the digest, or about nothing.
import type { HeldSet } from '../model.ts';
import type { Database, Transaction } from './database.ts';
import { jsonb } from './params.ts';
import { escapeText } from './text.ts';

/** Why it is to be removed: the source said so, or a complete full walk did not see it. */
type Why = 'source' | 'absent';

export interface HeldGroup {
  readonly stream: string;
  /** `record`, or the edges' kind. */
  readonly kind: string;
  readonly why: Why;
  readonly count: number;
}

/** How much is held, and its digest. Rejected removals are no part of it. */
export async function heldSet(database: Transaction, connection: string): Promise<HeldSet> {
  const [row] = await database.query<HeldSet>('select count, digest from held_set($1)', [connection]);
  return row ?? { count: 0, digest: null };
}

/** The pending sets of all connections that have one, by name. */
export async function heldSets(database: Database): Promise<ReadonlyMap<string, HeldSet>> {
  const rows = await database.query<HeldSet & { readonly connection: string }>(
    `select c.connection, h.count, h.digest
     from (select distinct connection from held_removal where not rejected) c cross join lateral held_set(c.connection) h`,
  );
  return new Map(rows.map(({ connection, count, digest }) => [connection, { count, digest }]));
}

/** What is held, by stream, kind and cause. */
export function readHeld(database: Database, connection: string): Promise<HeldSet & { readonly groups: HeldGroup[] }> {
  return database.transaction(async (transaction) => {
    const groups = await transaction.query<HeldGroup>(
      `select stream, coalesce(edge_kind, 'record') as kind, why, count(*) as count from held_removal
       where connection = $1 and not rejected group by 1, 2, 3 order by 1, 2, 3`,
      [connection],
    );
    return { ...(await heldSet(transaction, connection)), groups };
  });
}

/** One removal that is held. */
export interface HeldLine {
  readonly stream: string;
  /** `record`, or the edge's kind. */
  readonly kind: string;
  /** The record's id, or the edge's container. */
  readonly id: string;
  /** The edge's principal; null for a record. */
  readonly other: string | null;
  /** The display name of the record, or of the edge's container, where the store has one. */
  readonly name: string | null;
  readonly why: Why;
  /** Whether the source was asked by id, where lists must be; what was not is asked for on approval. */
  readonly asked: boolean;
  readonly since: string;
  readonly sinceRun: number;
  /** Where the next page begins: `after` of the next call. */
  readonly at: string;
}

/** What is held, in the digest's order; `after` is the last line's `at`. */
export function listHeld(
  database: Database,
  of: { readonly connection: string; readonly limit: number; readonly after?: string },
): Promise<HeldLine[]> {
  return database.query<HeldLine>(
    `select h.stream, coalesce(h.edge_kind, 'record') as kind, h.id, h.other, r.name, h.why, h.asked, h.since, h.since_run as "sinceRun",
       concat_ws(' ', h.stream, h.kind, h.num) as at
     from held_removal h
     left join lateral (
       select body ->> 'displayName' as name from record where connection = h.connection and stream = h.stream and id = h.id offset 0
     ) r on true
     where h.connection = $1 and not h.rejected and (h.stream, h.kind, h.num) > ($2, $3, $4) order by h.stream, h.kind, h.num limit $5`,
    [of.connection, ...placeOf(of.after), of.limit],
  );
}

function placeOf(after: string | undefined): readonly [stream: string, kind: string, num: number] {
  const [stream = '', kind = '', num = '0'] = after?.split(' ') ?? [];
  return [stream, kind, Number(num)];
}

/**
 * Rejects the set of this digest: nothing is removed, and nothing of it waits any more until a run finds it gone again.
 * `changed`: the set is another one by now, and stays. `none`: nothing is held. `by` names who decided, for the audit. Idempotent: the set that was
 * rejected last is rejected.
 */
export function rejectHeld(
  database: Database,
  of: { readonly connection: string; readonly digest: string; readonly by: string },
): Promise<'rejected' | 'changed' | 'none'> {
  return database.transaction(async (transaction) => {
    const { connection, digest, by } = of;
    // Keeps runs off the set: their guard holds this row.
    const owners = await transaction.query('select from connection where name = $1 and deleted_at is null for update', [connection]);
    const held = owners.length === 0 ? null : await heldSet(transaction, connection);
    if (held === null || held.digest === null) return (await isRejected(transaction, connection, digest)) ? 'rejected' : 'none';
    if (held.digest !== digest) return 'changed';
    await transaction.query('update held_removal set rejected = true, approved_run = null where connection = $1 and not rejected', [
      connection,
    ]);
    await transaction.query('insert into audit (connection, action, by, details) values ($1, $2, $3, $4)', [
      connection,
      'reject',
      escapeText(by),
      jsonb(held),
    ]);
    return 'rejected';
  });
}

async function isRejected(transaction: Transaction, connection: string, digest: string): Promise<boolean> {
  const [last] = await transaction.query<{ rejected: boolean }>(
    `select action = 'reject' and details ->> 'digest' = $2 as rejected from audit
     where connection = $1 and action in ('approve', 'reject') order by num desc limit 1`,
    [connection, digest],
  );
  return last?.rejected ?? false;
}

/** What this run was to remove by approval and has not is held again. Idempotent. */
export async function releaseApproved(
  transaction: Transaction,
  { run, connection }: { readonly run: number; readonly connection: string },
): Promise<void> {
  await transaction.query('update held_removal set approved_run = null where connection = $1 and approved_run = $2', [connection, run]);
}
