// The grammar of the query language: which words make a query, and what tree it is.
// MUST stay within its bounds of terms and depth: a query becomes one statement, and each level of it is one of the stack.
import { EmbeddedActionsParser, EOF, type IToken, type TokenType } from 'chevrotain';
import { queryFault } from './fault.ts';
import * as word from './tokens.ts';
import { type Bound, joined, literal, type Query, range, under, unescaped, unquoted, type Value, wild } from './tree.ts';

const maxTerms = 200;
const maxDepth = 50;

/** Rules are written once with their words, and run for each text. `not` binds before `and`, `and` before `or`; terms side by side mean `and`. */
class Grammar extends EmbeddedActionsParser {
  private text = '';
  private terms = 0;
  private depth = 0;

  constructor() {
    super(word.words, { maxLookahead: 1 });
    this.performSelfAnalysis();
  }

  /** null for an empty text. @throws CONFIG_INVALID with the position */
  read(text: string): Query | null {
    this.text = text;
    this.terms = 0;
    this.depth = 0;
    this.input = word.lexer.tokenize(text).tokens;
    const query = this.query();
    const [error] = this.errors;
    if (error === undefined) return query;
    const isUnopened = error.name === 'NotAllInputParsedException' && error.token.tokenType === word.Close;
    throw this.fault(error.token, isUnopened ? 'has a ")" that nothing opened' : 'needs a value here');
  }

  private readonly query = this.RULE('query', (): Query | null => this.OPTION(() => this.SUBRULE(this.anyOf)) ?? null);

  private readonly anyOf = this.RULE('anyOf', (): Query => {
    const parts: Query[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: word.Or, DEF: () => parts.push(this.SUBRULE(this.allOf)) });
    return joined('or', parts);
  });

  private readonly allOf = this.RULE('allOf', (): Query => {
    const parts = [this.SUBRULE(this.one)];
    this.MANY(() => {
      this.OPTION(() => this.CONSUME(word.And));
      parts.push(this.SUBRULE1(this.one));
    });
    return joined('and', parts);
  });

  private readonly one = this.RULE('one', (): Query => {
    let negated = false;
    this.MANY(() => {
      this.CONSUME(word.Not);
      negated = !negated;
    });
    const part = this.OR([
      { ALT: () => this.SUBRULE(this.group) },
      { ALT: () => this.SUBRULE(this.ofField) },
      { ALT: () => this.SUBRULE(this.term) },
    ]);
    return negated ? { kind: 'not', part } : part;
  });

  private readonly group = this.RULE('group', (): Query => {
    const opening = this.CONSUME(word.Open);
    this.depth += 1;
    if (this.depth > maxDepth) throw this.fault(opening, `is nested deeper than ${maxDepth} levels`);
    const query = this.SUBRULE(this.anyOf);
    this.expect(word.Close, opening, 'has a "(" that nothing closes');
    this.CONSUME(word.Close);
    this.depth -= 1;
    return query;
  });

  private readonly ofField = this.RULE('ofField', (): Query => {
    const { image, startOffset: position } = this.CONSUME(word.Field);
    const query = this.OR([
      { ALT: () => this.SUBRULE(this.group) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => ({ ...this.SUBRULE(this.term), position }) },
    ]);
    return this.ACTION(() => under({ name: image.slice(0, -1), position }, query));
  });

  /** One of several values: `[a, b]` as the documents' own language has it, or `in(a, b)`. */
  private readonly list = this.RULE('list', (): Query => {
    const parts: Query[] = [];
    const opening = this.CONSUME(word.ListOpen);
    this.AT_LEAST_ONE_SEP({ SEP: word.Comma, DEF: () => parts.push(this.SUBRULE(this.item)) });
    const closing = opening.image === '[' ? word.ListClose : word.Close;
    this.expect(closing, opening, 'has a list that nothing closes');
    this.OR([{ ALT: () => this.CONSUME(word.ListClose) }, { ALT: () => this.CONSUME(word.Close) }]);
    return { kind: 'or', parts };
  });

  private readonly item = this.RULE('item', (): Query => {
    const { startOffset } = this.LA(1);
    const value = this.OR([
      { ALT: () => literal(unquoted(this.CONSUME(word.Quoted).image)) },
      { ALT: () => wild(this.CONSUME(word.Listed).image) },
    ]);
    return this.counted(value, startOffset);
  });

  private readonly term = this.RULE('term', (): Query => {
    const { startOffset } = this.LA(1);
    const value = this.OR([
      { ALT: () => literal(unquoted(this.CONSUME(word.Quoted).image)) },
      { ALT: () => wild(this.CONSUME(word.Plain).image) },
      { ALT: () => this.SUBRULE(this.range) },
      { ALT: () => this.SUBRULE(this.comparison) },
    ]);
    return this.counted(value, startOffset);
  });

  /** `[a TO b]`; with a brace the end itself is left out. */
  private readonly range = this.RULE('range', (): Value => {
    const opening = this.CONSUME(word.RangeOpen);
    const from = this.SUBRULE(this.bound);
    this.expect(word.To, this.LA(1), 'needs TO between the ends of a range');
    this.CONSUME(word.To);
    const to = this.SUBRULE1(this.bound);
    this.expect(word.RangeClose, opening, 'has a range that nothing closes');
    const closing = this.CONSUME(word.RangeClose);
    return range({ text: from, inclusive: opening.image === '[' }, { text: to, inclusive: closing.image === ']' });
  });

  private readonly bound = this.RULE('bound', (): string =>
    this.OR([{ ALT: () => unquoted(this.CONSUME(word.Quoted).image) }, { ALT: () => this.CONSUME(word.Bound).image }]),
  );

  private readonly comparison = this.RULE('comparison', (): Value => {
    const operator = this.CONSUME(word.Operator).image;
    const text = this.OR([
      { ALT: () => unquoted(this.CONSUME(word.Quoted).image) },
      { ALT: () => unescaped(this.CONSUME(word.Plain).image) },
    ]);
    const bound: Bound = { text, inclusive: operator.endsWith('=') };
    if (operator === '=') return literal(text);
    return operator.startsWith('>') ? { kind: 'range', from: bound, to: null } : { kind: 'range', from: null, to: bound };
  });

  private counted(value: Value, position: number): Query {
    this.terms += 1;
    if (this.terms > maxTerms) throw queryFault(this.text, position, `has more than ${maxTerms} terms`);
    return { kind: 'term', field: null, value, position };
  }

  /** That this word comes next; else what is wrong, and at which word. */
  private expect(next: TokenType, at: IToken, reason: string): void {
    this.ACTION(() => {
      const found = this.LA(1);
      if (found.tokenType !== next) throw this.fault(misplaced.has(found.tokenType) ? found : at, reason);
    });
  }

  private fault({ tokenType, startOffset }: IToken, reason: string): Error {
    return queryFault(this.text, tokenType === EOF ? this.text.length : startOffset, misplaced.get(tokenType) ?? reason);
  }
}

/** Wrong wherever they stand. */
const misplaced = new Map([
  [word.OpenQuote, 'has a quote that nothing closes'],
  [word.Other, 'has a character that needs quotes'],
]);

export const grammar = new Grammar();
