// Container registries, for their login servers: only these, and those that a connection names, may have a token.
import type { JsonObject } from '../../model.ts';
import { type Normalised, normalise } from './rows.ts';

/** A registry that is being made has no login server yet. */
export function registries(rows: readonly JsonObject[]): Normalised {
  return normalise(rows, (row, id) => ({ objects: [{ id, loginServer: row['loginServer'] ?? null }] }));
}
