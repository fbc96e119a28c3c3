// The rows of a map, parsed and checked one by one, and what they read.
import { asTidemarkError, TidemarkError } from '../errors.ts';
import type { Json, JsonObject } from '../model.ts';
import type { MapRow, TransformMap } from './map.ts';
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
  readonly source: SourcePath | null;
  readonly orSource: SourcePath | null;
}

/** @throws CONFIG_INVALID naming the map and the row. */
export function parseRow(map: TransformMap, row: MapRow): ParsedRow {
  const target = named(map, row, () => parseTarget(row.to));
  const { from, orFrom } = row;
  const source = from === null ? null : named(map, row, () => parseSource(from));
  const orSource = orFrom === undefined ? null : named(map, row, () => parseSource(orFrom));
  if ((source === null) !== (row.fn?.name === 'CONSTANT'))
    throw invalid(map, row, 'CONSTANT has no source, and a row without a source is CONSTANT');
  if (source === null && (orSource !== null || row.type !== undefined)) throw invalid(map, row, 'CONSTANT has neither orFrom nor type');
  if (source !== null && count(source.segments) > count(target)) throw invalid(map, row, 'its source has more [] than its target');
  if (source !== null && orSource !== null && (source.relation !== orSource.relation || prefixOf(source) !== prefixOf(orSource))) {
    throw invalid(map, row, 'from and orFrom must go through the same lists');
  }
  if (row.type !== undefined && source !== null && count(source.segments) === 0) throw invalid(map, row, 'type needs a source with []');
  if (row.required === true) {
    if (source === null || source.relation !== null) throw invalid(map, row, 'a required row reads the record itself');
    if (arraysOf(target).length > 0) throw invalid(map, row, 'the target of a required row cannot be a list or in one');
  }
  return { row, target, source, orSource };
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
  const fn: Json =
    row.fn === undefined
      ? null
      : row.fn.name === 'CONSTANT'
        ? { ...row.fn }
        : { name: row.fn.name, table: { ...row.fn.table }, otherwise: row.fn.otherwise };
  // Only where it is set: maps without required rows keep their hashes.
  const required: JsonObject = row.required === true ? { required: true } : {};
  return { from: row.from, orFrom: row.orFrom ?? null, to: row.to, type: row.type ?? null, fn, ...required };
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

function sourcesOf(row: ParsedRow): SourcePath[] {
  return [row.source, row.orSource].filter((source) => source !== null);
}

export function ownReads(rows: readonly ParsedRow[]): string[] {
  const names = new Set<string>();
  for (const source of rows.flatMap(sourcesOf)) {
    const [first] = source.segments;
    if (source.relation === null && first?.kind === 'name' && !first.name.includes('@')) names.add(first.name);
  }
  return [...names].sort();
}

export function relationReads(rows: readonly ParsedRow[]): RelationReads[] {
  const found = new Map<string, { name: string; type: string | null; properties: Set<string> }>();
  for (const row of rows) {
    for (const source of sourcesOf(row)) {
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
