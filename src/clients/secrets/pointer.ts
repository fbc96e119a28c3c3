// Places in a JSON document as RFC 6901 writes them: `/contoso/clientSecret`. Pure.
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export const isPointer = (text: string): boolean => /^(\/([^~/\0\r\n]|~[01])*)+$/.test(text) && text.length <= 1024;

/** The value at a place; undefined where there is none. */
export function valueAt(document: Json, pointer: string): Json | undefined {
  return stepsOf(pointer).reduce<Json | undefined>((at, step) => childOf(at, step), document);
}

/** The places that hold a place: `/a` of `/a/b`. */
export function placesAbove(pointer: string): string[] {
  const steps = pointer.split('/').slice(1, -1);
  return steps.map((_, index) => `/${steps.slice(0, index + 1).join('/')}`);
}

/** The document with the value at its place; objects on the way are made. null when a value stands in the way, or a list has no such place. */
export function withValueAt(document: Json, pointer: string, value: Json): Json | null {
  const put = (at: Json, [step, ...rest]: readonly string[]): Json | null => {
    if (step === undefined) return value;
    if (typeof at !== 'object' || at === null) return null;
    const child = childOf(at, step);
    if (isList(at) && child === undefined) return null;
    const changed = put(child ?? {}, rest);
    if (changed === null) return null;
    return isList(at) ? at.map((one, index) => (String(index) === step ? changed : one)) : { ...at, [step]: changed };
  };
  return put(document, stepsOf(pointer));
}

/** Every leaf with its place, in the document's order. */
export function* leavesOf(document: Json, pointer = ''): Generator<{ readonly pointer: string; readonly value: Json }> {
  if (typeof document !== 'object' || document === null) {
    yield { pointer, value: document };
    return;
  }
  for (const [key, value] of Object.entries(document))
    yield* leavesOf(value, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function childOf(at: Json | undefined, step: string): Json | undefined {
  if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
  return Object.entries(at).find(([key]) => key === step)?.[1];
}
