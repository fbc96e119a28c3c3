// Compiled readers of a row: from a place in the source (a slot) to the value. MUST read own properties only.
import type { Json, JsonObject } from '../model.ts';
import type { Segment } from './path.ts';

// Looked up once: a global is searched for at every use.
const { hasOwn } = Object;
const { isArray } = Array;

/** A value as read: undefined where the source has none. */
export type Read = (from: Json | undefined) => Json | undefined;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

/** Follows names and fixed indexes; absent and null are both undefined. */
export function reader(segments: readonly Segment[], whole: boolean): Read {
  const steps = segments.map((segment): Read => {
    if (segment.kind === 'name') {
      const { name } = segment;
      return (from) => (isObject(from) && hasOwn(from, name) ? from[name] : undefined);
    }
    const index = segment.kind === 'index' ? segment.index : 0;
    return (from) => (isArray(from) ? from[index] : undefined);
  });
  const follow = chain(steps);
  if (whole) {
    return (from) => {
      const value = follow(from);
      return isObject(value) ? value : undefined;
    };
  }
  return (from) => follow(from) ?? undefined;
}

function chain(steps: readonly Read[]): Read {
  const [first, second] = steps;
  if (first === undefined) return (from) => from;
  // Most rows read one property: no loop for them.
  if (second === undefined) return first;
  return (from) => {
    let value = from;
    for (const follow of steps) value = follow(value);
    return value;
  };
}
