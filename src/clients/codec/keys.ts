// The keys of the payload codec: a file of lines `ID:BASE64` that only its owner can read. The first key writes, all of them read.
// MUST NOT put a key into an error.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { TidemarkError } from '../../errors.ts';
import { codeOf } from '../thrown.ts';

export interface CodecKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

const keyBytes = 32;
const maxBytes = 64 * 1024;
const line = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([A-Za-z0-9+/]{43}=)$/;
const form = 'Write a line per key, ID:KEY, where "openssl rand -base64 32" makes a KEY.';

/** At least one key; ids are told apart. @throws CONFIG_INVALID with what mends it. */
export async function readCodecKeys(file: string): Promise<readonly CodecKey[]> {
  const keys = keysIn(await textOf(file), file);
  if (keys.length === 0) throw refused(file, 'holds no key', form);
  const twice = keys.find(({ id }, index) => keys.findIndex((key) => key.id === id) !== index);
  if (twice !== undefined) throw refused(file, `has the id ${twice.id} twice`, 'Give each key an id of its own.');
  return keys;
}

/** Empty lines and those that begin with # say nothing. */
function keysIn(text: string, file: string): CodecKey[] {
  return text.split(/\r?\n/).flatMap((raw, index) => {
    const said = raw.trim();
    if (said === '' || said.startsWith('#')) return [];
    const [, id = '', key = ''] = line.exec(said) ?? [];
    const bytes = Buffer.from(key, 'base64');
    if (bytes.length !== keyBytes) throw refused(file, `has no key of ${keyBytes} bytes with its id in line ${index + 1}`, form);
    return [{ id, bytes }];
  });
}

async function textOf(file: string): Promise<string> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size > maxBytes) throw refused(file, 'is no regular file of at most 64 KB', form);
      if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) throw refused(file, 'can be read by others', `chmod 600 ${file}`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw refused(file, `cannot be read (${codeOf(error) ?? 'UNKNOWN'})`, 'Correct TIDEMARK_CODEC_KEY_FILE, or restore the file.');
  }
}

function refused(file: string, what: string, hint: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `TIDEMARK_CODEC_KEY_FILE: ${file} ${what}.`, { hint });
}
