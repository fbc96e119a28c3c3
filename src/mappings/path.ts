// The paths of a transform map: parsed and refused here, once, so that no record is ever read by interpreting text.
import { TidemarkError } from '../errors.ts';

export type Segment =
  | { readonly kind: 'name'; readonly name: string }
  /** `[]`: every element. */
  | { readonly kind: 'each' }
  /** `[n]`: one element. */
  | { readonly kind: 'index'; readonly index: number };

export interface SourcePath {
  /** The relation that the path reads (`memberOf` of `memberOf.value[].id`) or the name that is given, or null for the record's own properties. */
  readonly relation: string | null;
  /** Without the `value` of a relation path: its segments begin with the relation's name and `[]`. */
  readonly segments: readonly Segment[];
  /** `.*`: only an object is taken, as a whole. */
  readonly whole: boolean;
}

const maxDepth = 32;
const maxIndex = 999;

// An annotation's name has a dot of its own: `@odata.type`, `members@odata.context`.
const step = /^([^.[\]@\s]*@odata\.[^.[\]\s]+|[^.[\]\s]+)((?:\[\d*\])*)(?:\.|$)/;
// Names through which a write would reach a prototype instead of the document.
const unsafe = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses `a.b`, `a[].b`, `a[0].b`, `a.*`, `.*` (the record itself), `relation.value[].x` and `asset_root (name)`.
 * `given`: first steps that no record has; they are read when a document is.
 * @throws CONFIG_INVALID
 */
export function parseSource(text: string, given: readonly string[] = []): SourcePath {
  const root = /^asset_root ?\((.+)\)$/.exec(text);
  const path = root?.[1] ?? text;
  if (path === '.*' || path === '*') return { relation: null, segments: [], whole: true };
  const whole = path.endsWith('.*');
  const segments = parse(whole ? path.slice(0, -2) : path, text);
  const [first, second, third] = segments;
  if (first?.kind === 'name' && second?.kind === 'name' && second.name === 'value' && third?.kind === 'each') {
    return { relation: first.name, segments: [first, ...segments.slice(2)], whole };
  }
  return { relation: first?.kind === 'name' && given.includes(first.name) ? first.name : null, segments, whole };
}

/** Parses a target: names, `[]`, `[n]`; ending in `[]` it is a list. @throws CONFIG_INVALID */
export function parseTarget(text: string): readonly Segment[] {
  const segments = parse(text, text);
  segments.forEach((segment, position) => {
    if (segment.kind !== 'name' && segments[position + 1]?.kind !== 'name' && position + 1 < segments.length) {
      throw refused(text, 'a list of lists cannot be a target');
    }
  });
  return segments;
}

function parse(path: string, text: string): Segment[] {
  const segments: Segment[] = [];
  let rest = path;
  while (rest !== '') {
    const match = step.exec(rest);
    const name = match?.[1];
    if (match === null || name === undefined) throw refused(text, `it cannot be read from "${rest.slice(0, 40)}" on`);
    if (name === '*') throw refused(text, '.* stands only at the end of a source');
    if (unsafe.has(name)) throw refused(text, `"${name}" is not allowed as a name`);
    segments.push({ kind: 'name', name });
    for (const bracket of match[2]?.matchAll(/\[(\d*)\]/g) ?? []) {
      const index = bracket[1] ?? '';
      if (Number(index) > maxIndex) throw refused(text, `an index is at most ${maxIndex}`);
      segments.push(index === '' ? { kind: 'each' } : { kind: 'index', index: Number(index) });
    }
    if (segments.length > maxDepth) throw refused(text, `it is deeper than ${maxDepth} levels`);
    if (match[0] === `${name}${match[2] ?? ''}.` && match[0].length === rest.length) throw refused(text, 'it ends in a dot');
    rest = rest.slice(match[0].length);
  }
  if (segments.length === 0) throw refused(text, 'it is empty');
  return segments;
}

function refused(path: string, why: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `"${path.slice(0, 200)}" is no path of a transform map: ${why}.`, {
    hint: 'Paths look like id, a.b, list[].x, list[0].x, object.*; correct the row.',
  });
}
