// The one text form of JSON that hashes and comparisons use, and the hash. MUST give the same text for values that mean the same.
import { hash } from 'node:crypto';
import { TidemarkError } from '../errors.ts';
import type { Json } from '../model.ts';

/** Deeper values are refused: they would exhaust the stack here and PostgreSQL's when stored. */
const maxDepth = 100;

/**
 * JSON with the keys of objects sorted (by UTF-16 code units) and their null properties dropped: absent and null mean the same to us.
 * Nulls inside arrays stay, because dropping them would move their neighbours.
 * @throws MAPPING_FAILED for a value nested deeper than 100 levels.
 */
export function canonical(value: Json): string {
  return write(value, 0);
}

/** SHA-256 of the text as UTF-8, in hex. */
export function hashOf(text: string): string {
  return hash('sha256', text, 'hex');
}

function write(value: Json, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth === maxDepth) throw new TidemarkError('MAPPING_FAILED', `A value is nested deeper than ${maxDepth} levels.`);
  let text = '';
  if (Array.isArray(value)) {
    for (const element of value) text += (text === '' ? '' : ',') + write(element, depth + 1);
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const property = value[key];
    if (property === undefined || property === null) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(property, depth + 1)}`;
  }
  return `{${text}}`;
}
