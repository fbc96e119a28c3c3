// Compiles a transform map to functions, once; a record is then mapped without looking at a path. Pure: no input or output.
import { asTidemarkError, TidemarkError } from '../errors.ts';
import type { Json, JsonObject } from '../model.ts';
import { canonical, hashOf } from './canonical.ts';
import type { MapRow, TransformMap } from './map.ts';
import type { Segment, SourcePath } from './path.ts';
import { parseSource, parseTarget } from './path.ts';
import type { Read } from './read.ts';
import { isObject, reader, valueOf } from './read.ts';
import type { Row, Scope, Slot } from './tree.ts';
import { compileTree } from './tree.ts';

const maxRows = 1_000;
const maxDepth = 32;
const maxDocumentSize = 1_048_576;

interface RelationReads {
  readonly name: string;
  /** The `@odata.type` that the rows are for; null: every type. */
  readonly type: string | null;
  /** Top-level properties of the related records, sorted. */
  readonly properties: readonly string[];
}

export interface CompiledMap {
  readonly map: TransformMap;
  /** Of the class and the rows that are on: it changes exactly when documents may. */
  readonly hash: string;
  /**
   * What the record alone says. Values are taken over, not copied.
   * @throws MAPPING_FAILED when the document would be over 1 MiB of text or deeper than 32 levels.
   */
  document(record: JsonObject): JsonObject;
  /** The whole document: what `document` gave, and what the related elements say. Neither argument is changed. */
  relate(document: JsonObject, relations: Readonly<Record<string, JsonObject[]>>): JsonObject;
  /** What the rows that are on read. */
  readonly reads: { readonly own: readonly string[]; readonly relations: readonly RelationReads[] };
}

interface ParsedRow {
  readonly row: MapRow;
  readonly target: readonly Segment[];
  readonly source: SourcePath | null;
  readonly orSource: SourcePath | null;
}

/** @throws CONFIG_INVALID naming the map, the row and what is wrong with it. */
export function compile(map: TransformMap): CompiledMap {
  if (map.rows.length > maxRows) throw new TidemarkError('CONFIG_INVALID', `Map "${map.name}" has more than ${maxRows} rows.`);
  const rows = map.rows.filter((row) => row.off !== true).map((row) => parseRow(map, row));
  const filled = new Set(rows.filter((row) => row.source?.relation).flatMap((row) => arraysOf(row.target)));
  const onRead = (row: ParsedRow): boolean => Boolean(row.source?.relation) || arraysOf(row.target).some((path) => filled.has(path));
  for (const row of rows) {
    if (onRead(row) && row.source?.relation === null) {
      throw invalid(
        map,
        row.row,
        'it reads the record itself, but its target is a list that related records fill; only CONSTANT can fill it too',
      );
    }
  }
  // All rows together are compiled too: an own row and a relation row may contradict each other.
  build(rows);
  const own = build(rows.filter((row) => !onRead(row)));
  const related = build(rows.filter(onRead));
  return {
    map,
    hash: hashOf(canonical({ class: map.class, rows: rows.map(({ row }) => meaning(row)) })),
    document: (record) => own(record, bounded()) ?? {},
    relate(document, relations) {
      const found = related(relations, () => undefined);
      return found === undefined ? document : merged(document, found);
    },
    reads: { own: ownReads(rows), relations: relationReads(rows) },
  };
}

function parseRow(map: TransformMap, row: MapRow): ParsedRow {
  try {
    const target = parseTarget(row.to);
    const source = row.from === null ? null : parseSource(row.from);
    const orSource = row.orFrom === undefined ? null : parseSource(row.orFrom);
    if ((source === null) !== (row.fn?.name === 'CONSTANT'))
      throw invalid(map, row, 'CONSTANT has no source, and a row without a source is CONSTANT');
    if (source !== null && count(source.segments) > count(target)) throw invalid(map, row, 'its source has more [] than its target');
    if (source !== null && orSource !== null && prefixOf(source) !== prefixOf(orSource)) {
      throw invalid(map, row, 'from and orFrom must go through the same lists');
    }
    if (row.type !== undefined && (source === null || count(source.segments) === 0)) throw invalid(map, row, 'type needs a source with []');
    return { row, target, source, orSource };
  } catch (error) {
    const failure = asTidemarkError(error);
    if (failure.message.startsWith('Map ')) throw failure;
    throw new TidemarkError('CONFIG_INVALID', `Map "${map.name}", row "${row.to.slice(0, 200)}": ${failure.message}`, {
      hint: failure.hint,
    });
  }
}

/** The builder of these rows: from a source to their part of the document. */
function build(parsed: readonly ParsedRow[]): (source: JsonObject, admit: Scope['admit']) => JsonObject | undefined {
  const slots: Slot[] = [{ parent: 0, list: (from) => from }];
  const numbers = new Map<string, number>();
  const rows = parsed.map((row): Row => {
    const { target, source, orSource } = row;
    if (source === null)
      return { target, text: row.row.to, sources: [], slot: 0, value: valueOf(() => undefined, null, row.row.fn), type: null };
    const sources: number[] = [];
    let parent = 0;
    let from = 0;
    source.segments.forEach((segment, position) => {
      if (segment.kind !== 'each') return;
      const key = textOf(source.segments.slice(0, position + 1));
      const known = numbers.get(key) ?? slots.push({ parent, list: reader(source.segments.slice(from, position), false) }) - 1;
      numbers.set(key, known);
      sources.push(known);
      parent = known;
      from = position + 1;
    });
    const orRead: Read | null = orSource === null ? null : reader(orSource.segments.slice(from), orSource.whole);
    const value = valueOf(reader(source.segments.slice(from), source.whole), orRead, row.row.fn);
    return { target, text: row.row.to, sources, slot: parent, value, type: row.row.type ?? null };
  });
  const tree = compileTree(rows, slots);
  return (source, admit) => {
    const built = tree({ slots: [source], made: [], admit });
    return isObject(built) ? built : undefined;
  };
}

/** A row without what does not change documents. */
function meaning(row: MapRow): JsonObject {
  const fn: Json =
    row.fn === undefined
      ? null
      : row.fn.name === 'CONSTANT'
        ? { ...row.fn }
        : { name: row.fn.name, table: { ...row.fn.table }, otherwise: row.fn.otherwise };
  return { from: row.from, orFrom: row.orFrom ?? null, to: row.to, type: row.type ?? null, fn };
}

/** Refuses documents beyond the bounds; sizes are of the JSON text with commas and without escapes, close enough for a bound. */
function bounded(): Scope['admit'] {
  let size = 0;
  const weigh = (value: Json, depth: number): void => {
    if (typeof value === 'string') size += value.length + 3;
    else size += 8;
    if (size > maxDocumentSize) throw new TidemarkError('MAPPING_FAILED', `The document would be over ${maxDocumentSize} characters.`);
    if (typeof value !== 'object' || value === null) return;
    if (depth === maxDepth) throw new TidemarkError('MAPPING_FAILED', `The document would be deeper than ${maxDepth} levels.`);
    if (Array.isArray(value)) for (const element of value) weigh(element, depth + 1);
    else {
      for (const key of Object.keys(value)) {
        size += key.length;
        weigh(value[key] ?? null, depth + 1);
      }
    }
  };
  return (value) => weigh(value, 0);
}

/** `found` over `document`, object by object; lists and values of `found` replace. Its keys come from the map, never from data. */
function merged(document: JsonObject, found: JsonObject): JsonObject {
  const result = { ...document };
  for (const [key, value] of Object.entries(found)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** The lists that a target goes through, as texts. */
function arraysOf(target: readonly Segment[]): string[] {
  return target.flatMap((segment, position) => (segment.kind === 'name' ? [] : [`${textOf(target.slice(0, position))}[]`]));
}

function prefixOf(source: SourcePath): string {
  const last = source.segments.findLastIndex((segment) => segment.kind === 'each');
  return textOf(source.segments.slice(0, last + 1));
}

function textOf(segments: readonly Segment[]): string {
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

function ownReads(rows: readonly ParsedRow[]): string[] {
  const names = new Set<string>();
  for (const source of rows.flatMap(sourcesOf)) {
    const [first] = source.segments;
    if (source.relation === null && first?.kind === 'name' && !first.name.includes('@')) names.add(first.name);
  }
  return [...names].sort();
}

function relationReads(rows: readonly ParsedRow[]): RelationReads[] {
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

function invalid(map: TransformMap, row: MapRow, why: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `Map "${map.name}", row "${row.to.slice(0, 200)}": ${why}.`, {
    hint: 'Correct the row of the transform map.',
  });
}
