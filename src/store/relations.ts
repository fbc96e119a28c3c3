// The relations of a batch of assets, from edges (design 3.8): one statement for the edges, one for the records at their other end.
// MUST go by index whatever the planner thinks (`offset 0`): a search costs by what it finds.
import type { EdgeKind, RelationSource } from '../connectors/definition.ts';
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { escapeText } from './text.ts';

type Relations = Readonly<Record<string, readonly RelationSource[]>>;

interface Owner {
  readonly connection: string;
  readonly stream: string;
  readonly id: string;
}

export interface EdgeRow {
  readonly connection: string;
  readonly stream: string;
  readonly kind: EdgeKind;
  readonly from_id: string;
  readonly to_id: string;
  readonly key: string;
  readonly properties: JsonObject | null;
}

/**
 * For each owner, in their order, the elements of its relations. An edge counts while the record at its other end lives; the owner's own end is
 * the caller's matter.
 */
export async function relationsOf(
  database: Database,
  owners: readonly Owner[],
  byStream: Readonly<Record<string, Relations>>,
): Promise<Record<string, JsonObject[]>[]> {
  const reading = owners.filter((owner) => byStream[owner.stream] !== undefined);
  const sources = Object.values(byStream).flatMap((relations) => Object.values(relations).flat());
  const edges = await readEdges(database, reading, [...new Set(sources.map((source) => source.edge))]);
  const others = await readOthers(database, edges, sources, 'live');
  const byOwner = new Map<string, EdgeRow[]>();
  for (const edge of edges) {
    const key = keyOf(edge.connection, edge.to_id);
    const known = byOwner.get(key);
    if (known === undefined) byOwner.set(key, [edge]);
    else known.push(edge);
  }
  return owners.map((owner) => {
    const relations = Object.entries(byStream[owner.stream] ?? {});
    const own = byOwner.get(keyOf(owner.connection, owner.id)) ?? [];
    return Object.fromEntries(relations.map(([name, of]) => [name, of.flatMap((source) => elements(source, own, others))]));
  });
}

/** For each owner, in their order, what its edges of another time were in its relations: a record at the other end may be gone since. */
export async function elementsOf(
  database: Database,
  owners: readonly { readonly stream: string; readonly edges: readonly EdgeRow[] }[],
  byStream: Readonly<Record<string, Relations>>,
): Promise<Record<string, JsonObject[]>[]> {
  const sources = Object.values(byStream).flatMap((relations) => Object.values(relations).flat());
  const edges = owners.flatMap((owner) => owner.edges);
  const others = await readOthers(database, edges, sources, 'any');
  return owners.map(({ stream, edges: own }) => {
    const relations = Object.entries(byStream[stream] ?? {});
    return Object.fromEntries(relations.map(([name, of]) => [name, of.flatMap((source) => elements(source, own, others))]));
  });
}

function elements(source: RelationSource, edges: readonly EdgeRow[], others: ReadonlyMap<string, JsonObject>): JsonObject[] {
  return edges.flatMap((edge) => {
    if (edge.kind !== source.edge || edge.stream !== source.stream) return [];
    const record = others.get(keyOf(edge.connection, edge.stream, edge.from_id));
    if (record === undefined) return [];
    const element = source.element === 'record' ? record : { ...edge.properties, id: edge.key };
    return [{ ...element, '@odata.type': source.type }];
  });
}

async function readEdges(database: Database, owners: readonly Owner[], kinds: readonly EdgeKind[]): Promise<EdgeRow[]> {
  if (owners.length === 0 || kinds.length === 0) return [];
  return database.query<EdgeRow>(
    `select e.connection, e.stream, e.kind, e.from_id, e.to_id, e.key, e.properties
     from unnest($1::text[], $2::text[]) as o (connection, id) cross join unnest($3::text[]) as k (kind)
     cross join lateral (select * from edge where to_id = o.id and kind = k.kind and connection = o.connection offset 0) e
     order by e.from_id, e.key`,
    [owners.map((owner) => owner.connection), owners.map((owner) => escapeText(owner.id)), kinds],
  );
}

/** The records at the other ends, each once. The edges of a relation are written by the stream of that end. */
async function readOthers(
  database: Database,
  edges: readonly EdgeRow[],
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
  const rows = await database.query<Owner & { readonly body: JsonObject }>(
    `select r.connection, r.stream, r.id, r.body
     from unnest($1::text[], $2::text[], $3::text[]) as o (connection, stream, id)
     cross join lateral (
       select * from record
       where connection = o.connection and stream = o.stream and id = o.id${which === 'live' ? ' and tombstoned_at is null' : ''} offset 0
     ) r`,
    [list.map((edge) => edge.connection), list.map((edge) => edge.stream), list.map((edge) => escapeText(edge.from_id))],
  );
  return new Map(rows.map((row) => [keyOf(row.connection, row.stream, row.id), row.body]));
}

const keyOf = (...parts: readonly string[]): string => parts.join('\n');
