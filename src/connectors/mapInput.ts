// A transform map as a file gives it (`kind: map`): the keys and their bounds. What its paths may name, and of what type, is checked in mapFile.ts.
import { z } from 'zod';
import { functionInput, functionKeys, longestPath, path } from './functionInput.ts';

const mostRows = 1_000;
const mostSources = 10;
const paths = `must be a path, or a list of 2 to ${mostSources} paths`;

const row = z.strictObject({
  from: path.optional(),
  orFrom: z.union([path, z.array(path).min(2, paths).max(mostSources, paths)], { error: paths }).optional(),
  type: z.string().optional(),
  of: z.string().max(longestPath).optional(),
  to: path,
  function: functionInput.optional(),
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

/** The paths that a row reads, each with its place in the row. */
export function readsOf({ from, orFrom, function: fn }: RowInput): { readonly text: string; readonly at: readonly (string | number)[] }[] {
  const others =
    typeof orFrom === 'string' ? [{ text: orFrom, at: ['orFrom'] }] : orFrom?.map((text, index) => ({ text, at: ['orFrom', index] }));
  const parts = fn?.name === 'CONCAT' ? fn.parts : [];
  return [
    ...(from === undefined ? [] : [{ text: from, at: ['from'] }]),
    ...(others ?? []),
    ...parts.flatMap((part, index) => (typeof part === 'string' ? [] : [{ text: part.from, at: ['function', 'parts', index, 'from'] }])),
  ];
}

/** What "did you mean" chooses from, by the path of the object. */
export const mapKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(mapInput.shape)],
  ['rows.*', Object.keys(row.shape)],
  ...functionKeys,
]);
