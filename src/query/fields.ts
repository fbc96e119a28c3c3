// What a field of a query means: a column, the connector's source, or a path of the document: stored, read through relations, or given by the connection.
import { connectors } from '../connectors/index.ts';
import type { Given, RelationSource } from '../connectors/definition.ts';
import { suggestion } from '../connectors/suggest.ts';
import type { MapRow, TransformMap } from '../mappings/map.ts';
import { pathsOf } from '../mappings/rows.ts';

export type Column =
  | 'class'
  | 'connection'
  | 'stream'
  | 'id'
  | 'state'
  | 'firstSeen'
  | 'lastChanged'
  | 'pendingRemoval'
  | 'stale'
  | FindingColumn;

/** What only findings have. Their `id` is the key of the flaw and its asset. */
type FindingColumn = 'status' | 'severity' | 'qds' | 'cve' | 'asset' | 'assetClass' | 'lastSeen' | 'reopened';

/** A row of a map through which related records fill the field. */
export interface RelatedField {
  readonly map: TransformMap;
  readonly source: RelationSource;
  /** The setting that it is looked up in for the related record. */
  readonly lookup?: string;
  /** Of the related record's body, of the edge, or of what was looked up; empty for the element itself. */
  readonly path: readonly string[];
}

/** A row of a map that the connection fills. */
export interface GivenField {
  readonly map: TransformMap;
  readonly given: Given;
  /** Within what is given. */
  readonly path: readonly string[];
}

export type Field =
  | { readonly kind: 'column'; readonly column: Column }
  /** The connector's product, as its definition names it (decision 25). */
  | { readonly kind: 'source' }
  | DocumentField;

export interface DocumentField {
  readonly kind: 'document';
  /** Where documents hold it. */
  readonly paths: readonly (readonly string[])[];
  /** What fills it when a document is read. */
  readonly related: readonly RelatedField[];
  readonly given: readonly GivenField[];
  /** The streams whose maps fill it: other streams' documents lack it. */
  readonly streams: readonly string[];
}

/** What is searched: assets, or findings. */
export type Subject = 'assets' | 'findings';

const shared: Readonly<Record<string, Column>> = {
  class: 'class',
  connection: 'connection',
  stream: 'stream',
  id: 'id',
  firstseen: 'firstSeen',
  lastchanged: 'lastChanged',
  pendingremoval: 'pendingRemoval',
  stale: 'stale',
};
const columns: Readonly<Record<Subject, Readonly<Record<string, Column>>>> = {
  assets: { ...shared, state: 'state' },
  findings: {
    ...shared,
    status: 'status',
    severity: 'severity',
    qds: 'qds',
    cve: 'cve',
    asset: 'asset',
    assetclass: 'assetClass',
    lastseen: 'lastSeen',
    reopened: 'reopened',
  },
};
const sources = new Set(['source', 'vendorproductname']);
// `memberOf.value[].id`, `groupInfo[].idpGroup`: the relation and what is read of its elements.
const relation = /^([^.[\]]+)(?:\.value)?\[\]\.(.+)$/;
const namespaces = /^(inventory|finding)\./i;

/** The field of this name as these maps fill it (case does not count where a map names it), or the reason why there is none. */
export function fieldNamed(
  name: string,
  maps: readonly TransformMap[],
  subject: Subject = 'assets',
): Field | { readonly kind: 'unknown'; readonly reason: string } {
  const plain = name.replace(namespaces, '');
  const key = plain.toLowerCase();
  const own = columns[subject];
  const column = Object.hasOwn(own, key) ? own[key] : undefined;
  if (column !== undefined) return { kind: 'column', column };
  if (sources.has(key)) return { kind: 'source' };
  const names = plain.replaceAll(/\[\d*\]/g, '').split('.');
  if (names.some((part) => part === '')) return { kind: 'unknown', reason: `has "${plain.slice(0, 100)}", which is not a field's name` };
  const targets = targetsOf(maps);
  const inDocument = (path: readonly string[]): DocumentField | null => documentField(path, targets);
  const found = together(inDocument(names), inDocument(['asset', ...names]) ?? endingField(names, targets));
  if (found !== null) return found;
  const endings = targets.flatMap(({ path }) => path.map((_, from) => path.slice(from).join('.')));
  const known = [...Object.values(own), 'source', ...new Set(endings)];
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

function targetsOf(maps: readonly TransformMap[]): Target[] {
  return maps.flatMap((map) =>
    map.rows.map((row) => {
      const text = row.to.replaceAll(/\[\d*\]/g, '');
      return { map, row, text, path: text.split('.') };
    }),
  );
}

/** `displayName` is a whole path of one class's documents and the end of paths of others. */
function together(one: DocumentField | null, other: DocumentField | null): DocumentField | null {
  if (one === null || other === null) return one ?? other;
  const paths = new Map([...one.paths, ...other.paths].map((path) => [path.join('.'), path]));
  const streams = [...new Set([...one.streams, ...other.streams])];
  return {
    kind: 'document',
    paths: [...paths.values()],
    related: [...one.related, ...other.related],
    given: [...one.given, ...other.given],
    streams,
  };
}

/** A path is a field when a row fills it, something in it or something around it. */
function documentField(path: readonly string[], targets: readonly Target[]): DocumentField | null {
  const touching = targets.filter((target) => path.every((part, depth) => same(part, target.path[depth] ?? part)));
  const [first] = touching;
  if (first === undefined) return null;
  // As the map spells it; beyond the map's target as it was written.
  const spelled = path.map((part, depth) => first.path[depth] ?? part);
  return {
    kind: 'document',
    paths: touching.some(isStored) ? [spelled] : [],
    related: touching.flatMap((target) => relatedFields(target, path)),
    given: touching.flatMap((target) => givenFields(target, path)),
    streams: streamsOf(touching),
  };
}

/**
 * The end of a path stands for the shortest paths of each map that end so: `name` for the asset's, not for its class's too. Related ones count only
 * where no document holds one itself.
 */
function endingField(ending: readonly string[], targets: readonly Target[]): DocumentField | null {
  const fitting = targets.filter(
    ({ path }) => path.length > ending.length && ending.every((part, at) => same(part, path[path.length - ending.length + at] ?? '')),
  );
  const own = fitting.filter(isStored);
  const all = own.length > 0 ? own : fitting;
  const chosen = all.filter(({ map, path }) => all.every((other) => other.map !== map || other.path.length >= path.length));
  if (chosen.length === 0) return null;
  return {
    kind: 'document',
    paths: [...new Map(chosen.filter(isStored).map(({ text, path }) => [text, path])).values()],
    related: chosen.flatMap((target) => relatedFields(target, target.path)),
    given: chosen.flatMap((target) => givenFields(target, target.path)),
    streams: streamsOf(chosen),
  };
}

/** Whether the document holds it, as the record alone says it (design 3.8). */
const isStored = ({ map, row }: Target): boolean => !pathsOf(row).some((path) => relation.test(path)) && givenOf(map, row) === undefined;

const streamsOf = (targets: readonly Target[]): string[] => [...new Set(targets.map(({ map }) => map.stream))];

function relatedFields({ map, row, path: target }: Target, path: readonly string[]): RelatedField[] {
  if (row.off === true || row.fn !== undefined) return [];
  const beyond = path.slice(target.length);
  return relatedSources(row, map).map(({ path: property, ...from }) => ({ map, ...from, path: [...property, ...beyond] }));
}

function relatedSources(row: MapRow, map: TransformMap): Omit<RelatedField, 'map'>[] {
  const [, name = '', property = ''] = relation.exec(row.from ?? '') ?? [];
  const connector = connectors.find((candidate) => candidate.name === map.connector);
  const all = connector !== undefined && Object.hasOwn(connector.relations, name) ? (connector.relations[name] ?? []) : [];
  return all
    .filter((source) => row.type === undefined || source.type === row.type)
    .flatMap((source) => {
      const [first = '', ...rest] = property.replaceAll('[]', '').split('.');
      const named = source.as === undefined ? first : source.as.properties[first];
      if (named !== undefined) return [{ source, path: [named, ...rest] }];
      const lookup = source.as?.lookups[first];
      return lookup === undefined ? [] : [{ source, lookup, path: rest }];
    });
}

function givenFields({ map, row, path: target }: Target, path: readonly string[]): GivenField[] {
  if (row.off === true || row.fn !== undefined) return [];
  const given = givenOf(map, row);
  const [, ...within] = (row.from ?? '').split('.').filter((part) => part !== '*');
  return given === undefined ? [] : [{ map, given, path: [...within, ...path.slice(target.length)] }];
}

/** `eventType`, `notification.*`: by its first name. */
function givenOf(map: TransformMap, row: MapRow): Given | undefined {
  const connector = connectors.find((candidate) => candidate.name === map.connector);
  const stream = connector?.streams.find((candidate) => candidate.name === map.stream);
  return stream?.given?.[row.from?.split('.')[0] ?? ''];
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
