// The functions of a transform map as a file gives them: their keys and bounds, and to and from what the maps hold.
import { z } from 'zod';
import type { MapFunction } from '../mappings/map.ts';

export const longestPath = 500;
const mostEntries = 10_000;
const mostParts = 20;

export const path = z.string().min(1, 'must not be empty').max(longestPath, `has at most ${longestPath} characters`);

const part = z.strictObject({ from: path });
const constant = z.strictObject({ name: z.literal('CONSTANT'), value: z.json() });
const lookup = z.strictObject({
  name: z.literal('LOOKUP'),
  table: z
    .record(z.string().max(longestPath), z.json())
    .refine((table) => Object.keys(table).length <= mostEntries, `has at most ${mostEntries} entries`),
  default: z.json(),
});
const concat = z.strictObject({
  name: z.literal('CONCAT'),
  parts: z
    .array(z.union([z.string().max(longestPath), part], { error: `must be text of at most ${longestPath} characters, or {from: path}` }))
    .max(mostParts, `has at most ${mostParts} parts`),
});
const plain = z.strictObject({ name: z.literal(['LOWER', 'UPPER', 'STRING', 'NUMBER', 'BOOLEAN']) });
const date = z.strictObject({ name: z.literal('DATE'), unit: z.enum(['seconds', 'milliseconds']).optional() });
const regex = z.strictObject({ name: z.literal('REGEX'), pattern: z.string(), result: z.string() });

const all = [constant, lookup, concat, plain, date, regex] as const;
const names = all.flatMap(({ shape }) => [...shape.name.values]).sort();

export const functionInput = z.discriminatedUnion('name', all, {
  error: `must have a name of ${names.join(', ')}; the first of several sources is written as orFrom`,
});
type FunctionInput = z.output<typeof functionInput>;

/** What "did you mean" chooses from. */
export const functionKeys: readonly [string, readonly string[]][] = [
  ['rows.*.function', [...new Set(all.flatMap(({ shape }) => Object.keys(shape)))]],
  ['rows.*.function.parts.*', Object.keys(part.shape)],
];

export function functionOf(input: FunctionInput): MapFunction {
  return input.name === 'LOOKUP' ? { name: 'LOOKUP', table: input.table, otherwise: input.default } : input;
}

export function inputOf(fn: MapFunction): FunctionInput {
  if (fn.name === 'LOOKUP') return { name: 'LOOKUP', table: { ...fn.table }, default: fn.otherwise };
  return fn.name === 'CONCAT' ? { name: 'CONCAT', parts: [...fn.parts] } : fn;
}
