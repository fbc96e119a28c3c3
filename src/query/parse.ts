// The query language: text to a tree. The words and the grammar stand in files of their own, run by a library for grammars.
import { queryFault } from './fault.ts';
import { grammar } from './grammar.ts';
import type { Query } from './tree.ts';

const maxLength = 10_000;

/**
 * `field:value`, `"quoted"`, `*` and `?`, `:>5`, `[a TO b]`, `[a, b]` or `in(a, b)`, `and or not ( )` in any case, `field:(…)`.
 * null for an empty text. @throws CONFIG_INVALID with the position
 */
export function parseQuery(text: string): Query | null {
  if (text.length > maxLength) throw queryFault(text, maxLength, `is longer than ${maxLength} characters`);
  // PostgreSQL takes neither as a parameter.
  const unfit = /[\0\p{Cs}]/u.exec(text);
  if (unfit !== null) throw queryFault(text, unfit.index, 'has a character that cannot be searched for');
  return grammar.read(text);
}
