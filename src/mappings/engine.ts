// Compiles a transform map to functions, once; a record is then mapped without looking at a path. Pure: no input or output.
import { TidemarkError } from '../errors.ts';
import type { Json, JsonObject } from '../model.ts';
import { canonical, hashOf } from './canonical.ts';
import { givenNames } from './given.ts';
import type { MapRow, TransformMap } from './map.ts';
import { isObject, reader } from './read.ts';
import type { ParsedRow, RelationReads } from './rows.ts';
import { arraysOf, invalid, meaning, ownReads, parseRow, readsInWords, relationReads, textOf } from './rows.ts';
import type { Row, Scope, Slot } from './tree.ts';
import { compileTree } from './tree.ts';

const maxRows = 1_000;
const maxDepth = 32;
const maxDocumentSize = 1_048_576;

export interface CompiledMap {
  readonly map: TransformMap;
  /** Of the class and the rows that are on: it changes exactly when documents may. */
  readonly hash: string;
  /** Of the class and the rows that read the record alone: it changes exactly when what `document` gives may. */
  readonly ownHash: string;
  /**
   * What the record alone says. Values are taken over, not copied.
   * @throws MAPPING_FAILED when a required target gets no value, a function cannot take a value, or the document would be over 1 MiB of text or deeper than 32 levels.
   */
  document(record: JsonObject): JsonObject;
  /**
   * The whole document: what `document` gave, and what the related elements and given values say; a value of theirs that a function cannot take is
   * left out. Neither argument is changed.
   */
  relate(document: JsonObject, relations: Readonly<Record<string, Json>>): JsonObject;
  /** What the rows that are on read. */
  readonly reads: { readonly own: readonly string[]; readonly relations: readonly RelationReads[] };
}

/** @throws CONFIG_INVALID naming the map, the row and what is wrong with it. */
export function compile(map: TransformMap): CompiledMap {
  if (map.rows.length > maxRows) throw new TidemarkError('CONFIG_INVALID', `Map "${map.name}" has more than ${maxRows} rows.`);
  const rows = map.rows.filter((row) => row.off !== true).map((row) => parseRow(map, row));
  const filled = new Set(rows.filter(({ relation }) => relation !== null).flatMap((row) => arraysOf(row.target)));
  const onRead = (row: ParsedRow): boolean => row.relation !== null || arraysOf(row.target).some((path) => filled.has(path));
  for (const row of rows) {
    if (onRead(row) && row.relation === null && row.sources.length > 0) {
      throw invalid(
        map,
        row.row,
        'it reads the record itself, but its target is a list that related records fill; only CONSTANT can fill it too',
      );
    }
  }
  // All rows together are compiled too: an own row and a relation row may contradict each other.
  const given = givenNames(map.connector);
  build(rows, given);
  const ownRows = rows.filter((row) => !onRead(row));
  const own = build(ownRows, given);
  const related = build(rows.filter(onRead), given);
  return {
    map,
    hash: hashBy(map, rows),
    ownHash: hashBy(map, ownRows),
    document: demanding(rows, (record) => own(record, bounded()) ?? {}),
    relate(document, relations) {
      const found = related(relations, () => undefined);
      return found === undefined ? document : merged(document, found);
    },
    reads: { own: ownReads(rows), relations: relationReads(rows) },
  };
}

const hashBy = (map: TransformMap, rows: readonly ParsedRow[]): string =>
  hashOf(canonical({ class: map.class, rows: rows.map(({ row }) => meaning(row)) }));

/** `document`, refusing records for which a required target gets no value; itself where the map requires nothing. */
function demanding(rows: readonly ParsedRow[], document: CompiledMap['document']): CompiledMap['document'] {
  const required = rows.filter(({ row }) => row.required === true).map(({ row, target }) => ({ row, read: reader(target, false) }));
  if (required.length === 0) return document;
  return (record) => {
    const built = document(record);
    for (const { row, read } of required) if (read(built) === undefined) throw missing(row);
    return built;
  };
}

/** Names the row, never a value. */
function missing(row: MapRow): TidemarkError {
  return new TidemarkError('MAPPING_FAILED', `"${row.to}" is required and gets no value from ${readsInWords(row)}.`);
}

/** The builder of these rows: from a source to their part of the document. */
function build(
  parsed: readonly ParsedRow[],
  given: readonly string[],
): (source: JsonObject, admit: Scope['admit']) => JsonObject | undefined {
  const slots: Slot[] = [{ parent: 0, list: (from) => from }];
  const numbers = new Map<string, number>();
  const rows = parsed.map((row): Row => {
    const { target } = row;
    const sources: number[] = [];
    let parent = 0;
    let from = 0;
    const [through] = row.sources;
    through?.segments.forEach((segment, position) => {
      if (segment.kind !== 'each') return;
      const key = textOf(through.segments.slice(0, position + 1));
      const known = numbers.get(key) ?? slots.push({ parent, list: reader(through.segments.slice(from, position), false) }) - 1;
      numbers.set(key, known);
      sources.push(known);
      parent = known;
      from = position + 1;
    });
    const value = row.combine(row.sources.map((source) => reader(source.segments.slice(from), source.whole)));
    const keepsEmpty = row.relation !== null && given.includes(row.relation);
    return { target, text: row.row.to, sources, slot: parent, value, type: row.row.type ?? null, keepsEmpty };
  });
  const tree = compileTree(rows, slots);
  return (source, admit) => {
    const built = tree({ slots: [source], made: [], admit });
    return isObject(built) ? built : undefined;
  };
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
