// The rows of a map, parsed and checked one by one, and what they read.
import { asTidemarkError, TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import { type Combine, combineBy, type Refuse } from './functions.ts';
import { givenNames } from './given.ts';
import type { MapFunction, MapRow, TransformMap } from './map.ts';
import type { Segment, SourcePath } from './path.ts';
import { parseSource, parseTarget } from './path.ts';

export interface RelationReads {
  readonly name: string;
  /** The `@odata.type` that the rows are for; null: every type. */
  readonly type: string | null;
  /** Top-level properties of the related records, sorted. */
  readonly properties: readonly string[];
}

export interface ParsedRow {
  readonly row: MapRow;
  readonly target: readonly Segment[];
  /** Through the same lists all of them; empty only with CONSTANT. */
  readonly sources: readonly SourcePath[];
  /** The relation that they read, or null for the record's own properties. */
  readonly relation: string | null;
  /** From their readers to the row's. */
  readonly combine: Combine;
}

/** The paths that a row reads, as written, in the order of their use. */
export function pathsOf({ from, orFrom, fn }: MapRow): string[] {
  if (fn?.name === 'CONCAT') return fn.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.from]));
  return [from, orFrom].flatMap((path) => path ?? []);
}

/** @throws CONFIG_INVALID naming the map and the row. */
export function parseRow(map: TransformMap, row: MapRow): ParsedRow {
  const target = named(map, row, () => parseTarget(row.to));
  checkSources(map, row);
  const given = givenNames(map.connector);
  const sources = pathsOf(row).map((path) => named(map, row, () => parseSource(path, given)));
  const [source, ...others] = sources;
  const relation = source?.relation ?? null;
  if (source !== undefined) {
    if (count(source.segments) > count(target)) throw invalid(map, row, 'its source has more [] than its target');
    if (others.some((other) => other.relation !== relation || prefixOf(other) !== prefixOf(source))) {
      throw invalid(map, row, 'all that it reads must go through the same lists');
    }
    if (row.type !== undefined && count(source.segments) === 0) throw invalid(map, row, 'type needs a source with []');
  }
  if (row.required === true) {
    if (source === undefined || relation !== null) throw invalid(map, row, 'a required row reads the record itself');
    if (arraysOf(target).length > 0) throw invalid(map, row, 'the target of a required row cannot be a list or in one');
  }
  const combine = named(map, row, () => combineBy(row.fn, relation === null ? refusing(row) : leavingOut));
  return { row, target, sources, relation, combine };
}

/** What the row's function has to do with its sources. */
function checkSources(map: TransformMap, row: MapRow): void {
  const { from, orFrom, fn } = row;
  if (fn?.name === 'CONCAT') {
    if (from !== null || orFrom !== undefined) throw invalid(map, row, 'CONCAT reads its parts, and has neither from nor orFrom');
    if (pathsOf(row).length === 0) throw invalid(map, row, 'CONCAT without a path among its parts is a CONSTANT');
    return;
  }
  if ((from === null) !== (fn?.name === 'CONSTANT')) {
    throw invalid(map, row, 'CONSTANT has no source, and a row without a source is CONSTANT or CONCAT');
  }
  if (from === null && (orFrom !== undefined || row.type !== undefined)) throw invalid(map, row, 'CONSTANT has neither orFrom nor type');
}

/** Names the row, never the value. */
function refusing(row: MapRow): Refuse {
  return () => {
    throw new TidemarkError('MAPPING_FAILED', `"${row.to}": ${row.fn?.name} cannot take the value of ${readsInWords(row)}.`);
  };
}

/** Related records are mapped when a document is read, where nothing can be set aside any more. */
const leavingOut: Refuse = () => undefined;

/** `"a" or "b"`, as errors name what a row reads. */
export function readsInWords(row: MapRow): string {
  return pathsOf(row)
    .map((path) => `"${path}"`)
    .join(' or ');
}

function named<T>(map: TransformMap, row: MapRow, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { message, hint } = asTidemarkError(error);
    throw new TidemarkError('CONFIG_INVALID', `Map "${map.name}", row "${row.to.slice(0, 200)}": ${message}`, { hint, cause: error });
  }
}

export function invalid(map: TransformMap, row: MapRow, why: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `Map "${map.name}", row "${row.to.slice(0, 200)}": ${why}.`, {
    hint: 'Correct the row of the transform map.',
  });
}

/** A row without what does not change documents. */
export function meaning(row: MapRow): JsonObject {
  // Only where it is set: maps without required rows keep their hashes.
  const required: JsonObject = row.required === true ? { required: true } : {};
  const { from, orFrom = null, to, type = null, fn } = row;
  const others = typeof orFrom === 'string' || orFrom === null ? orFrom : [...orFrom];
  return { from, orFrom: others, to, type, fn: fn === undefined ? null : meaningOfFunction(fn), ...required };
}

function meaningOfFunction(fn: MapFunction): JsonObject {
  if (fn.name === 'LOOKUP') return { name: fn.name, table: { ...fn.table }, otherwise: fn.otherwise };
  if (fn.name === 'CONCAT')
    return { name: fn.name, parts: fn.parts.map((part) => (typeof part === 'string' ? part : { from: part.from })) };
  if (fn.name === 'DATE') return { name: fn.name, unit: fn.unit ?? null };
  return { ...fn };
}

/** The lists that a target goes through, as texts. */
export function arraysOf(target: readonly Segment[]): string[] {
  return target.flatMap((segment, position) => (segment.kind === 'name' ? [] : [`${textOf(target.slice(0, position))}[]`]));
}

function prefixOf(source: SourcePath): string {
  const last = source.segments.findLastIndex((segment) => segment.kind === 'each');
  return textOf(source.segments.slice(0, last + 1));
}

export function textOf(segments: readonly Segment[]): string {
  return segments
    .map((segment) => (segment.kind === 'name' ? `.${segment.name}` : segment.kind === 'each' ? '[]' : `[${segment.index}]`))
    .join('');
}

function count(segments: readonly Segment[]): number {
  return segments.filter((segment) => segment.kind === 'each').length;
}

export function ownReads(rows: readonly ParsedRow[]): string[] {
  const names = new Set<string>();
  for (const source of rows.flatMap(({ sources }) => sources)) {
    const [first] = source.segments;
    if (source.relation === null && first?.kind === 'name' && !first.name.includes('@')) names.add(first.name);
  }
  return [...names].sort();
}

export function relationReads(rows: readonly ParsedRow[]): RelationReads[] {
  const found = new Map<string, { name: string; type: string | null; properties: Set<string> }>();
  for (const row of rows) {
    for (const source of row.sources) {
      if (source.relation === null) continue;
      const type = row.row.type ?? null;
      const key = `${source.relation} ${type ?? ''}`;
      const reads = found.get(key) ?? { name: source.relation, type, properties: new Set<string>() };
      found.set(key, reads);
      const property = source.segments[2];
      if (property?.kind === 'name' && !property.name.includes('@')) reads.properties.add(property.name);
    }
  }
  return [...found.values()].map((reads) => ({ ...reads, properties: [...reads.properties].sort() }));
}
