// What a finding's document calls it.
import { isObject } from '../mappings/read.ts';
import type { Json, JsonObject } from '../model.ts';

const path = ['findingGroup', 'findings', '0', 'name'] as const;

/** Where a map gives a name. */
export function findingName(document: JsonObject): string | null {
  let value: Json | undefined = document;
  for (const step of path) value = Array.isArray(value) ? value[Number(step)] : isObject(value) ? value[step] : undefined;
  return typeof value === 'string' ? value : null;
}
