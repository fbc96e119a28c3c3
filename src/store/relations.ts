// The relations of a batch of assets, from edges (design 3.8): one statement for the edges, one for the records at their other end.
// MUST go by index whatever the planner thinks (`offset 0`): a search costs by what it finds.
import type { EdgeKind, RelationSource } from '../connectors/definition.ts';
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { type EdgeRow, type Owner, ownersParams, ownersSql, placesOf, readNested, type RelationEdge } from './nested.ts';
import { escapeText } from './text.ts';

type Relations = Readonly<Record<string, readonly RelationSource[]>>;

/**
 * For each owner, in their order, the elements of its relations. An edge counts while the record at its other end lives and is not left out by its
 * connection; the owner's own end is the caller's matter.
 */
export async function relationsOf(
  database: Database,
  owners: readonly Owner[],
  byClass: Readonly<Record<string, Relations>>,
): Promise<Record<string, JsonObject[]>[]> {
  const sources = Object.values(byClass).flatMap((relations) => Object.values(relations).flat());
  const read: EdgeRow[][] = [];
  const direct = new Map<string, readonly RelationSource[]>();
  for (const [of, relations] of Object.entries(byClass)) {
    const all = Object.values(relations).flat();
    const leading = all.find((source) => source.nested !== undefined);
    if (leading === undefined) direct.set(of, all);
    else read.push(await readNested(database, owners, placesOf(owners, new Set([of])), leading));
  }
  const kinds = new Set([...direct.values()].flat().map(({ edge }) => edge));
  read.push(await readEdges(database, owners, placesOf(owners, new Set(direct.keys())), [...kinds]));
  const edges = read.flat();
  const others = await readOthers(database, edges, sources, 'live');
  const byOwner = new Map<number, EdgeRow[]>();
  for (const edge of edges) {
    const known = byOwner.get(edge.owner);
    if (known === undefined) byOwner.set(edge.owner, [edge]);
    else known.push(edge);
  }
  return owners.map((owner, place) => {
    const relations = Object.entries(byClass[owner.class] ?? {});
    const own = byOwner.get(place) ?? [];
    return Object.fromEntries(relations.map(([name, of]) => [name, of.flatMap((source) => elements(source, own, others))]));
  });
}

/** For each owner, in their order, what its edges of another time were in its relations: a record at the other end may be gone since. */
export async function elementsOf(
  database: Database,
  owners: readonly { readonly class: string; readonly edges: readonly RelationEdge[] }[],
  byClass: Readonly<Record<string, Relations>>,
): Promise<Record<string, JsonObject[]>[]> {
  const sources = Object.values(byClass).flatMap((relations) => Object.values(relations).flat());
  const edges = owners.flatMap((owner) => owner.edges);
  const others = await readOthers(database, edges, sources, 'any');
  return owners.map(({ class: of, edges: own }) => {
    const relations = Object.entries(byClass[of] ?? {});
    return Object.fromEntries(relations.map(([name, all]) => [name, all.flatMap((source) => elements(source, own, others))]));
  });
}

function elements(source: RelationSource, edges: readonly RelationEdge[], others: ReadonlyMap<string, JsonObject>): JsonObject[] {
  return edges.flatMap((edge) => {
    if (edge.kind !== source.edge || edge.stream !== source.stream) return [];
    const record = others.get(keyOf(edge.connection, edge.stream, edge.from_id));
    if (record === undefined) return [];
    const element = source.element === 'record' ? record : { ...edge.properties, id: edge.key };
    return [{ ...element, '@odata.type': source.type }];
  });
}

/** The edges by which the owners at these places belong to others. */
async function readEdges(
  database: Database,
  owners: readonly Owner[],
  places: readonly number[],
  kinds: readonly EdgeKind[],
): Promise<EdgeRow[]> {
  if (places.length === 0 || kinds.length === 0) return [];
  return database.query<EdgeRow>(
    `select o.place as owner, e.connection, e.stream, e.kind, e.from_id, e.key, e.properties
     from ${ownersSql} cross join unnest($4::text[]) as k (kind)
     cross join lateral (select * from edge where to_id = o.id and kind = k.kind and connection = o.connection offset 0) e
     order by e.from_id, e.key`,
    [...ownersParams(owners, places), kinds],
  );
}

/** The records at the other ends, each once. The edges of a relation are written by the stream of that end. */
async function readOthers(
  database: Database,
  edges: readonly RelationEdge[],
  sources: readonly RelationSource[],
  which: 'live' | 'any',
): Promise<Map<string, JsonObject>> {
  const wanted = new Set(sources.map((source) => `${source.edge} ${source.stream}`));
  const ends = new Map(
    edges
      .filter((edge) => wanted.has(`${edge.kind} ${edge.stream}`))
      .map((edge) => [keyOf(edge.connection, edge.stream, edge.from_id), edge]),
  );
  if (ends.size === 0) return new Map();
  const list = [...ends.values()];
  const rows = await database.query<{
    readonly connection: string;
    readonly stream: string;
    readonly id: string;
    readonly body: JsonObject;
  }>(
    `select r.connection, r.stream, r.id, r.body
     from unnest($1::text[], $2::text[], $3::text[]) as o (connection, stream, id)
     cross join lateral (
       select * from record
       where connection = o.connection and stream = o.stream and id = o.id${which === 'live' ? ' and tombstoned_at is null' : ''} offset 0
     ) r
     where not exists (select from asset where num = r.num and excluded)`,
    [list.map((edge) => edge.connection), list.map((edge) => edge.stream), list.map((edge) => escapeText(edge.from_id))],
  );
  return new Map(rows.map((row) => [keyOf(row.connection, row.stream, row.id), row.body]));
}

const keyOf = (...parts: readonly string[]): string => parts.join('\n');
