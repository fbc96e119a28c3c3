// The words of the query language, as data: what each looks like, and in which surroundings it is one. A parenthesis, a list and a range have surroundings of their own.
// MUST take any text: what is nothing else is `Other`, which no rule lets in.
import { createToken, type CustomPatternMatcherFunc, Lexer, type TokenType } from 'chevrotain';

/** Whether the word before stands for what comes next to be its value: `and:` is then followed by text, whatever that looks like. */
type Follows = (before: TokenType | undefined) => boolean;
const afterField: Follows = (before) => before === Field;
const notAfterValueOf: Follows = (before) => before !== Field && before !== Operator;

/** A pattern that counts only after some words. */
function where(follows: Follows, pattern: RegExp): { readonly pattern: CustomPatternMatcherFunc; readonly line_breaks: false } {
  const sticky = new RegExp(pattern.source, `${pattern.flags}y`);
  return {
    line_breaks: false,
    pattern(text, offset, before) {
      if (!follows(before.at(-1)?.tokenType)) return null;
      sticky.lastIndex = offset;
      return sticky.exec(text);
    },
  };
}

const blanks = createToken({ name: 'Blanks', pattern: /\s+/, group: Lexer.SKIPPED });
export const Open = createToken({ name: 'Open', pattern: '(', push_mode: 'terms' });
export const Close = createToken({ name: 'Close', pattern: ')', pop_mode: true });
export const And = createToken({ name: 'And', ...where(notAfterValueOf, /and(?=[\s()"'`]|$)/i) });
export const Or = createToken({ name: 'Or', ...where(notAfterValueOf, /or(?=[\s()"'`]|$)/i) });
export const Not = createToken({ name: 'Not', ...where(notAfterValueOf, /not(?=[\s()"'`]|$)/i) });
/** With its colon; an element of a list may be named by its number. */
export const Field: TokenType = createToken({ name: 'Field', ...where(notAfterValueOf, /(?:[^\s:()"'`[\]{}<>=\\]|\[\d*\])+:/) });
export const Operator: TokenType = createToken({ name: 'Operator', pattern: /[<>]=?|=/ });

export const Quoted = createToken({ name: 'Quoted', pattern: /"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`(?:\\[^]|[^`\\])*`/ });
export const OpenQuote = createToken({ name: 'OpenQuote', pattern: /["'`]/ });
/** Up to a blank, parenthesis or quote; a backslash makes the next character an ordinary one. */
export const Plain = createToken({ name: 'Plain', pattern: /(?:\\[^]|[^\s()"`\\])+/ });
export const Other = createToken({ name: 'Other', pattern: /[^]/ });

/** A bracket opens a list when a comma or its end follows the first value, else a range. */
export const ListOpen = createToken({
  name: 'ListOpen',
  ...where(afterField, /in\s*\(|\[(?=\s*(?:(["'`])(?:\\[^]|(?!\1)[^\\])*\1|[^\s,\]"'`]+)\s*[,\]])/i),
  push_mode: 'list',
});
export const Listed = createToken({ name: 'Listed', pattern: /(?:\\[^]|[^\s,()[\]"`\\])+/ });
export const Comma = createToken({ name: 'Comma', pattern: ',' });
export const ListClose = createToken({ name: 'ListClose', pattern: ']', pop_mode: true });

export const RangeOpen = createToken({ name: 'RangeOpen', pattern: /[[{]/, push_mode: 'range' });
export const Bound = createToken({ name: 'Bound', pattern: /(?:(?!\.\.)[^\s()[\]{}"'`])+/ });
export const To = createToken({ name: 'To', ...where((before) => before !== RangeOpen && before !== To, /to(?=\s)|\.\.\.?/i) });
export const RangeClose = createToken({ name: 'RangeClose', pattern: /[\]}]/, pop_mode: true });

/** In each, the first that fits. */
const modes = {
  terms: [blanks, Open, Close, And, Or, Not, ListOpen, RangeOpen, Field, Operator, Quoted, OpenQuote, Plain, Other],
  list: [blanks, Comma, Close, ListClose, Quoted, OpenQuote, Listed, Other],
  range: [blanks, RangeClose, To, Quoted, OpenQuote, Bound, Other],
};

export const words = [...new Set(Object.values(modes).flat())];
export const lexer = new Lexer({ modes, defaultMode: 'terms' }, { positionTracking: 'onlyOffset' });
