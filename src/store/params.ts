// Parameters of set-based statements: arrays as PostgreSQL reads them, and the blocks of numbers that sweeps go by.
import type { Parameter } from './database.ts';
import { escapeJson, escapeText, isWritable } from './text.ts';

/** How many numbers a row of `seen` covers at most: a look-up reads a few of them, a sweep's slice many. Stored: MUST NOT change. */
export const seenBlock = 1_024;

/** A `bigint[]` as text: much cheaper than an array parameter. */
export const bigints = (nums: readonly number[]): string => `{${nums.join(',')}}`;

/**
 * Any texts as a `text[]`. Where no text has a backslash, JSON and PostgreSQL write lists alike but for the brackets, and JSON's writer is the
 * engine's own; the others are escaped one by one.
 */
export function texts(values: readonly (string | null)[]): Parameter {
  const list = JSON.stringify(values);
  return isWritable(list) ? `{${list.slice(1, -1)}}` : values.map((value) => (value === null ? null : escapeText(value)));
}

/** A parameter of somebody's condition: its text as PostgreSQL can hold it. */
export const escaped = (value: Parameter): Parameter => (typeof value === 'string' ? escapeText(value) : value);

/** JSON texts as one text, to be taken apart by `listed`: JSON has no line breaks, so that nothing has to be quoted. */
export const lines = (jsons: readonly (string | null)[]): string => jsons.join('\n');
export const listed = (parameter: string): string => `string_to_array(${parameter}, E'\\n', '')`;

/**
 * A column that often has the same text in every row of a page, which is then sent once: an `unnest` beside longer lists gives null in the other rows, and
 * `orFirst` the text again. MUST hold no null.
 */
export const alike = (values: readonly string[]): readonly string[] =>
  values.every((value) => value === values[0]) ? values.slice(0, 1) : values;
export const orFirst = (column: string, list: string): string => `coalesce(${column}, (${list})[1])`;

/** A value as a `jsonb` parameter. */
export const jsonb = (value: unknown): string => escapeJson(JSON.stringify(value));

/** Sorts by a text key, in an order that is the same for every writer. */
export function byKey<T>(rows: readonly T[], keyOf: (row: T) => string): T[] {
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}

/** Distinct numbers by the block they fall in, both in order. */
export function inBlocks(nums: readonly number[]): Map<number, number[]> {
  const blocks = new Map<number, number[]>();
  for (const num of [...new Set(nums)].sort((a, b) => a - b)) {
    const block = Math.floor(num / seenBlock);
    const known = blocks.get(block);
    if (known === undefined) blocks.set(block, [num]);
    else known.push(num);
  }
  return blocks;
}

/** How record_by_num and edge_by_num name a stream, and the parameter to compare it with. */
export const byNum = `connection || ' ' || stream`;
export const numKey = (connection: string, stream: string): string => `${connection} ${stream}`;
