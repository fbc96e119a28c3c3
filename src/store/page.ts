// One page: what is stored of its ids, and the one transaction that commits it (design 3.4).
// MUST send one statement per table, rows in key order, and nothing for what is empty: an unchanged page writes its seen row and the checkpoint.
import type { EdgeKind } from '../connectors/definition.ts';
import { TidemarkError } from '../errors.ts';
import type { AssetClass, DocumentChange, Evidence, JsonObject, Step } from '../model.ts';
import type { Database, Parameter } from './database.ts';
import type { Condition } from './include.ts';
import { notFlushed } from './numbers.ts';
import { coveredHash, pageStatements } from './pageStatements.ts';
import { bigints, seenBlock, texts } from './params.ts';

/** What the store holds of one record. `num` is its number, given anew when the record is unknown. */
export interface StoredRecord {
  readonly id: string;
  readonly num: number;
  readonly known: boolean;
  readonly tombstoned: boolean;
  /** SHA-256 (hex) of the canonical body; null when unknown. */
  readonly hash: string | null;
  /** Only when asked for. */
  readonly body: JsonObject | null;
  readonly asset: { readonly hash: string; readonly mapHash: string; readonly stale: boolean } | null;
  /** Whether an earlier page of this walk had it (asked for chains only; otherwise false). */
  readonly seen: boolean;
}

export interface EdgeId {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  /** The relation's own id, or "". */
  readonly key: string;
}

export interface StoredEdge extends EdgeId {
  readonly num: number;
  readonly known: boolean;
  /** Canonical JSON of the kept properties, or null. */
  readonly properties: string | null;
}

/**
 * `added` was not stored, `returned` was stored and gone: a report counts both as added.
 * MUST be told truly: what is added is not looked for again.
 */
type Change = 'added' | 'returned' | 'updated';

export interface RecordWrite {
  readonly num: number;
  readonly id: string;
  /** Canonical JSON. */
  readonly body: string;
  readonly hash: string;
  readonly change: Change;
}

export interface AssetWrite {
  /** The record's number: an asset is keyed by it. */
  readonly num: number;
  readonly id: string;
  readonly class: AssetClass;
  /** Canonical JSON of what the record alone says. */
  readonly document: string;
  readonly hash: string;
  readonly mapHash: string;
  /** `unchanged`: another map makes the same document. */
  readonly change: Change | 'unchanged';
  /** What the run has made of the document with this page; absent where it made a document, or left it as it was. */
  readonly changed?: DocumentChange;
}

/** What the record says of a flaw, scored. */
export interface EvidenceWrite extends Evidence {
  readonly num: number;
  readonly severity: number;
  readonly qds: number;
}

/** By what the record is one with records of other connections. None: it shows nothing of the kind, or no longer. */
export interface IdentityWrite {
  readonly num: number;
  readonly keys: readonly { readonly rule: string; readonly key: string }[];
}

export interface EdgeWrite extends EdgeId {
  readonly num: number;
  readonly properties: string | null;
  readonly change: 'added' | 'updated';
}

export interface Reject {
  readonly id: string;
  readonly code: 'MAPPING_FAILED' | 'SOURCE_SHAPE_CHANGED';
  /** What is wrong and where; never the value. */
  readonly reason: string;
}

/** What one page did to the progress that the checkpoint shows. */
export interface PageProgress {
  readonly read: number;
  readonly requests: number;
  readonly bytes: number;
  readonly throttledMs: number;
  readonly workedMs: number;
  /** Objects that are not kept: healthy, and not known before. */
  readonly passedOver: number;
  /** Which collection answered it; null where the stream is not read by collections. */
  readonly collection: string | null;
  /** Whether it had a record or an edge that no earlier page of the walk had: a chain without any is endless (decision 60). */
  readonly fresh: boolean;
}

export interface PageCommit {
  readonly run: number;
  readonly connection: string;
  readonly stream: string;
  readonly walk: number;
  /** The page this commits; the checkpoint moves from it to `page + 1`. */
  readonly page: number;
  /** The checkpoint afterwards. `cursor` is kept as it was when undefined. */
  readonly steps: readonly Step[];
  readonly cursor?: string;
  readonly records: readonly RecordWrite[];
  readonly assets: readonly AssetWrite[];
  /** What an asset must meet to be listed; null: each is. */
  readonly include: Condition | null;
  readonly evidence: readonly EvidenceWrite[];
  /** Numbers of records that are suppressed by what covers them, and were not before. */
  readonly covered: readonly number[];
  /** Of records whose keys may be others than those that are stored. */
  readonly identities: readonly IdentityWrite[];
  readonly edges: readonly EdgeWrite[];
  /** Removals the source told: staged, applied by settle. Numbers of known, live records and known edges. */
  readonly removed: { readonly records: readonly number[]; readonly edges: readonly number[] };
  /** Whether removals of the stream are staged or held, which what the page had takes back. MUST be true where it is not known. */
  readonly removals: boolean;
  /**
   * Numbers of every record and edge that the page had, written or not: what the sweep compares with, and what takes back staged removals.
   * MUST hold a rejected record only when it is known: counts take the others from the rejects.
   */
  readonly seen: { readonly records: readonly number[]; readonly edges: readonly number[] };
  readonly rejects: readonly Reject[];
  /** Numbers of records whose last good asset is stale from now on, or no longer (decision 5). */
  readonly stale: { readonly begins: readonly number[]; readonly ends: readonly number[] };
  readonly progress: PageProgress;
}

/**
 * What is stored of these ids, in one statement. An unknown id gets a number; asked again without a commit it gets another one.
 */
export async function readStoredRecords(
  database: Database,
  of: {
    readonly run: number;
    readonly connection: string;
    readonly stream: string;
    readonly walk: number;
    readonly ids: readonly string[];
    readonly bodies: boolean;
    readonly seen: boolean;
  },
): Promise<Map<string, StoredRecord>> {
  if (of.ids.length === 0) return new Map();
  const seen = `exists (
    select from seen s
    where s.run = $4 and s.stream = $2 and s.kind = 'record' and s.walk = $5 and s.block = r.num / ${seenBlock} and r.num = any (s.nums))`;
  // One probe of the index for each id (`offset 0` holds the planner to it): in a table that grows, its estimates are always old.
  const rows = await readNumbered<RecordRow>(
    database,
    `select t.at, coalesce(r.num, nextval('record_num')) as num, r.num is not null as known, r.tombstoned_at is not null as tombstoned,
       r.hash, ${of.bodies ? 'r.body' : 'null::jsonb'} as body, a.hash as asset_hash, a.map_hash, a.stale_since is not null as stale, ${of.seen ? seen : 'false'} as seen
     from unnest($3::text[]) with ordinality as t (id, at)
     left join lateral (select * from record where connection = $1 and stream = $2 and id = t.id offset 0) r on true
     left join lateral (select * from asset where num = r.num offset 0) a on true`,
    [of.connection, of.stream, texts(of.ids), ...(of.seen ? [of.run, of.walk] : [])],
  );
  return new Map(of.ids.map((id, index) => [id, recordOf(id, rows[index])]));
}

interface RecordRow extends Omit<StoredRecord, 'id' | 'asset'> {
  readonly asset_hash: string | null;
  readonly map_hash: string | null;
  readonly stale: boolean;
}

function recordOf(id: string, row: RecordRow | undefined): StoredRecord {
  if (row === undefined) throw new TidemarkError('INTERNAL', 'The database did not answer for a record of the page.');
  const { asset_hash: hash, map_hash: mapHash, stale, num, known, tombstoned, body, seen } = row;
  const asset = hash === null || mapHash === null ? null : { hash, mapHash, stale };
  return { id, num, known, tombstoned, hash: row.hash, body, seen, asset };
}

/** Records whose ids begin with one of these and "#": those that came from one row. `suppressed`: whether that is done to them already. */
export async function readWithin(
  database: Database,
  { connection, stream, ids }: { readonly connection: string; readonly stream: string; readonly ids: readonly string[] },
): Promise<{ readonly of: string; readonly num: number; readonly suppressed: boolean }[]> {
  if (ids.length === 0) return [];
  return database.query(
    `select t.id as "of", r.num, r.hash = '${coveredHash}' as suppressed from unnest($3::text[]) t (id)
     cross join lateral (
       select num, hash from record where connection = $1 and stream = $2 and id > t.id || '#' and id < t.id || '$' and tombstoned_at is null offset 0
     ) r`,
    [connection, stream, texts(ids)],
  );
}

export interface StoredDocument {
  readonly num: number;
  readonly document: JsonObject;
  /** What earlier pages of the run made of it. */
  readonly changed: DocumentChange | null;
}

/** The documents of these records that have one, in one statement. */
export async function readStoredDocuments(
  database: Database,
  { run, nums }: { readonly run: number; readonly nums: readonly number[] },
): Promise<StoredDocument[]> {
  return database.query<StoredDocument>(
    `select n.num, a.document, c.changed from unnest($1::bigint[]) as n (num)
     cross join lateral (select document from asset where num = n.num offset 0) a
     left join lateral (
       select json_build_object('paths', paths, 'more', more) as changed from asset_change where run = $2 and num = n.num offset 0
     ) c on true`,
    [bigints(nums), run],
  );
}

/** What is stored of these edges, in their order, in one statement. An unknown edge gets a number; asked again without a commit it gets another one. */
export async function readStoredEdges(
  database: Database,
  of: { readonly connection: string; readonly stream: string; readonly edges: readonly EdgeId[] },
): Promise<StoredEdge[]> {
  if (of.edges.length === 0) return [];
  const rows = await readNumbered<Omit<StoredEdge, keyof EdgeId>>(
    database,
    `select t.at, coalesce(e.num, nextval('edge_num')) as num, e.num is not null as known, e.properties::text
     from unnest($3::text[], $4::text[], $5::text[], $6::text[]) with ordinality as t (kind, from_id, to_id, key, at)
     left join lateral (
       select num, properties from edge
       where connection = $1 and stream = $2 and kind = t.kind and from_id = t.from_id and to_id = t.to_id and key = t.key offset 0
     ) e on true`,
    [
      of.connection,
      of.stream,
      texts(of.edges.map((edge) => edge.kind)),
      texts(of.edges.map((edge) => edge.from)),
      texts(of.edges.map((edge) => edge.to)),
      texts(of.edges.map((edge) => edge.key)),
    ],
  );
  return of.edges.map(({ kind, from, to, key }, index) => {
    const row = rows[index];
    if (row === undefined) throw new TidemarkError('INTERNAL', 'The database did not answer for an edge of the page.');
    return { kind, from, to, key, num: row.num, known: row.known, properties: row.properties };
  });
}

/** The rows of a statement by their column `at`, from 1. They carry no ids: who asked has them. */
async function readNumbered<T extends object>(database: Database, sql: string, params: readonly Parameter[]): Promise<T[]> {
  const [, rows = []] = await database.batch<T & { readonly at: number }>([notFlushed, { sql, params }]);
  const ordered: T[] = [];
  for (const row of rows) ordered[row.at - 1] = row;
  return ordered;
}

/** Whether one of these numbers was on no earlier page of the walk. Stops at the first that was not. */
export async function hasUnseen(
  database: Database,
  of: { readonly run: number; readonly stream: string; readonly walk: number } & Pick<PageCommit, 'seen'>,
): Promise<boolean> {
  const unseen = (kind: string, nums: string): string => `exists (
    select from unnest(${nums}::bigint[]) as n where not exists (
      select from seen where run = $1 and stream = $2 and walk = $3 and kind = '${kind}' and block = n / ${seenBlock} and n = any (nums)))`;
  const [row] = await database.query<{ unseen: boolean }>(`select ${unseen('record', '$4')} or ${unseen('edge', '$5')} as unseen`, [
    of.run,
    of.stream,
    of.walk,
    bigints(of.seen.records),
    bigints(of.seen.edges),
  ]);
  return row?.unseen === true;
}

/**
 * Commits a page in one transaction: guards, records, assets, edges, staged removals, what was seen and changed, set-aside records, checkpoint.
 * @throws STALE_ATTEMPT without effect when another run or attempt has taken over; after STORE_UNAVAILABLE the checkpoint tells whether it was
 *   committed; INTERNAL with `details.sqlstate` of class 21, 22 or 54 when PostgreSQL cannot hold a value of the page.
 */
export async function commitPage(database: Database, page: PageCommit): Promise<void> {
  await database.batch(pageStatements(page));
}
