// Writes a file for its owner, whole or not at all: beside it first, then in its place.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { TidemarkError } from '../errors.ts';

/** @throws CONFIG_INVALID where it cannot be written. */
export function replaceFile(file: string, text: string): void {
  const beside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = openSync(beside, 'wx', 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    try {
      renameSync(beside, file);
    } catch (error) {
      unlinkSync(beside);
      throw error;
    }
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', `${file} cannot be written.`, {
      hint: 'Name a file in a directory that you may write to.',
      cause: error,
    });
  }
}
