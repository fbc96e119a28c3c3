// A local file of a list from outside: its bytes, bounded, unpacked where it is packed. MUST hold no more than its bounds let it.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TidemarkError } from '../../errors.ts';
import { codeOf } from '../thrown.ts';

/** As it lies on the disk, and unpacked. */
const mostBytes = 32 * 1024 * 1024;
const mostUnpacked = 128 * 1024 * 1024;

/** What tells a file from what it was: a list is read anew when it changes. */
export async function stampOf(file: string, fix: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(file);
    return `${mtimeMs} ${size}`;
  } catch (error) {
    throw unusable(file, `cannot be read (${codeOf(error) ?? 'unknown reason'})`, fix, error);
  }
}

export interface ListBytes {
  readonly sha256: string;
  /** Its text in pieces, unpacked. */
  readonly pieces: AsyncIterable<string>;
}

/** @throws CONFIG_INVALID naming the file. */
export async function readListFile(file: string, fix: string): Promise<ListBytes> {
  let bytes: Buffer;
  try {
    if ((await stat(file)).size > mostBytes) throw unusable(file, `has more than ${mostBytes / 1024 / 1024} MiB`, fix);
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw unusable(file, `cannot be read (${codeOf(error) ?? 'unknown reason'})`, fix, error);
  }
  return { sha256: createHash('sha256').update(bytes).digest('hex'), pieces: unpacked(file, bytes, fix) };
}

async function* unpacked(file: string, bytes: Buffer, fix: string): AsyncGenerator<string> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const decoder = new TextDecoder();
  let size = 0;
  try {
    const parts: AsyncIterable<Buffer> = Readable.from([bytes], { objectMode: false }).pipe(isPacked ? createGunzip() : new PassThrough());
    for await (const part of parts) {
      size += part.length;
      if (size > mostUnpacked) throw unusable(file, `has more than ${mostUnpacked / 1024 / 1024} MiB unpacked`, fix);
      yield decoder.decode(part, { stream: true });
    }
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw unusable(file, 'cannot be unpacked', fix, error);
  }
  yield decoder.decode();
}

/** What is wrong with a list, never what stands in it. */
export function unusable(file: string, what: string, fix: string, cause?: unknown): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The list ${file} ${what}.`, { hint: fix, ...(cause === undefined ? {} : { cause }) });
}
