// What a record is after a page: replaced or merged (design 3.5). Pure.
import type { JsonObject } from '../model.ts';
import type { StoredRecord } from '../store/page.ts';
import type { FoldedRecord } from './fold.ts';
import type { Phase } from './plan.ts';

/**
 * The record's body after the page, without nulls.
 * MUST replace what is stored for lists, for the first sight in a chain's full walk, and for a record that was gone; otherwise absent is unchanged and null clears.
 */
export function merge(objects: Phase['objects'], folded: FoldedRecord, stored: StoredRecord): JsonObject {
  const gone = !stored.known || stored.tombstoned || folded.anew;
  const replaces = objects === 'whole' || gone || (objects === 'first' && !stored.seen);
  return withoutNulls(replaces ? folded.properties : { ...stored.body, ...folded.properties });
}

/** The names are those of selected properties. */
function withoutNulls(object: JsonObject): JsonObject {
  const names = Object.keys(object);
  if (names.every((name) => object[name] !== null)) return object;
  const kept: JsonObject = {};
  for (const name of names) {
    const value = object[name];
    if (value !== undefined && value !== null) kept[name] = value;
  }
  return kept;
}
