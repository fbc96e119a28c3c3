// Which fields an index leads to, as data, and how it is asked. The indexes are made by migrations (searches.ts, events.ts); what is said here of an index MUST
// be what it is, word by word: PostgreSQL then knows it for the same. Values count without case, and by what they begin with.
import { assessedClasses } from '../model.ts';
import type { Column } from './fields.ts';
import { beginning, type Parameters } from './match.ts';
import type { Value } from './tree.ts';

interface IndexedPath {
  /** Of the document; one value, never a list (models/asset.ts). */
  readonly path: string;
  /** Only documents are in the index whose value is another than the one at this path, which has an index of its own: most have the same. */
  readonly unlike?: string;
  /** Nearly every document has this value: those are not in the index, and quickly found without one. */
  readonly but?: string;
}

/** Each costs every document that is written: what is seldom searched for has none. */
export const indexedPaths: readonly IndexedPath[] = [
  { path: 'asset.assetDetail.name' },
  // Of users the userPrincipalName.
  { path: 'asset.assetHeader.externalAssetId' },
  { path: 'asset.assetHeader.status', but: 'active' },
  { path: 'asset.assetDetail.containerInstanceAssetClass.status', but: 'active' },
  { path: 'asset.assetDetail.userAssetClass.email', unlike: 'asset.assetHeader.externalAssetId' },
  { path: 'asset.assetDetail.userAssetClass.displayName', unlike: 'asset.assetDetail.name' },
  { path: 'asset.assetDetail.groupAssetClass.displayName', unlike: 'asset.assetDetail.name' },
  { path: 'asset.assetDetail.roleAssetClass.displayName', unlike: 'asset.assetDetail.name' },
  // Of Directory Sync: other documents have no such path, and cost nothing here.
  { path: 'userData.userDetails.displayName' },
  { path: 'displayName' },
];

/** Of related records, besides their ids: the property, and the streams that have an index of it. */
const relatedName = { property: 'displayName', streams: ['groups', 'roles'] } as const;

/** An index takes values of bounded length: the rest is compared with the document. */
const indexedLength = 200;
const key = (expression: string): string => `left(lower(${expression}), ${indexedLength})`;
const at = (path: string): string => `document #>> '{${path.replaceAll('.', ',')}}'`;

/** Which of the path's documents are in its index; null for all that have a value. */
export function partOf({ path, unlike, but }: IndexedPath): string {
  if (but !== undefined) return `lower(${at(path)}) <> '${but}'`;
  if (unlike !== undefined) return `${at(path)} is not null and lower(${at(path)}) is distinct from lower(${at(unlike)})`;
  return `${at(path)} is not null`;
}

export const keyOf = ({ path }: IndexedPath): string => key(at(path));

/** How well a way narrows a search, from the best. */
export type Rank = 'exact' | 'beginning' | 'other';

/** Selects numbers of assets or records. */
export interface Way {
  readonly rank: Rank;
  readonly sql: (out: Parameters) => string;
}

/** To documents with this value at the path; null where no index leads there. */
export function wayToPath(path: readonly string[], value: Value): Way | null {
  const index = indexedPaths.find((candidate) => candidate.path === path.join('.'));
  const rank = rankOf(value);
  if (index === undefined || rank === null || (index.but !== undefined && (rank !== 'exact' || isBut(index, value)))) return null;
  const alike = index.unlike === undefined ? null : wayToPath(index.unlike.split('.'), value);
  return {
    rank,
    sql: (out) => {
      const own = `select num from asset where ${partOf(index)} and ${compared(keyOf(index), value, out)}`;
      return alike === null ? own : `${own} union all ${alike.sql(out)}`;
    },
  };
}

/** Whether nearly every document has this value at the path. */
export function isDense(path: readonly string[], value: Value): boolean {
  const index = indexedPaths.find((candidate) => candidate.path === path.join('.'));
  return index !== undefined && isBut(index, value);
}

const isBut = ({ but }: IndexedPath, value: Value): boolean =>
  value.kind === 'text' && value.like === null && value.text.toLowerCase() === but;

/**
 * To records of this id. Most ids have no capital letters and are looked for place by place; those that have some are in an index of their own.
 * `columns`: what else to select of the record. `stream`: in SQL, where only one is meant.
 */
export function wayToId(value: Value, { columns = 'num', stream = '' } = {}): Way | null {
  if (rankOf(value) !== 'exact' || value.kind !== 'text') return null;
  const inStream = (name: string): string => (stream === '' ? '' : `${name} ${stream}`);
  return {
    rank: 'exact',
    sql: (out) => {
      const id = out.add(value.text);
      return `select r.* from place p cross join lateral (
          select ${columns} from record where connection = p.connection and stream = p.stream and id = lower(${id}) offset 0
        ) r ${inStream('where p.stream')}
        union all select ${columns} from record where id <> lower(id) and ${key('id')} = ${key(id)} ${inStream('and stream')}`;
    },
  };
}

/** To the records that show findings of this value: only what few have is worth an index. */
export function wayToFinding(column: Column, value: Value): Way | null {
  if (value.kind !== 'text' || value.like !== null) return null;
  const condition = findingConditions[column];
  return condition === undefined
    ? null
    : { rank: 'exact', sql: (out) => `select num from finding where ${condition(out.add(value.text))}` };
}

const findingConditions: Readonly<Partial<Record<Column, (parameter: string) => string>>> = {
  cve: (parameter) => `lower(cve) = lower(${parameter})`,
  id: (parameter) => `(connection, key) in (select name, ${parameter} from connection)`,
  // Ids of resources and of images have no capital letters.
  asset: (parameter) => `(connection, asset_class, asset_id) in (
    select c.name, k.class, lower(${parameter}) from connection c, (values ${assessedClasses.map((of) => `('${of}')`).join(', ')}) k (class))`,
};

/** To records of one of these streams by what others are related through; null where no index leads there. */
export function wayToRelated(stream: string, path: readonly string[], value: Value): Way | null {
  const columns = 'connection, id';
  const [property] = path;
  // Names of streams are ours.
  const named = `= '${stream}'`;
  if (path.length !== 1) return null;
  if (property === 'id') return wayToId(value, { columns, stream: named });
  const rank = rankOf(value);
  if (rank === null || property !== relatedName.property || !relatedName.streams.some((name) => name === stream)) return null;
  const body = `body ->> '${relatedName.property}'`;
  return { rank, sql: (out) => `select ${columns} from record where stream ${named} and ${compared(key(body), value, out)}` };
}

/** Whether an index is of use for the value: text, or what text begins with. */
function rankOf(value: Value): Rank | null {
  if (value.kind !== 'text') return null;
  if (value.like === null) return 'exact';
  return beginning(value.like) === '' ? null : 'beginning';
}

/** The indexes are in order of bytes; no text is beyond as many of the last character as an index holds. */
function compared(expression: string, value: Value, out: Parameters): string {
  if (value.kind !== 'text') return 'false';
  if (value.like === null) return `${expression} = ${key(out.add(value.text))}`;
  const begins = key(out.add(beginning(value.like)));
  return `${expression} ~>=~ ${begins} and ${expression} ~<=~ (${begins} || repeat(chr(1114111), ${indexedLength}))`;
}
