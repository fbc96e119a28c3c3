// Reading rows of Resource Graph: the same key is written `Id`, `id` and `ID` in different answers, so keys are read without regard to case.
import type { Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';

/** What stands at the path; absent and null are both undefined. A key that is written exactly wins over one of another case. */
export function at(from: Json | undefined, ...names: readonly string[]): Json | undefined {
  let value = from;
  for (const name of names) {
    if (!isObject(value)) return undefined;
    value = member(value, name);
  }
  return value ?? undefined;
}

function member(object: JsonObject, name: string): Json | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const lower = name.toLowerCase();
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === lower);
  return key === undefined ? undefined : object[key];
}

/** Text that says something, trimmed; a number as text. */
export function text(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  const trimmed = typeof value === 'string' ? value.trim() : '';
  return trimmed === '' ? undefined : trimmed;
}

/** The first of the values that says something. */
export function firstText(...values: readonly (Json | undefined)[]): string | undefined {
  for (const value of values) {
    const found = text(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Truth is also written as text, in any case. */
export function isTrue(value: Json | undefined): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
}

/** An object or list, also where it is written as JSON text. @returns undefined for what is neither */
export function structure(value: Json | undefined): JsonObject | Json[] | undefined {
  if (typeof value !== 'string') return isObject(value) || Array.isArray(value) ? value : undefined;
  // Most texts are none, and to find out by an error is dear.
  if (!/^\s*[[{]/.test(value)) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) || Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The object without what is undefined; null stays, for it says that the source has nothing. The names are ours. */
export function present(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  const said: JsonObject = {};
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value !== undefined) said[name] = value;
  }
  return said;
}
