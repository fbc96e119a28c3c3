// The key of the secrets that Tidemark keeps: 32 random bytes in a file that only its owner can read.
// MUST NOT use a key that others can read, nor put a key into an error.
import { randomBytes } from 'node:crypto';
import { constants, linkSync, mkdirSync, unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { TidemarkError } from '../../errors.ts';
import { codeOf } from '../thrown.ts';
import { keyOf, type SecretKey } from './seal.ts';

const keyBytes = 32;

/** The key, or null when there is no such file. @throws SECRET_UNAVAILABLE when it may not be used as it is, with what mends it. */
export async function readKey(file: string): Promise<SecretKey | null> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw refused(file, 'is no regular file', 'Name the file of the key in TIDEMARK_SECRET_KEY_FILE.');
      if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) throw refused(file, 'can be read by others', `chmod 600 ${file}`);
      const bytes = Buffer.alloc(keyBytes + 1);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      if (bytesRead !== keyBytes) throw refused(file, `does not hold a key of ${keyBytes} bytes`, 'Restore it from its backup.');
      return keyOf(bytes.subarray(0, keyBytes));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    const code = codeOf(error) ?? 'UNKNOWN';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw refused(file, `cannot be read (${code})`, 'Let the user of the worker, and whoever sets secrets, own it.');
  }
}

/** Makes a key where there is none, whole or not at all; of two who do so at once both get the one that stands. */
export async function createKey(file: string): Promise<SecretKey> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.write(randomBytes(keyBytes));
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    linkSync(beside, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(beside);
  }
  const key = await readKey(file);
  if (key === null) throw refused(file, 'went away while it was made', 'Set the secret again.');
  return key;
}

/** The key is not the one that sealed: without it there is no way to the values. */
export function lostKey(
  what: string,
  of: { readonly file: string; readonly wanted: string; readonly present: SecretKey | null },
): TidemarkError {
  const { file, wanted, present } = of;
  const found = present === null ? `there is no key file ${file}` : `the key file ${file} holds another key (${present.id})`;
  return new TidemarkError(
    'SECRET_UNAVAILABLE',
    `${what} sealed by the key ${wanted}, and ${found}. Without that key nothing can be recovered.`,
    {
      hint: `Restore the key ${wanted} from its backup to ${file} (or name its file in TIDEMARK_SECRET_KEY_FILE), or give the values up: "tidemark secret rm NAME --force" for each, then set them again.`,
      details: { wanted, present: present?.id ?? null },
    },
  );
}

function refused(file: string, what: string, hint: string): TidemarkError {
  return new TidemarkError('SECRET_UNAVAILABLE', `The key file ${file} ${what}.`, { hint });
}
