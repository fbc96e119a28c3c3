// Records that break careless readers. The first object of a page is poisoned; the others stay as they are.
import type { Json, JsonObject } from '../src/model.ts';
import type { PageFault } from './faults.ts';

type Poison = Extract<PageFault, { kind: 'poison' }>['how'];

const deepMark = '@@deep@@';
const hugeMark = '@@huge@@';
const protoMark = '@@proto@@';
const depth = 10_000;

/** The objects with the first one poisoned. Marks in it become raw JSON in `poisonText`. */
export function poison(value: readonly Json[], how: Poison): Json[] {
  const [first, ...others] = value;
  if (typeof first !== 'object' || first === null || Array.isArray(first)) return [...value];
  return [poisoned(first, how), ...others];
}

function poisoned(object: JsonObject, how: Poison): Json {
  switch (how) {
    case 'nul':
      return { ...object, displayName: 'before\u0000after' };
    case 'surrogate':
      return { ...object, displayName: 'lone \ud83e surrogate' };
    case 'proto':
      return { ...object, [protoMark]: { polluted: true } };
    case 'deep':
      return { ...object, displayName: deepMark };
    case 'missingId': {
      const { id: _id, ...rest } = object;
      return rest;
    }
    case 'hugeNumber':
      return { ...object, displayName: hugeMark };
    case 'notObject':
      return 'not an object';
    case 'wrongType':
      return { ...object, id: 42, displayName: { nested: ['no', 'text'] } };
    case 'longText':
      return { ...object, displayName: 'long '.repeat(400_000) };
  }
}

/** Puts raw JSON in the place of the marks: what JSON.stringify cannot write. */
export function poisonText(text: string): string {
  return text
    .replace(`"${deepMark}"`, () => `${'['.repeat(depth)}${']'.repeat(depth)}`)
    .replace(`"${hugeMark}"`, () => `1${'0'.repeat(400)}`)
    .replace(`"${protoMark}"`, () => '"__proto__"');
}
