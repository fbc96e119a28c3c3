// Reads thrown values, which may be anything, also errors of another realm.
import { types } from 'node:util';

export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The `code` that errors of the runtime and of libraries carry: a fixed word, never text from outside. */
export function codeOf(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
