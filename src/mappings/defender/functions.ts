// Function apps: the row, with its tags as a list.
import type { JsonObject } from '../../model.ts';
import { externalTags, normalise, type Normalised } from './rows.ts';

export function functions(rows: readonly JsonObject[]): Normalised {
  return normalise(rows, (row, id) => ({
    objects: [{ ...row, id, resourceId: row['id'] ?? null, externalTags: externalTags(row['tags']) }],
  }));
}
