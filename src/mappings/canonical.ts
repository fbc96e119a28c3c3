// The one text form of JSON that hashes and comparisons use, and the hash. MUST give the same text for values that mean the same.
import { hash } from 'node:crypto';
import { TidemarkError } from '../errors.ts';
import type { Json, JsonObject } from '../model.ts';

// Looked up once: a global is searched for at every use.
const { isArray } = Array;
const { defineProperty, keys: keysOf } = Object;

/** Deeper values are refused: they would exhaust the stack here and PostgreSQL's when stored. */
const maxDepth = 100;

/**
 * JSON of the value in order.
 * @throws MAPPING_FAILED for a value nested deeper than 100 levels.
 */
export function canonical(value: Json): string {
  return JSON.stringify(ordered(value));
}

/**
 * The value with the keys of objects sorted (by UTF-16 code units; whole numbers come first, as in every JavaScript object) and their null
 * properties dropped: absent and null mean the same to us. Nulls inside arrays stay, because dropping them would move their neighbours.
 * The value itself where it is so already: whoever builds in order pays little.
 * @throws MAPPING_FAILED for a value nested deeper than 100 levels.
 */
export function ordered(value: Json): Json {
  return isOrdered(value, 0) ? value : inOrder(value, 0);
}

/** SHA-256 of the text as UTF-8, in hex. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'hex');
}

function isOrdered(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  bound(depth);
  if (isArray(value)) {
    for (const element of value) if (typeof element === 'object' && !isOrdered(element, depth + 1)) return false;
    return true;
  }
  let before = '';
  for (const key of keysOf(value)) {
    const property = value[key];
    if (property === undefined || property === null || key < before) return false;
    if (typeof property === 'object' && !isOrdered(property, depth + 1)) return false;
    before = key;
  }
  return true;
}

function inOrder(value: Json, depth: number): Json {
  if (typeof value !== 'object' || value === null) return value;
  bound(depth);
  if (isArray(value)) return value.map((element) => inOrder(element, depth + 1));
  const sorted: JsonObject = {};
  for (const key of keysOf(value).sort()) {
    const property = value[key];
    if (property === undefined || property === null) continue;
    const inner = typeof property === 'object' ? inOrder(property, depth + 1) : property;
    // Assigned, it would be the prototype; defined, it stays data.
    if (key === '__proto__') defineProperty(sorted, key, { value: inner, enumerable: true });
    else sorted[key] = inner;
  }
  return sorted;
}

function bound(depth: number): void {
  if (depth === maxDepth) throw new TidemarkError('MAPPING_FAILED', `A value is nested deeper than ${maxDepth} levels.`);
}
