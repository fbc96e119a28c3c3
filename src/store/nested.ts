// Edges that lead on: a batch of assets with all that they belong to, and with how many belong to them (setting `nested` of Directory Sync).
// MUST end where edges go in circles: an end is taken once for each asset.
import type { CountSource, EdgeKind, RelationSource } from '../connectors/definition.ts';
import type { JsonObject } from '../model.ts';
import type { Database, Parameter } from './database.ts';
import { bigints, texts } from './params.ts';

/** An asset whose edges are read. */
export interface Owner {
  readonly connection: string;
  readonly class: string;
  readonly id: string;
}

/** An edge that leads from an asset to what it belongs to. */
export interface RelationEdge {
  readonly connection: string;
  readonly stream: string;
  readonly kind: EdgeKind;
  readonly from_id: string;
  readonly key: string;
  readonly properties: JsonObject | null;
}

export interface EdgeRow extends RelationEdge {
  /** The owner's place in its batch. */
  readonly owner: number;
}

/** Where in the batch the owners of these classes are. */
export function placesOf(owners: readonly Owner[], classes: ReadonlySet<string>): number[] {
  return owners.flatMap((owner, place) => (classes.has(owner.class) ? [place] : []));
}

/** The owners at some places, as rows; their parameters are the first three. */
export const ownersSql = 'unnest($1::text[], $2::text[], $3::bigint[]) as o (connection, id, place)';
export function ownersParams(owners: readonly Owner[], places: readonly number[]): Parameter[] {
  const at = places.flatMap((place) => owners[place] ?? []);
  return [texts(at.map(({ connection }) => connection)), texts(at.map(({ id }) => id)), bigints(places)];
}

/** Of each owner, and whether its connection's edges lead on. $4: the edge's kind, $5: its stream, $6: the boolean setting. */
const withSetting = `o as (
  select o.*, exists (select from connection where name = o.connection and spec -> 'settings' -> $6::text = 'true') as leads from ${ownersSql}
)`;
const edgesOf = (of: string, id: string, at: 'from_id' | 'to_id', end: 'from_id' | 'to_id'): string =>
  `cross join lateral (select ${end} from edge where ${at} = ${id} and kind = $4 and connection = ${of}.connection and stream = $5 offset 0) e`;
const lives = (of: string, id: string, stream: string): string =>
  `cross join lateral (select from record where connection = ${of}.connection and stream = ${stream} and id = ${id} and tombstoned_at is null offset 0) l`;

/** The edges of the owners at these places; where they lead on, those that they lead to, each `from` end once. */
export async function readNested(
  database: Database,
  owners: readonly Owner[],
  places: readonly number[],
  { edge, stream, nested = '' }: RelationSource,
): Promise<EdgeRow[]> {
  if (places.length === 0) return [];
  return database.query<EdgeRow>(
    `with recursive ${withSetting}, above (place, connection, leads, from_id) as (
       select o.place, o.connection, o.leads, e.from_id from o ${edgesOf('o', 'o.id', 'to_id', 'from_id')}
       union
       select a.place, a.connection, a.leads, e.from_id from above a
       ${lives('a', 'a.from_id', '$5')} ${edgesOf('a', 'a.from_id', 'to_id', 'from_id')}
       where a.leads
     )
     select place as owner, connection, $5::text as stream, $4::text as kind, from_id, '' as key, null::json as properties
     from above order by from_id`,
    [...ownersParams(owners, places), edge, stream, nested],
  );
}

/** For each owner, in their order, how many live records its edges lead to, each counted once; by class, and by the name of the count. */
export async function countsOf(
  database: Database,
  owners: readonly Owner[],
  byClass: Readonly<Record<string, Readonly<Record<string, CountSource>>>>,
): Promise<Record<string, number>[]> {
  const counts = owners.map((): Record<string, number> => ({}));
  for (const [of, sources] of Object.entries(byClass)) {
    const places = placesOf(owners, new Set([of]));
    if (places.length === 0) continue;
    for (const [name, source] of Object.entries(sources)) {
      for (const { owner, count } of await countEdges(database, ownersParams(owners, places), source)) {
        const counted = counts[owner];
        if (counted !== undefined) counted[name] = count;
      }
    }
  }
  return counts;
}

function countEdges(
  database: Database,
  owners: readonly Parameter[],
  { edge, stream, of, nested }: CountSource,
): Promise<{ readonly owner: number; readonly count: number }[]> {
  return database.query(
    `with recursive ${withSetting}, below (place, connection, leads, to_id) as (
       select o.place, o.connection, o.leads, e.to_id from o ${edgesOf('o', 'o.id', 'from_id', 'to_id')}
       union
       select b.place, b.connection, b.leads, e.to_id from below b
       ${lives('b', 'b.to_id', '$5')} ${edgesOf('b', 'b.to_id', 'from_id', 'to_id')}
       where b.leads
     )
     select b.place as owner, count(*) as count from below b ${lives('b', 'b.to_id', '$7')} group by b.place`,
    [...owners, edge, stream, nested, of],
  );
}
