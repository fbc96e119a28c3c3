// What a field of a query means: a column, the connector's source, or a path of the document, stored or read through relations.
import { connectors } from '../connectors/index.ts';
import type { RelationSource } from '../connectors/definition.ts';
import { suggestion } from '../connectors/suggest.ts';
import { builtInMaps } from '../mappings/maps/index.ts';
import type { MapRow, TransformMap } from '../mappings/map.ts';
import { pathsOf } from '../mappings/rows.ts';

export type Column = 'class' | 'connection' | 'stream' | 'id' | 'state' | 'firstSeen' | 'lastChanged' | 'pendingRemoval' | 'stale';

/** A row of a map through which related records fill the field. */
export interface RelatedField {
  readonly map: TransformMap;
  readonly source: RelationSource;
  /** Of the related record's body, or of the edge; empty for the element itself. */
  readonly path: readonly string[];
}

export type Field =
  | { readonly kind: 'column'; readonly column: Column }
  /** The connector's product, as its definition names it (decision 25). */
  | { readonly kind: 'source' }
  | { readonly kind: 'document'; readonly paths: readonly (readonly string[])[]; readonly related: readonly RelatedField[] };

const columns: Readonly<Record<string, Column>> = {
  class: 'class',
  connection: 'connection',
  stream: 'stream',
  id: 'id',
  state: 'state',
  firstseen: 'firstSeen',
  lastchanged: 'lastChanged',
  pendingremoval: 'pendingRemoval',
  stale: 'stale',
};
const sources = new Set(['source', 'vendorproductname']);
// `memberOf.value[].id`: the relation and what is read of its elements.
const relation = /^([^.[\]]+)\.value\[\]\.(.+)$/;
const namespaces = /^(inventory|finding)\./i;

/** The field of this name (case does not count where a map names it), or the reason why there is none. */
export function fieldNamed(name: string): Field | { readonly kind: 'unknown'; readonly reason: string } {
  const plain = name.replace(namespaces, '');
  const key = plain.toLowerCase();
  const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
  if (column !== undefined) return { kind: 'column', column };
  if (sources.has(key)) return { kind: 'source' };
  const names = plain.replaceAll(/\[\d*\]/g, '').split('.');
  if (names.some((part) => part === '')) return { kind: 'unknown', reason: `has "${plain.slice(0, 100)}", which is not a field's name` };
  const found = documentField(names) ?? documentField(['asset', ...names]) ?? endingField(names);
  if (found !== null) return found;
  const endings = targets().flatMap(({ path }) => path.map((_, from) => path.slice(from).join('.')));
  const known = [...Object.values(columns), 'source', ...new Set(endings)];
  return {
    kind: 'unknown',
    reason: `has no field "${plain.slice(0, 100)}"${suggestion(plain, known) || '; text with a colon needs quotes'}`,
  };
}

interface Target {
  readonly map: TransformMap;
  readonly row: MapRow;
  readonly text: string;
  readonly path: readonly string[];
}

function targets(): Target[] {
  return builtInMaps.flatMap((map) =>
    map.rows.map((row) => {
      const text = row.to.replaceAll(/\[\d*\]/g, '');
      return { map, row, text, path: text.split('.') };
    }),
  );
}

/** A path is a field when a row fills it, something in it or something around it. */
function documentField(path: readonly string[]): Field | null {
  const touching = targets().filter((target) => path.every((part, depth) => same(part, target.path[depth] ?? part)));
  const [first] = touching;
  if (first === undefined) return null;
  // As the map spells it; beyond the map's target as it was written.
  const spelled = path.map((part, depth) => first.path[depth] ?? part);
  return { kind: 'document', paths: [spelled], related: touching.flatMap((target) => relatedFields(target, path)) };
}

/** The end of a path stands for every path that ends so: `name`, `userAssetClass.email`. Related ones count only when the document has none itself. */
function endingField(ending: readonly string[]): Field | null {
  const fitting = targets().filter(
    ({ path }) => path.length > ending.length && ending.every((part, at) => same(part, path[path.length - ending.length + at] ?? '')),
  );
  const own = fitting.filter(({ row }) => !pathsOf(row).some((path) => relation.test(path)));
  const chosen = own.length > 0 ? own : fitting;
  if (chosen.length === 0) return null;
  const paths = [...new Map(chosen.map(({ text, path }) => [text, path])).values()];
  return { kind: 'document', paths, related: chosen.flatMap((target) => relatedFields(target, target.path)) };
}

function relatedFields({ map, row, path: target }: Target, path: readonly string[]): RelatedField[] {
  if (row.off === true || row.fn !== undefined) return [];
  const beyond = path.slice(target.length);
  return relatedSources(row, map).map(({ source, property }) => ({ map, source, path: [...property, ...beyond] }));
}

function relatedSources(row: MapRow, map: TransformMap): { readonly source: RelationSource; readonly property: readonly string[] }[] {
  const [, name = '', property = ''] = relation.exec(row.from ?? '') ?? [];
  const connector = connectors.find((candidate) => candidate.name === map.connector);
  const all = connector !== undefined && Object.hasOwn(connector.relations, name) ? (connector.relations[name] ?? []) : [];
  return all
    .filter((source) => row.type === undefined || source.type === row.type)
    .map((source) => ({ source, property: property.replaceAll('[]', '').split('.') }));
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
