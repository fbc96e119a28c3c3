// Encrypts what workflows are given and answer before it leaves for Temporal: AES-256-GCM, a fresh 96-bit nonce each, the key's id beside it.
// MUST pass on what is plain when decoding: it was written before there was a key, or by Temporal's own command line.
import type { Payload, PayloadCodec } from '@temporalio/common';
import protobuf from 'protobufjs';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import type { CodecKey } from './keys.ts';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const encrypted = 'binary/encrypted';

/** Temporal's message, so that codecs of its other SDKs read what is inside. */
const message = new protobuf.Type('Payload')
  .add(new protobuf.MapField('metadata', 1, 'string', 'bytes'))
  .add(new protobuf.Field('data', 2, 'bytes'));

const bytesSchema = z.instanceof(Uint8Array);
const payloadSchema = z.object({
  metadata: z.record(z.string(), bytesSchema).default({}),
  data: bytesSchema.default(() => new Uint8Array()),
});

/** The first key writes and all of them read; without one, nothing is encrypted and nothing encrypted can be read. */
export function createPayloadCodec(keys: readonly CodecKey[]): PayloadCodec {
  const byId = new Map(keys.map((key) => [key.id, key]));
  const [first] = keys;
  return {
    encode: async (payloads) => (first === undefined ? payloads : payloads.map((payload) => encrypt(payload, first))),
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, byId) : payload)),
  };
}

const textIn = ({ metadata }: Payload, name: string): string => Buffer.from(metadata?.[name] ?? []).toString('utf8');

const isEncrypted = (payload: Payload): boolean => textIn(payload, 'encoding') === encrypted;

function encrypt(payload: Payload, { id, bytes }: CodecKey): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, bytes, nonce, { authTagLength: tagBytes });
  const plain = message.encode(message.fromObject(payload)).finish();
  return {
    metadata: { encoding: Buffer.from(encrypted), 'encryption-key-id': Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function decrypt(payload: Payload, keys: ReadonlyMap<string, CodecKey>): Payload {
  const id = textIn(payload, 'encryption-key-id')
    .replaceAll(/[^A-Za-z0-9._-]/g, '?')
    .slice(0, 64);
  const key = keys.get(id);
  if (key === undefined) throw keyless(id, keys.size > 0);
  const data = payload.data ?? new Uint8Array();
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, data.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAuthTag(data.subarray(-tagBytes));
    const plain = Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    return payloadSchema.parse(message.toObject(message.decode(plain)));
  } catch {
    throw new TidemarkError(
      'SECRET_UNAVAILABLE',
      `A payload that names the key ${id} cannot be decrypted: it was changed, or the key was.`,
      {
        hint: `Restore the key ${id} in TIDEMARK_CODEC_KEY_FILE from its backup. If it is the right one, the payload was changed in Temporal.`,
        details: { key: id },
      },
    );
  }
}

function keyless(id: string, configured: boolean): TidemarkError {
  const lack = configured ? 'TIDEMARK_CODEC_KEY_FILE has no such key' : 'TIDEMARK_CODEC_KEY_FILE is not set';
  return new TidemarkError('SECRET_UNAVAILABLE', `A payload is encrypted with the key ${id}, and ${lack}.`, {
    hint: configured
      ? `Add the key ${id} to the file of TIDEMARK_CODEC_KEY_FILE, below its first line, and start this process again.`
      : `Set TIDEMARK_CODEC_KEY_FILE to the file that has the key ${id}, for workers and verbs alike.`,
    details: { key: id },
  });
}
