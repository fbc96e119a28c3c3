// Words of a query of Resource Graph. https://learn.microsoft.com/kusto/query/scalar-data-types/string
import { InvalidQuery } from './refused.ts';

export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end';
  readonly value: string;
  /** From 0. */
  readonly at: number;
}

const blank = /(?:\s|\/\/[^\n]*(?:\n|$))+/y;
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['text', /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y],
  ['text', /@'[^'\n]*'|@"[^"\n]*"/y],
  ['number', /\d+(?:\.\d+)?/y],
  // Operators that are words: `in~`, `!in`, `!has`.
  ['name', /!?in~|![a-z][a-z_]*|[A-Za-z_][\w]*/y],
  ['sign', /==|!=|=~|!~|<=|>=|[|(),.[\]=<>]/y],
];

/** @throws InvalidQuery at the first character that begins no word */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ;) {
    blank.lastIndex = at;
    at += blank.exec(query)?.[0].length ?? 0;
    if (at >= query.length) return [...tokens, { kind: 'end', value: '', at }];
    const found = matchAt(query, at);
    if (found === null) throw new InvalidQuery(query.charAt(at), at);
    tokens.push({ kind: found.kind, value: found.kind === 'text' ? unquoted(found.text) : found.text, at });
    at += found.text.length;
  }
}

function matchAt(query: string, at: number): { readonly kind: Token['kind']; readonly text: string } | null {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(query)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return null;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquoted(text: string): string {
  if (text.startsWith('@')) return text.slice(2, -1);
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
