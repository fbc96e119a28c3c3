// A tag as a file gives it: `kind: tag`, its name, its query and a criticality (decision 39). What the query may say is checked where queries are compiled.
import { z } from 'zod';

const tagName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u,
    'begins with a letter or digit and has letters, digits, blanks, ".", "_" and "-" only, at most 64',
  );

export const tagInput = z.strictObject({
  kind: z.literal('tag'),
  name: tagName,
  query: z.string().min(1, 'must not be empty').max(10_000, 'has at most 10,000 characters'),
  criticality: z.int('must be a whole number from 1 to 5').min(1, 'must be 1 to 5').max(5, 'must be 1 to 5').optional(),
});

export type TagInput = z.output<typeof tagInput>;

/** The connector's setting: hosts are listed that have all of these tags. */
export const includeTags = z.array(tagName).max(20, 'has at most 20 tags').default([]);
