// How this process writes and reads Temporal's payloads: for every client and worker, so that all of an installation do it alike.
// MUST encode messages and stack traces of failures where there is a key: they would stay readable otherwise.
import type { DataConverter } from '@temporalio/common';
import path from 'node:path';
import { readCodecKeys } from './keys.ts';
import { createPayloadCodec } from './payloadCodec.ts';

/** `keyFile` null: payloads stay plain. @throws CONFIG_INVALID when the file cannot be used. */
export async function dataConverterOf(keyFile: string | null): Promise<DataConverter> {
  if (keyFile === null) return { payloadCodecs: [createPayloadCodec([])] };
  return {
    payloadCodecs: [createPayloadCodec(await readCodecKeys(keyFile))],
    failureConverterPath: encodedFailures,
  };
}

/** The SDK loads it by its path, beside the bundle of the workflows, which brings it along. */
const encodedFailures = path.join(import.meta.dirname, `../../workflows/encodedFailures${path.extname(import.meta.filename)}`);
