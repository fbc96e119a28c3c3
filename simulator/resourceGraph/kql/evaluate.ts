// Values of expressions, of a whole row or of the part that is the same in many rows: what the part does not decide is `unknown`.
// https://learn.microsoft.com/kusto/query/datatypes-string-operators
import type { Json, JsonObject } from '../../../src/model.ts';
import type { Comparison, Expression, FunctionName } from './tree.ts';

export const unknown = Symbol('unknown');
export type Value = Json | typeof unknown;

/** What the expression is for a row. `partial`: columns and properties that are not there may be, in the whole row. */
export function valueOf(expression: Expression, row: JsonObject, partial = false): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'path':
      return lookUp(row, expression.steps, partial);
    case 'logic':
      return logic(expression.operator, valueOf(expression.left, row, partial), () => valueOf(expression.right, row, partial));
    case 'call':
      return call(
        expression.name,
        expression.given.map((given) => valueOf(given, row, partial)),
      );
    case 'comparison': {
      const left = valueOf(expression.left, row, partial);
      const right = valueOf(expression.right, row, partial);
      return left === unknown || right === unknown ? unknown : compare(expression.operator, left, right);
    }
    case 'membership': {
      const left = valueOf(expression.left, row, partial);
      if (left === unknown) return unknown;
      const folded = expression.operator.endsWith('~');
      const is = expression.values.some((value) => {
        const one = valueOf(value, row, partial);
        return one !== unknown && (folded ? fold(textOf(left)) === fold(textOf(one)) : textOf(left) === textOf(one));
      });
      return is !== expression.operator.startsWith('!');
    }
  }
}

function lookUp(row: JsonObject, steps: readonly (string | number)[], partial: boolean): Value {
  let at: Json = row;
  for (const step of steps) {
    if (Array.isArray(at)) at = (typeof step === 'number' ? at[step] : undefined) ?? null;
    else if (typeof at !== 'object' || at === null) return null;
    else if (!Object.hasOwn(at, step)) return partial ? unknown : null;
    else at = at[String(step)] ?? null;
  }
  // A part of an object is not the object.
  return partial && typeof at === 'object' && at !== null ? unknown : at;
}

function logic(operator: 'and' | 'or', left: Value, right: () => Value): Value {
  const decided = operator === 'or';
  if (left === decided) return decided;
  const other = right();
  if (other === decided) return decided;
  return left === unknown || other === unknown ? unknown : !decided;
}

function call(name: FunctionName, given: readonly Value[]): Value {
  const known = given.filter((value) => value !== unknown);
  if (known.length < given.length) return unknown;
  const [first = null] = known;
  switch (name) {
    case 'not':
      return first !== true;
    case 'tolower':
      return fold(textOf(first));
    case 'toupper':
      return textOf(first).toUpperCase();
    case 'tostring':
      return textOf(first);
    case 'isempty':
      return textOf(first) === '';
    case 'isnotempty':
      return textOf(first) !== '';
    case 'isnull':
      return first === null;
    case 'isnotnull':
      return first !== null;
    case 'strcat':
      return known.map(textOf).join('');
  }
}

const fold = (text: string): string => text.toLowerCase();

/** Texts of nothing are empty in Kusto, never null. */
export function textOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function compare(operator: Comparison, left: Json, right: Json): boolean {
  switch (operator) {
    case '==':
      return textOf(left) === textOf(right);
    case '!=':
      return textOf(left) !== textOf(right);
    case '<':
      return Number(left) < Number(right);
    case '<=':
      return Number(left) <= Number(right);
    case '>':
      return Number(left) > Number(right);
    case '>=':
      return Number(left) >= Number(right);
    case '=~':
    case '!~':
      return (fold(textOf(left)) === fold(textOf(right))) === (operator === '=~');
    default:
      return search(operator.replace('!', ''), fold(textOf(left)), fold(textOf(right))) !== operator.startsWith('!');
  }
}

function search(operator: string, text: string, sought: string): boolean {
  switch (operator) {
    case 'contains':
      return text.includes(sought);
    case 'startswith':
      return text.startsWith(sought);
    case 'endswith':
      return text.endsWith(sought);
    default:
      return hasTerm(text, sought);
  }
}

/** `has`: the sought text stands there as a whole word. */
function hasTerm(text: string, sought: string): boolean {
  const inWord = /[\p{L}\p{N}]/u;
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + 1)) {
    if (!inWord.test(text.charAt(at - 1)) && !inWord.test(text.charAt(at + sought.length))) return true;
  }
  return false;
}
