// Whether what a row gives is what its target holds: the data types of the two models meet, or a function makes them meet.
import type { Json } from '../model.ts';
import { instantOf } from '../mappings/instant.ts';
import type { Fault } from './issue.ts';
import type { RowInput } from './mapInput.ts';
import type { DataType } from './models/model.ts';

/** What stands at a path that the row reads; null: the source model does not say. */
export interface Given {
  readonly type: DataType | null;
  readonly path: Fault['path'];
}

type FunctionName = NonNullable<RowInput['function']>['name'];
interface Signature {
  readonly takes: readonly DataType[];
  /** null: values of its own. */
  readonly gives: DataType | null;
}

const scalars: readonly DataType[] = ['string', 'number', 'boolean', 'dateTime'];

/** In the order in which they are proposed. */
const signatures: Readonly<Record<FunctionName, Signature>> = {
  STRING: { takes: scalars, gives: 'string' },
  NUMBER: { takes: ['string', 'number'], gives: 'number' },
  BOOLEAN: { takes: ['string', 'boolean'], gives: 'boolean' },
  DATE: { takes: ['string', 'dateTime'], gives: 'dateTime' },
  LOOKUP: { takes: scalars, gives: null },
  CONSTANT: { takes: scalars, gives: null },
  CONCAT: { takes: scalars, gives: 'string' },
  LOWER: { takes: ['string'], gives: 'string' },
  UPPER: { takes: ['string'], gives: 'string' },
  REGEX: { takes: ['string', 'dateTime'], gives: 'string' },
};
/** DATE with a unit counts. */
const counted: Signature = { takes: ['number', 'string'], gives: 'dateTime' };

/** @param held of the target, or of one element where the target ends in `[]`. */
export function faultsOfTypes(row: RowInput, given: readonly Given[], held: DataType, at: Fault['path']): Fault[] {
  const { function: fn } = row;
  const to = { path: [...at, 'to'], type: held, list: row.to.endsWith('[]') };
  if (fn === undefined) {
    const odd = given.find(({ type }) => !meets(type, to));
    return odd === undefined ? [] : [{ path: to.path, reason: `holds ${held}, and ${proposal(odd.type, held)}` }];
  }
  const { takes, gives } = fn.name === 'DATE' && fn.unit !== undefined ? counted : signatures[fn.name];
  const untaken = given.filter(({ type }) => type !== null && !takes.includes(type));
  if (untaken.length > 0) {
    const unit = fn.name === 'DATE' && fn.unit === undefined ? ', and number with a unit' : '';
    return untaken.map(({ path, type }) => ({ path, reason: `is ${type}; ${fn.name} takes ${takes.join(', ')}${unit}` }));
  }
  if (gives !== null) return meets(gives, to) ? [] : [{ path: to.path, reason: `holds ${held}, and ${fn.name} gives ${gives}` }];
  const odd = literalsOf(fn).find(({ value }) => !isOf(value, to));
  return odd === undefined ? [] : [{ path: [...at, 'function', ...odd.place], reason: `must be ${held}, which is what the target holds` }];
}

interface Target {
  readonly type: DataType;
  readonly list: boolean;
}

/** Of target models, `object` is a place for whatever there is. Times are text, and a list of values takes a list's elements. */
function meets(type: DataType | null, { type: held, list }: Target): boolean {
  if (held === 'object' || type === held) return true;
  return held === 'string' && (type === 'dateTime' || (list && type === 'string[]'));
}

function proposal(type: DataType | null, held: DataType): string {
  const [name] = Object.entries(signatures).find(([, { takes, gives }]) => gives === held && (type === null || takes.includes(type))) ?? [];
  const what = type === null ? 'the source model does not say what this field is' : `the row gives ${type}`;
  if (name !== undefined) return `${what}: add "function: { name: ${name} }"`;
  if (type === 'number' && held === 'dateTime') return `${what}: add "function: { name: DATE, unit: seconds }", or milliseconds`;
  if (type === 'string[]' && held === 'string') return `${what}: name an element of it, as in list[0]`;
  return scalars.includes(held) && (type === null || scalars.includes(type)) ? `${what}: look it up with LOOKUP` : what;
}

function literalsOf(fn: NonNullable<RowInput['function']>): { readonly value: Json; readonly place: string[] }[] {
  if (fn.name === 'CONSTANT') return [{ value: fn.value, place: ['value'] }];
  if (fn.name !== 'LOOKUP') return [];
  const entries = Object.entries(fn.table).map(([key, value]) => ({ value, place: ['table', key] }));
  return [...entries, { value: fn.default, place: ['default'] }];
}

/** null is no value, and so of every type. */
function isOf(value: Json, { type, list }: Target): boolean {
  if (value === null || type === 'object') return true;
  if (Array.isArray(value))
    return (list || type === 'string[]') && value.every((element) => isOf(element, { type: elementOf(type), list: false }));
  if (type === 'dateTime') return instantOf(value, undefined) !== undefined;
  return typeof value === type;
}

function elementOf(type: DataType): DataType {
  return type === 'string[]' ? 'string' : type;
}
