// Reads one answer's body within limits: one encoding layer, a cap on what it unpacks to, every byte a sign of life.
import { createHash } from 'node:crypto';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { TidemarkError } from '../errors.ts';

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** What `accept-encoding` asks for. */
export const acceptedEncodings = 'gzip, deflate, br';

export interface BodyLimits {
  /** On the decoded bytes, and on those of the wire. */
  readonly maxBytes: number;
  readonly alive: () => void;
  /** Of the decoded bytes; null: none is made. */
  readonly hash: HashName | null;
}

export type HashName = 'sha256' | 'sha512';

/**
 * The body as text, its bytes on the wire, and its hash in hex. The stream is read to its end or destroyed, whatever happens.
 * SOURCE_SHAPE_CHANGED when it is larger than the cap or encoded in another way; anything else thrown is the stream's own error.
 */
export async function readBody(
  name: string,
  body: Readable,
  encoding: string | undefined,
  limits: BodyLimits,
): Promise<{ readonly text: string; readonly bytes: number; readonly hash: string | null }> {
  const decoder = decoderFor(name, body, encoding);
  const chunks: Buffer[] = [];
  const hash = limits.hash === null ? null : createHash(limits.hash);
  let wire = 0;
  let decoded = 0;
  const count = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      wire += chunk.length;
      if (wire > limits.maxBytes) throw tooLarge(name, limits.maxBytes);
      limits.alive();
      yield chunk;
    }
  };
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      decoded += chunk.length;
      if (decoded > limits.maxBytes) throw tooLarge(name, limits.maxBytes);
      hash?.update(chunk);
      chunks.push(chunk);
    }
  };
  if (decoder === null) await pipeline(body, count, collect);
  else await pipeline(body, count, decoder, collect);
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), bytes: wire, hash: hash?.digest('hex') ?? null };
}

function decoderFor(name: string, body: Readable, encoding: string | undefined): Transform | null {
  const layer = (encoding ?? 'identity').trim().toLowerCase();
  if (layer === 'identity' || layer === '') return null;
  const create = decoders[layer];
  if (create !== undefined) return create();
  body.on('error', () => undefined).destroy();
  throw new TidemarkError('SOURCE_SHAPE_CHANGED', `${name}: the answer is encoded in a way that was not asked for.`, {
    hint: 'Look for a proxy between Tidemark and the source that encodes answers again.',
  });
}

function tooLarge(name: string, maxBytes: number): TidemarkError {
  return new TidemarkError('SOURCE_SHAPE_CHANGED', `${name}: the answer is larger than ${maxBytes} bytes.`, { details: { maxBytes } });
}
