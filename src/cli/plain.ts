// Checked values as plain JSON, as the store takes them.
import { z } from 'zod';
import type { JsonObject } from '../model.ts';

const plain = z.record(z.string(), z.json());

/** The same value by its JSON type. MUST hold nothing JSON cannot. */
export function toJson(value: object): JsonObject {
  return plain.parse(value);
}
