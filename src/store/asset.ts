// Searching the inventory: assets by condition, with the relations that their documents read (design 3.8).
// MUST stay flat in memory and hold no transaction between batches: a search goes by batches of keys.
import type { CountSource, RelationSource } from '../connectors/definition.ts';
import { type AssetClass, findingClasses, type FindingStatus, type JsonObject } from '../model.ts';
import type { Database, Parameter, Statement } from './database.ts';
import { byIndex, hitsOf, inOrder, type Place, readPlaces } from './found.ts';
import { countsOf } from './nested.ts';
import { relationsOf } from './relations.ts';

type AssetState = 'live' | 'tombstoned';

/** What a search finds: listed assets, those that their connection leaves out (by tags, by its choice of groups), or those that are gone. */
export type AssetScope = AssetState | 'excluded';

export interface AssetSearch {
  /**
   * A condition in SQL, `true` for all, with its parameters from $1 on. It may name r.connection, r.stream, r.id, r.num, r.first_seen, r.last_changed,
   * a.class and a.document (jsonb); of findings also the columns of f.
   */
  readonly where: string;
  readonly params: readonly Parameter[];
  /** A condition over r.connection and r.stream that what meets the other one meets. @default all places */
  readonly places?: Statement;
  /** Each selects the numbers of all assets that can meet the condition, by an index. @default none */
  readonly ways?: readonly Statement[];
  readonly scope: AssetScope;
  /** Findings are searched for, whatever became of the records that tell them: each is found once. @default assets are */
  readonly findings?: true;
  /** null: all. */
  readonly limit: number | null;
  /** By class: the relations to assemble, by their name in the source model. Classes left out get none. */
  readonly relations: ByClass<readonly RelationSource[]>;
  /** By class: what to count, by its name in the source model. */
  readonly counts?: ByClass<CountSource>;
}

type ByClass<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

export interface FoundAsset {
  readonly connection: string;
  readonly stream: string;
  readonly class: AssetClass;
  readonly id: string;
  readonly state: AssetState;
  /** Whether its removal waits for a decision; the key is there only then. */
  readonly pendingRemoval?: true;
  /** Whether the document is older than its record, which was set aside when it was last seen; the key is there only then. */
  readonly stale?: true;
  /** Whether its connection leaves it out; the key is there only then. */
  readonly excluded?: true;
  readonly firstSeen: string;
  readonly lastChanged: string;
  /** What the record alone says. */
  readonly document: JsonObject;
  /** The elements of each relation asked for, in order of id. */
  readonly relations: Readonly<Record<string, readonly JsonObject[]>>;
  readonly counts: Readonly<Record<string, number>>;
  /** Of a document that relations decide: what was done to it last. */
  readonly event: string | null;
  /** The record's displayName. */
  readonly recordName: string | null;
  /** Of a finding. */
  readonly finding: FoundFinding | null;
}

export interface FoundFinding {
  readonly key: string;
  readonly status: FindingStatus;
  readonly severity: number;
  readonly qds: number;
  readonly cve: string | null;
  readonly asset: { readonly class: AssetClass; readonly id: string };
  readonly firstSeen: string;
  /** Of one that is fixed: when it was last there. */
  readonly lastSeen: string | null;
  readonly reopened: number;
}

interface AssetRow extends Omit<FoundAsset, 'relations' | 'counts' | 'pendingRemoval' | 'stale' | 'excluded'> {
  readonly pending: boolean;
  readonly isStale: boolean;
}

const batchSize = 500;
/** How many of an index are looked at first, besides as many as are wanted: what the rest of the condition may sort out of them. */
const spare = 200;
/** How many records are looked through for what many meet, before more of the index are. */
const soon = 1_500;
/** A way to more than these is taken only where they are sparse: elsewhere so many are met soon in order of id. Nor are more looked at before that is known. */
const mostHits = 2_000;

/**
 * Assets in order of connection, stream and id, one at a time; each batch is read when the one before it was taken. Where more meet the condition than
 * the limit lets through, and an index leads to them, they are any of them.
 */
export async function* searchAssets(database: Database, search: AssetSearch): AsyncGenerator<FoundAsset> {
  let left = search.limit ?? Number.POSITIVE_INFINITY;
  if (left === 0) return;
  for await (const batch of batches(database, search)) {
    const rows = batch.slice(0, left);
    // An edge counts while both its ends live: what is gone has no relations.
    const isGone = search.scope === 'tombstoned';
    const relations = isGone ? [] : await relationsOf(database, rows, search.relations);
    const counts = isGone ? [] : await countsOf(database, rows, search.counts ?? {});
    for (const [index, row] of rows.entries()) yield foundOf(row, search.scope, relations[index] ?? {}, counts[index] ?? {});
    left -= rows.length;
    if (left === 0) return;
  }
}

async function* batches(database: Database, search: AssetSearch): AsyncGenerator<AssetRow[]> {
  const { ways = [], places = { sql: 'true', params: [] }, limit } = search;
  const size = Math.min(batchSize, limit ?? batchSize);
  let hits = await hitsOf(database, ways, limit === null ? mostHits : Math.min(limit + spare, mostHits));
  // Where there is no limit, all are read anyway.
  if (!hits.complete && ways.length > 0 && limit !== null) {
    const tries = [
      () => readHits(database, search, hits.nums, limit),
      async () => readSoon(database, search, await readPlaces(database, places), limit),
      async () => {
        hits = await hitsOf(database, ways, mostHits);
        return hits.complete ? [] : readHits(database, search, hits.nums, limit);
      },
    ];
    for (const some of tries) {
      const rows = await some();
      if (rows.length === limit) {
        yield rows;
        return;
      }
    }
    if (!hits.complete) hits = await hitsOf(database, ways, null);
  }
  if (hits.complete) {
    const nums = await inOrder(database, hits.nums);
    for (let from = 0; from < nums.length; from += batchSize)
      yield await readHits(database, search, nums.slice(from, from + batchSize), size);
    return;
  }
  for (const place of await readPlaces(database, places)) {
    for (let after: string | null = null; ;) {
      const rows: AssetRow[] = await readPlace(database, search, place, after, size);
      yield rows;
      if (rows.length < size) break;
      after = rows.at(-1)?.id ?? null;
    }
  }
}

function foundOf(
  { pending, isStale, ...row }: AssetRow,
  scope: AssetScope,
  relations: FoundAsset['relations'],
  counts: FoundAsset['counts'],
): FoundAsset {
  return {
    ...row,
    ...(pending ? { pendingRemoval: true } : {}),
    ...(isStale ? { stale: true } : {}),
    ...(scope === 'excluded' ? { excluded: true } : {}),
    relations,
    counts,
  };
}

/** Whether the removal of the record `r` waits for a decision: one probe of the pending set. */
const pendingSql = `exists (
  select from held_removal h where h.connection = r.connection and h.stream = r.stream and h.kind = 'record' and h.num = r.num and not h.rejected)`;

/** The class of documents that relations decide: one is there from its first event to the one that says DELETED, and while its record lives. */
export const decidedClass: AssetClass = 'directory-user';
/** The last event `v` of the asset `a`; nothing for other classes. */
const eventSql = `left join lateral (select kind from document_event where a.class = '${decidedClass}' and num = a.num offset 0) v on true`;
const isThere = `(a.class <> '${decidedClass}' or v.kind <> 'DELETED')`;

const isAsset = `a.class not in (${findingClasses.map((of) => `'${of}'`).join(', ')})`;

const conditions: Readonly<Record<AssetScope, string>> = {
  live: `r.tombstoned_at is null and not a.excluded and ${isThere}`,
  // Those that never were there are left out as those are that lack a tag.
  excluded: `r.tombstoned_at is null and (a.excluded or (a.class = '${decidedClass}' and v.kind is null))`,
  tombstoned: `case when a.class = '${decidedClass}' then v.kind = 'DELETED' or (v.kind is not null and r.tombstoned_at is not null) else r.tombstoned_at is not null end`,
};

/** Of these numbers, as they come; no more than are wanted of all. */
const readHits = (database: Database, search: AssetSearch, hits: readonly string[], limit: number): Promise<AssetRow[]> =>
  read(database, search, [limit, `{${hits.join(',')}}`], ([most, nums]) => ({
    records: `unnest(${nums}::bigint[]) with ordinality as h (num, at) cross join lateral (select * from record where num = h.num offset 0) r`,
    first: `order by h.at limit ${most}`,
  }));

/** Of the first records of these places. */
const readSoon = (database: Database, search: AssetSearch, places: readonly Place[], limit: number): Promise<AssetRow[]> =>
  read(
    database,
    search,
    [limit, places.map(({ connection }) => connection), places.map(({ stream }) => stream)],
    ([most, connections, streams]) => ({
      records: `(
        select r.* from unnest(${connections}::text[], ${streams}::text[]) p (connection, stream) cross join lateral (
          select * from record where connection = p.connection and stream = p.stream order by id limit ${soon}
        ) r limit ${soon}) r`,
      first: `limit ${most}`,
    }),
  );

/** So many from the place, after an id. In order as they are read, so that the first ones found end the reading. */
const readPlace = (
  database: Database,
  search: AssetSearch,
  { connection, stream }: Place,
  after: string | null,
  limit: number,
): Promise<AssetRow[]> =>
  read(database, search, [limit, connection, stream, ...(after === null ? [] : [after])], ([most, ofConnection, ofStream, last]) => ({
    records: `(
      select * from record where connection = ${ofConnection} and stream = ${ofStream} ${after === null ? '' : `and id > ${last}`} order by id offset 0) r`,
    first: `order by r.id limit ${most}`,
  }));

/** The finding `f` that the record `r` shows. */
const findingSql = `cross join lateral (select * from finding where num = r.num offset 0) f`;
const utc = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const foundFinding = `json_build_object('key', f.key, 'status', f.status, 'severity', f.severity, 'qds', f.qds, 'cve', f.cve,
  'asset', json_build_object('class', f.asset_class, 'id', f.asset_id), 'firstSeen', ${utc('f.first_seen')}, 'lastSeen', ${utc('f.last_seen')},
  'reopened', f.reopened)`;

/** In order of connection, stream and id. `first`: which of those that are found. */
async function read(
  database: Database,
  search: AssetSearch,
  more: readonly Parameter[],
  from: (names: readonly string[]) => { readonly records: string; readonly first: string },
): Promise<AssetRow[]> {
  const { records, first } = from(more.map((_, index) => `$${search.params.length + index + 1}`));
  const isGone = search.scope === 'tombstoned';
  const findings = search.findings === true;
  const sql = `select * from (
      select r.connection, r.stream, a.class, r.id, '${isGone ? 'tombstoned' : 'live'}' as state, r.first_seen as "firstSeen",
        r.last_changed as "lastChanged", a.document, ${isGone ? 'false' : pendingSql} as pending, a.stale_since is not null as "isStale",
        v.kind as event, r.body ->> 'displayName' as "recordName", ${findings ? foundFinding : 'null::json'} as finding
      from ${records} cross join lateral (select * from asset where num = r.num offset 0) a ${eventSql} ${findings ? findingSql : ''}
      where ${findings ? 'true' : `${isAsset} and ${conditions[search.scope]}`} and (${search.where}) ${first}) found
    order by connection, stream, id`;
  const [rows = []] = await byIndex<AssetRow>(database, [{ sql, params: [...search.params, ...more] }]);
  return rows;
}

/** How many live assets there are, by class. */
export async function countAssets(database: Database, connection: string): Promise<{ class: AssetClass; count: number }[]> {
  return database.query(
    `select a.class, count(*) as count from asset a join record r on r.num = a.num ${eventSql}
     where r.connection = $1 and ${isAsset} and ${conditions.live} group by a.class order by a.class`,
    [connection],
  );
}
