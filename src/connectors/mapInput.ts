// A transform map as a file gives it (`kind: map`): the keys and their bounds. What its paths may name is checked against the data models in mapCheck.ts.
import { z } from 'zod';

const longestPath = 500;
const mostRows = 1_000;
const mostEntries = 10_000;

const path = z.string().min(1, 'must not be empty').max(longestPath, `has at most ${longestPath} characters`);
const lookup = z.strictObject({
  name: z.literal('LOOKUP'),
  table: z
    .record(z.string().max(longestPath), z.json())
    .refine((table) => Object.keys(table).length <= mostEntries, `has at most ${mostEntries} entries`),
  default: z.json(),
});
const constant = z.strictObject({ name: z.literal('CONSTANT'), value: z.json() });

const row = z.strictObject({
  from: path.optional(),
  orFrom: path.optional(),
  type: z.string().optional(),
  of: z.string().max(longestPath).optional(),
  to: path,
  function: z.discriminatedUnion('name', [constant, lookup], { error: 'must be CONSTANT or LOOKUP' }).optional(),
  required: z.boolean().optional(),
  off: z.boolean().optional(),
});

export const mapName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9.-]{0,63}(\/[A-Za-z0-9.-]{1,64})?$/,
    'begins with a letter and has letters, digits, "-" and "." only, at most 64; built-in maps are named CONNECTOR/STREAM',
  );

export const mapInput = z.strictObject({
  kind: z.literal('map'),
  name: mapName,
  connector: z.string(),
  stream: z.string(),
  source: z.string(),
  target: z.string(),
  rows: z.array(row).min(1, 'has no rows').max(mostRows, `has more than ${mostRows} rows`),
});

export type MapInput = z.output<typeof mapInput>;
export type RowInput = MapInput['rows'][number];

/** What "did you mean" chooses from, by the path of the object. */
export const mapKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(mapInput.shape)],
  ['rows.*', Object.keys(row.shape)],
  ['rows.*.function', ['name', 'table', 'default', 'value']],
]);
