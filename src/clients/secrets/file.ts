// Reads a small regular file: no pipe is waited for, no device read, and never more than its size allows.
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../thrown.ts';
import { unavailable } from './unavailable.ts';

/** Of any secret, wherever it is. */
export const maxBytes = 64 * 1024;

interface Bounds {
  readonly followLinks?: boolean;
  readonly sizeBytes?: number;
}

/**
 * The text, or null when it is no regular file or too large. Unless links are followed, one put in its place is not.
 * @throws what opening throws.
 */
export async function readRegular(file: string, { followLinks = false, sizeBytes = maxBytes }: Bounds = {}): Promise<string | null> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW));
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > sizeBytes) return null;
    const buffer = Buffer.alloc(sizeBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > sizeBytes ? null : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The text of a file that the worker's configuration names, links followed. `refused` makes the error of what is wrong with it: it may not be read, or is none. */
export async function readConfigured(file: string, refused: (what: string, unreadable: boolean) => Error): Promise<string> {
  let text: string | null;
  try {
    text = await readRegular(file, { followLinks: true });
  } catch (error) {
    throw refused(`cannot be read (${codeOf(error) ?? 'UNKNOWN'})`, true);
  }
  if (text === null) throw refused('is no regular file of at most 64 KB', false);
  return text;
}

/** The text of a file under the directory for secrets: `name` is relative to it, or absolute under it. @throws SECRET_UNAVAILABLE of the reference. */
export async function readUnder(
  dir: string | null,
  name: string,
  { reference, sizeBytes = maxBytes }: { readonly reference: string; readonly sizeBytes?: number },
): Promise<string> {
  if (dir === null)
    throw unavailable(
      reference,
      'no directory for secrets is configured',
      'Set TIDEMARK_SECRET_DIR of the worker to the directory that holds it.',
    );
  const outside = 'Put a regular file under the directory that TIDEMARK_SECRET_DIR of the worker names.';
  let root: string;
  let real: string;
  try {
    root = await realpath(dir);
    real = await realpath(path.resolve(dir, name));
  } catch (error) {
    throw unavailable(reference, `it cannot be read (${codeOf(error) ?? 'UNKNOWN'})`, outside);
  }
  if (!real.startsWith(root.endsWith(path.sep) ? root : `${root}${path.sep}`))
    throw unavailable(reference, 'it is outside the directory for secrets', outside);
  let text: string | null;
  try {
    text = await readRegular(real, { sizeBytes });
  } catch (error) {
    throw unavailable(reference, `it cannot be read (${codeOf(error) ?? 'UNKNOWN'})`, 'Let the user of the worker read it.');
  }
  if (text === null) throw unavailable(reference, `it is not a regular file of at most ${sizeBytes} bytes`, outside);
  return text;
}
