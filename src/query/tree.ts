// What a query is once it is read: terms and how they join. What its words say of a value is told here too.

export interface FieldName {
  readonly name: string;
  readonly position: number;
}

export type Value =
  /** `like` has the wildcards as a pattern of LIKE; null without wildcards. */
  | { readonly kind: 'text'; readonly text: string; readonly like: string | null; readonly quoted: boolean }
  /** `*`: any value. */
  | { readonly kind: 'any' }
  | { readonly kind: 'range'; readonly from: Bound | null; readonly to: Bound | null };

export interface Bound {
  readonly text: string;
  readonly inclusive: boolean;
}

export type Query =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'term'; readonly field: FieldName | null; readonly value: Value; readonly position: number };

/** One part stands for itself. */
export function joined(kind: 'and' | 'or', parts: readonly Query[]): Query {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { kind, parts };
}

/** The query as it is meant of the field: `a:(b:x or y)` is `a.b:x or a:y`. */
export function under(field: FieldName, query: Query): Query {
  if (query.kind === 'not') return { kind: 'not', part: under(field, query.part) };
  if (query.kind !== 'term') return { kind: query.kind, parts: query.parts.map((part) => under(field, part)) };
  const { field: inner } = query;
  return { ...query, field: inner === null ? field : { name: `${field.name}.${inner.name}`, position: inner.position } };
}

/** Taken to the letter: in quotes, or after `=`. */
export const literal = (text: string): Value => ({ kind: 'text', text, like: null, quoted: true });

/** What stands between quotes. */
export const unquoted = (word: string): string => unescaped(word.slice(1, -1));

/** A backslash makes the next character an ordinary one. */
export const unescaped = (word: string): string => word.replaceAll(/\\([^])/gu, '$1');

/** Text without quotes, with its wildcards. */
export function wild(word: string): Value {
  if (word === '*') return { kind: 'any' };
  const parts = word.match(/\\[^]|[^\\]/gu) ?? [];
  const like = parts.map((part) => (part === '*' ? '%' : part === '?' ? '_' : escapeLike(unescaped(part))));
  return {
    kind: 'text',
    text: unescaped(word),
    like: parts.some((part) => part === '*' || part === '?') ? like.join('') : null,
    quoted: false,
  };
}

/** `*` leaves an end open. */
export function range(from: Bound, to: Bound): Value {
  const [least, most] = [from, to].map((bound) => (bound.text === '*' ? null : bound));
  return least === null && most === null ? { kind: 'any' } : { kind: 'range', from: least ?? null, to: most ?? null };
}

export function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}
