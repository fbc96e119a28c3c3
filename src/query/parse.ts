// The query language: text to a tree. Recursive descent over one string, bounded in length, terms and depth.
// No parser of such a language at hand (liqe, lucene, lucene-kit) reads nested fields, blanks after the colon, backquotes and `and` in any case. This
// grammar by a library for grammars (ohm-js) took a second for the longest text, overflowed the stack at 300 levels, and knew less of where and why.
import { queryFault } from './fault.ts';

const maxLength = 10_000;
const maxTerms = 200;
const maxDepth = 50;

interface FieldName {
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

/**
 * `field:value`, `"quoted"`, `*` and `?`, `:>5`, `[a TO b]`, `[a, b]` or `in(a, b)`, `and or not ( )` in any case, `field:(…)`. `not` binds before `and`, `and` before `or`;
 * terms side by side mean `and`. null for an empty text. @throws CONFIG_INVALID with the position
 */
export function parseQuery(text: string): Query | null {
  if (text.length > maxLength) throw queryFault(text, maxLength, `is longer than ${maxLength} characters`);
  // PostgreSQL takes neither as a parameter.
  const unfit = /[\0\p{Cs}]/u.exec(text);
  if (unfit !== null) throw queryFault(text, unfit.index, 'has a character that cannot be searched for');
  const parser = new Parser(text);
  return parser.parse();
}

class Parser {
  private at = 0;
  private terms = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  parse(): Query | null {
    this.blanks();
    if (this.at === this.text.length) return null;
    const query = this.or(null, 0);
    if (this.at < this.text.length) throw this.fault('has a ")" that nothing opened');
    return query;
  }

  private or(field: FieldName | null, depth: number): Query {
    const parts = [this.and(field, depth)];
    while (this.word('or')) parts.push(this.and(field, depth));
    return parts.length === 1 ? (parts[0] ?? this.missing()) : { kind: 'or', parts };
  }

  private and(field: FieldName | null, depth: number): Query {
    const parts = [this.not(field, depth)];
    while (this.word('and') || this.startsTerm()) parts.push(this.not(field, depth));
    return parts.length === 1 ? (parts[0] ?? this.missing()) : { kind: 'and', parts };
  }

  private not(field: FieldName | null, depth: number): Query {
    let negated = false;
    while (this.word('not')) negated = !negated;
    const part = this.primary(field, depth);
    return negated ? { kind: 'not', part } : part;
  }

  private primary(field: FieldName | null, depth: number): Query {
    this.blanks();
    const position = this.at;
    if (this.text[this.at] === '(') return this.group(field, depth);
    this.count();
    const name = this.fieldName();
    if (name === null) {
      if (!this.startsTerm()) this.missing();
      return { kind: 'term', field, value: this.value(), position };
    }
    const inner = field === null ? name : { name: `${field.name}.${name.name}`, position: name.position };
    this.blanks();
    if (this.text[this.at] === '(') return this.group(inner, depth);
    const opening = sticky(listOpening, this.text, this.at);
    if (opening !== null) return this.list(inner, opening);
    return { kind: 'term', field: inner, value: this.value(), position };
  }

  /** One of several values: `[a, b]` as the documents' own language has it, or `in(a, b)`. */
  private list(field: FieldName, opening: string): Query {
    const opened = this.at;
    const closing = opening.endsWith('[') ? ']' : ')';
    const parts: Query[] = [];
    for (this.at += opening.length; ;) {
      this.blanks();
      parts.push(this.item(field));
      this.blanks();
      const next = this.text[this.at];
      if (next !== closing && next !== ',') throw queryFault(this.text, opened, 'has a list that nothing closes');
      this.at += 1;
      if (next === closing) return { kind: 'or', parts };
    }
  }

  private item(field: FieldName): Query {
    const position = this.at;
    const first = this.text[position];
    if (first === undefined || ',)]'.includes(first)) this.missing();
    this.count();
    const value: Value = isQuote(first) ? { kind: 'text', text: this.quoted(first), like: null, quoted: true } : this.plain(listed);
    return { kind: 'term', field, value, position };
  }

  private count(): void {
    this.terms += 1;
    if (this.terms > maxTerms) throw this.fault(`has more than ${maxTerms} terms`);
  }

  private group(field: FieldName | null, depth: number): Query {
    if (depth === maxDepth) throw this.fault(`is nested deeper than ${maxDepth} levels`);
    const opened = this.at;
    this.at += 1;
    const query = this.or(field, depth + 1);
    this.blanks();
    if (this.text[this.at] !== ')') throw queryFault(this.text, opened, 'has a "(" that nothing closes');
    this.at += 1;
    return query;
  }

  /** A name with its colon, or null with nothing read. */
  private fieldName(): FieldName | null {
    const match = sticky(/(?:[^\s:()"'`[\]{}<>=\\]|\[\d*\])+(?=:)/y, this.text, this.at);
    if (match === null) return null;
    const field = { name: match, position: this.at };
    this.at += match.length + 1;
    return field;
  }

  private value(): Value {
    this.blanks();
    const first = this.text[this.at];
    if (first === undefined || first === ')') this.missing();
    if (isQuote(first)) return { kind: 'text', text: this.quoted(first), like: null, quoted: true };
    if (first === '[' || first === '{') return this.range(first === '[');
    const operator = sticky(/[<>]=?|=/y, this.text, this.at);
    if (operator === null) return this.plain();
    this.at += operator.length;
    this.blanks();
    const bound = { text: this.bound(), inclusive: operator.endsWith('=') };
    if (operator === '=') return { kind: 'text', text: bound.text, like: null, quoted: true };
    return operator.startsWith('>') ? { kind: 'range', from: bound, to: null } : { kind: 'range', from: null, to: bound };
  }

  private range(fromInclusive: boolean): Value {
    const opened = this.at;
    this.at += 1;
    this.blanks();
    const from = this.bound();
    this.blanks();
    const between = sticky(/(?:to(?=\s)|\.\.\.?)/iy, this.text, this.at);
    if (between === null) throw this.fault('needs TO between the ends of a range');
    this.at += between.length;
    this.blanks();
    const to = this.bound();
    this.blanks();
    const end = this.text[this.at];
    if (end !== ']' && end !== '}') throw queryFault(this.text, opened, 'has a range that nothing closes');
    this.at += 1;
    if (from === '*' && to === '*') return { kind: 'any' };
    return {
      kind: 'range',
      from: from === '*' ? null : { text: from, inclusive: fromInclusive },
      to: to === '*' ? null : { text: to, inclusive: end === ']' },
    };
  }

  private bound(): string {
    const first = this.text[this.at];
    if (isQuote(first)) return this.quoted(first);
    const match = sticky(/(?:(?!\.\.)[^\s()[\]{}"'`])+/y, this.text, this.at);
    if (match === null) return this.missing();
    this.at += match.length;
    return match;
  }

  private quoted(quote: string): string {
    const opened = this.at;
    let value = '';
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const character = this.text[this.at] ?? '';
      if (character === quote) {
        this.at += 1;
        return value;
      }
      if (character === '\\' && this.at + 1 < this.text.length) this.at += 1;
      value += this.text[this.at] ?? '';
    }
    throw queryFault(this.text, opened, 'has a quote that nothing closes');
  }

  /** Text up to a blank, parenthesis or quote; a backslash makes the next character an ordinary one. */
  private plain(characters = /(?:\\.|[^\s()"`\\])+/sy): Value {
    const match = sticky(characters, this.text, this.at);
    if (match === null) throw this.fault('has a character that needs quotes');
    this.at += match.length;
    if (match === '*') return { kind: 'any' };
    let text = '';
    let like = '';
    let wild = false;
    for (const [part] of match.matchAll(/\\.|[^\\]/gsu)) {
      const character = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part;
      text += character;
      if (part === '*' || part === '?') {
        wild = true;
        like += part === '*' ? '%' : '_';
      } else like += escapeLike(character);
    }
    return { kind: 'text', text, like: wild ? like : null, quoted: false };
  }

  /** Reads this word in any case, unless it is a field's name. */
  private word(word: string): boolean {
    this.blanks();
    const match = sticky(/[a-z]+(?=[\s()"'`]|$)/iy, this.text, this.at);
    if (match?.toLowerCase() !== word) return false;
    this.at += match.length;
    return true;
  }

  /** Whether another term stands here: no end, no closing parenthesis, no `or`. */
  private startsTerm(): boolean {
    this.blanks();
    const rest = this.text[this.at];
    if (rest === undefined || rest === ')') return false;
    const match = sticky(/[a-z]+(?=[\s()"'`]|$)/iy, this.text, this.at)?.toLowerCase();
    return match !== 'or' && match !== 'and';
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  private missing(): never {
    throw this.fault('needs a value here');
  }

  private fault(reason: string): Error {
    return queryFault(this.text, this.at, reason);
  }
}

// A bracket opens a list when a comma or its end follows the first value, else a range.
const listOpening = /in\s*\(|\[(?=\s*(?:(["'`])(?:\\.|(?!\1)[^\\])*\1|[^\s,\]"'`]+)\s*[,\]])/isy;
const listed = /(?:\\.|[^\s,()[\]"`\\])+/sy;

const isQuote = (character: string | undefined): character is string => character !== undefined && `"'\``.includes(character);

export function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}

function sticky(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
