// The target of a map as a tree of builders, compiled once. It decides which element of an array a row fills; it reads no paths.
import { TidemarkError } from '../errors.ts';
import type { Json, JsonObject } from '../model.ts';
import type { Segment } from './path.ts';
import type { Read } from './read.ts';

/** What a build works on. `slots[0]` is the source; each other slot is the element of a source array that is being mapped. */
export interface Scope {
  readonly slots: (Json | undefined)[];
  /** By level of target arrays: whether a row that makes elements has filled the current one. */
  readonly made: boolean[];
  /** Called with every value that is put into the document. */
  readonly admit: (value: Json) => void;
}

/** A source array, found in the slot it stands in. */
export interface Slot {
  readonly parent: number;
  readonly list: Read;
}

/** A row, ready to be placed. */
export interface Row {
  readonly target: readonly Segment[];
  /** The target as written: how errors name the row. */
  readonly text: string;
  /** The slots of the source's `[]`, outermost first: the n-th fills the target's n-th `[]`. */
  readonly sources: readonly number[];
  /** The slot that `value` reads from. */
  readonly slot: number;
  readonly value: Read;
  /** The `@odata.type` that the outermost source element must have. */
  readonly type: string | null;
  /** A list that is given and empty makes an empty list; of other sources the target is then left out. */
  readonly keepsEmpty: boolean;
}

type Build = (scope: Scope) => Json | undefined;

/**
 * Compiles rows to one builder of the document's object; undefined when no row gave a value.
 * @throws CONFIG_INVALID when two rows make the same place a value and a container.
 */
export function compileTree(rows: readonly Row[], slots: readonly Slot[]): Build {
  return rows.length === 0 ? () => undefined : node(rows, 0, 0, slots);
}

function node(rows: readonly Row[], position: number, level: number, slots: readonly Slot[]): Build {
  const kinds = new Map<string, Row>();
  for (const row of rows) {
    const kind = row.target[position]?.kind;
    kinds.set(kind === undefined ? 'value' : kind === 'name' ? 'object' : 'array', row);
  }
  const [one, other] = [...kinds];
  if (one !== undefined && other !== undefined) {
    throw new TidemarkError(
      'CONFIG_INVALID',
      `Targets "${one[1].text}" and "${other[1].text}" cannot both be filled: one is inside the other.`,
    );
  }
  if (kinds.has('value')) return leaf(rows);
  if (kinds.has('object')) return object(rows, position, level, slots);
  const lists = rows.filter((row) => row.target.length === position + 1 && row.target[position]?.kind === 'each');
  if (lists.length === 0) return array(rows, position, level, slots);
  const inner = rows.find((row) => !lists.includes(row));
  if (inner !== undefined) {
    throw new TidemarkError('CONFIG_INVALID', `Target "${inner.text}" and a target ending in [] cannot both fill the same list.`);
  }
  return list(lists, position, slots);
}

function object(rows: readonly Row[], position: number, level: number, slots: readonly Slot[]): Build {
  const byName = new Map<string, Row[]>();
  for (const row of rows) {
    const segment = row.target[position];
    if (segment?.kind === 'name') byName.set(segment.name, [...(byName.get(segment.name) ?? []), row]);
  }
  const children = [...byName].map(([name, under]) => ({ name, build: node(under, position + 1, level, slots) }));
  // In the order of the canonical text: a document's hash needs no sorting.
  children.sort((a, b) => (a.name < b.name ? -1 : 1));
  return (scope) => {
    let built: JsonObject | undefined;
    for (const child of children) {
      const value = child.build(scope);
      if (value === undefined) continue;
      built ??= {};
      built[child.name] = value;
    }
    return built;
  };
}

/** An array of containers. Its elements are made by rows whose source has the matching `[]`; the other rows fill every element made. */
function array(rows: readonly Row[], position: number, level: number, slots: readonly Slot[]): Build {
  const every: Row[] = [];
  const fixed = new Map<number, Row[]>();
  for (const row of rows) {
    const segment = row.target[position];
    if (segment?.kind === 'index') fixed.set(segment.index, [...(fixed.get(segment.index) ?? []), row]);
    else every.push(row);
  }
  const makers = new Map<number, Slot>();
  for (const row of every) {
    const number = row.sources[eachBefore(row, position)];
    const slot = number === undefined ? undefined : slots[number];
    if (number !== undefined && slot !== undefined) makers.set(number, slot);
  }
  // Without a row that makes elements there is exactly one.
  const alone = makers.size === 0;
  const common = every.length === 0 ? null : node(every, position + 1, level + 1, slots);
  const own = new Map([...fixed].map(([index, under]) => [index, node([...every, ...under], position + 1, level + 1, slots)]));
  const least = Math.max(alone && common !== null ? 1 : 0, ...[...fixed.keys()].map((index) => index + 1));
  const sources = [...makers];
  const keepsEmpty = every.some((row) => row.keepsEmpty);
  return (scope) => {
    const found: { readonly number: number; readonly elements: readonly Json[] }[] = [];
    let length = least;
    for (const [number, slot] of sources) {
      const elements = slot.list(scope.slots[slot.parent]);
      if (!Array.isArray(elements)) continue;
      found.push({ number, elements });
      length = Math.max(length, elements.length);
    }
    const built: Json[] = [];
    for (let index = 0; index < length; index += 1) {
      for (const source of found) scope.slots[source.number] = source.elements[index];
      scope.made[level] = false;
      const element = (own.get(index) ?? common)?.(scope);
      if (element !== undefined && (alone || scope.made.at(level) === true)) built.push(element);
    }
    for (const source of found) scope.slots[source.number] = undefined;
    return built.length > 0 || (keepsEmpty && found.length > 0) ? built : undefined;
  };
}

/** A list of values: a source `[]` gives one value an element, a source that is a list gives its elements; nulls are left out. */
function list(rows: readonly Row[], position: number, slots: readonly Slot[]): Build {
  const parts = rows.map((row) => {
    const number = row.sources[eachBefore(row, position)];
    return { row, number: number ?? 0, slot: number === undefined ? undefined : slots[number], mark: marker(row) };
  });
  return (scope) => {
    let built: Json[] | undefined;
    const put = (value: Json, mark: (scope: Scope) => void): void => {
      scope.admit(value);
      mark(scope);
      built ??= [];
      built.push(value);
    };
    for (const { row, number, slot, mark } of parts) {
      if (slot === undefined) {
        const value = read(row, scope);
        if (Array.isArray(value)) {
          built ??= [];
          for (const element of value) if (element !== null) put(element, mark);
        } else if (value !== undefined) put(value, mark);
        continue;
      }
      const elements = slot.list(scope.slots[slot.parent]);
      if (!Array.isArray(elements)) continue;
      built ??= [];
      for (const element of elements) {
        scope.slots[number] = element;
        const value = read(row, scope);
        if (value !== undefined) put(value, mark);
      }
      scope.slots[number] = undefined;
    }
    return built;
  };
}

/** Of several rows with one target the last that has a value wins. */
function leaf(rows: readonly Row[]): Build {
  const parts = rows.map((row) => ({ row, mark: marker(row) }));
  return (scope) => {
    let value: Json | undefined;
    for (const { row, mark } of parts) {
      const next = read(row, scope);
      if (next === undefined) continue;
      mark(scope);
      value = next;
    }
    if (value !== undefined) scope.admit(value);
    return value;
  };
}

function read(row: Row, scope: Scope): Json | undefined {
  const source = scope.slots[row.slot];
  if (source === undefined) return undefined;
  if (row.type !== null && !hasType(scope.slots[row.sources[0] ?? 0], row.type)) return undefined;
  return row.value(source);
}

function hasType(element: Json | undefined, type: string): boolean {
  return typeof element === 'object' && element !== null && !Array.isArray(element) && element['@odata.type'] === type;
}

/** Notes that this row made the current elements of the target arrays it iterates or names by index. */
function marker(row: Row): (scope: Scope) => void {
  const levels: number[] = [];
  let level = 0;
  let each = 0;
  for (const segment of row.target) {
    if (segment.kind === 'name') continue;
    if (segment.kind === 'index' || each < row.sources.length) levels.push(level);
    if (segment.kind === 'each') each += 1;
    level += 1;
  }
  if (levels.length === 0) return () => undefined;
  return (scope) => {
    for (const made of levels) scope.made[made] = true;
  };
}

function eachBefore(row: Row, position: number): number {
  return row.target.slice(0, position).filter((segment) => segment.kind === 'each').length;
}
