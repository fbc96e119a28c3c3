// From the rows of a page to objects, row by row: a row that cannot be read is set aside with its reason, and the rest of the page goes on.
import type { Json, JsonObject } from '../../model.ts';
import { at, text } from './fields.ts';

interface Reject {
  readonly id: string;
  /** Names the place, never a value. */
  readonly reason: string;
}

export interface Normalised {
  readonly objects: JsonObject[];
  readonly rejects: Reject[];
}

/** What a row becomes; a row may give objects and still have a part set aside. */
export interface FromRow {
  readonly objects: readonly JsonObject[];
  readonly reason?: string;
}

export const refused = (reason: string): FromRow => ({ objects: [], reason });

/**
 * A row as its table has it: a query names columns `properties_NAME` where it needs only a part of what may be megabytes.
 * Rows that come whole stay as they are.
 */
function whole(row: JsonObject): JsonObject {
  const columns: JsonObject = {};
  const parts: JsonObject = {};
  for (const name of Object.keys(row)) {
    const [to, as] = name.startsWith(part) ? [parts, name.slice(part.length)] : [columns, name];
    // Writing it would reach a prototype.
    if (as !== '__proto__') to[as] = row[name] ?? null;
  }
  return Object.keys(parts).length === 0 ? row : { ...columns, properties: parts };
}

const part = 'properties_';

/** ARM ids differ in case between the tables of Resource Graph; compared and kept they are in lower case. */
export function normalise(rows: readonly JsonObject[], read: (row: JsonObject, id: string) => FromRow): Normalised {
  const found: Normalised = { objects: [], rejects: [] };
  for (const row of rows) {
    const id = text(at(row, 'id'))?.toLowerCase();
    const { objects, reason } = id === undefined ? refused('id is missing') : read(whole(row), id);
    for (const object of objects) found.objects.push(object);
    if (reason !== undefined) found.rejects.push({ id: id ?? '', reason });
  }
  return found;
}

/** ARM tags as a list by key (decision 49). */
export function externalTags(tags: Json | undefined): Json[] {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return [];
  const keys = Object.keys(tags).sort((a, b) => (a < b ? -1 : 1));
  return keys.map((key) => ({ key, value: tags[key] ?? null }));
}
