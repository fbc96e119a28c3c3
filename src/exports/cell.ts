// One value as the text of a cell. Pure. MUST be the same text for the same value, whatever order the source sends lists in.
import { canonical } from '../mappings/canonical.ts';
import type { Json } from '../model.ts';

/** Lists are joined by line feeds and sorted without regard to case; objects are JSON with sorted keys. Nothing and null are empty. */
export function cellOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(elementOf).sort(inOrder).join('\n');
  return elementOf(value);
}

const elementOf = (value: Json): string => (typeof value === 'string' ? value : canonical(value));

/** By upper case letter by letter, as `OrdinalIgnoreCase` compares, else by code units. */
function inOrder(one: string, other: string): number {
  const [a, b] = [raised(one), raised(other)];
  if (a !== b) return a < b ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A letter that has no upper case of the same length stays as it is. */
function raised(text: string): string {
  return Array.from(text, (letter) => {
    const upper = letter.toUpperCase();
    return upper.length === letter.length ? upper : letter;
  }).join('');
}

/** A spreadsheet computes what begins so; an apostrophe before it makes it text. For people alone: the value is no longer what the source has. */
export const spreadsheetSafe = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
