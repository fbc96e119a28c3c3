// Temporal's remote codec protocol over HTTP: POST /encode and /decode of payloads as JSON, their bytes in base64.
// MUST listen on loopback only, and answer no page but those of the origins named: whoever it answers reads every payload.
import type { Payload, PayloadCodec } from '@temporalio/common';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { asTidemarkError, TidemarkError } from '../errors.ts';

const host = '127.0.0.1';
const maxBytes = 8 * 1024 * 1024;

export interface CodecServer {
  readonly address: string;
  stop(): Promise<void>;
}

interface Options {
  readonly port: number;
  /** Of the Temporal UIs whose pages may ask. */
  readonly origins: readonly string[];
  readonly codec: PayloadCodec;
}

/** @throws CONFIG_INVALID when the port cannot be listened on. */
export async function startCodecServer({ port, origins, codec }: Options): Promise<CodecServer> {
  // A name that leads to loopback is no way around the check of origins.
  const names = new Set([`${host}:${port}`, `localhost:${port}`]);
  const server = createServer((request, response) => {
    const { origin } = request.headers;
    if (!names.has(request.headers.host ?? '') || (origin !== undefined && !origins.includes(origin))) {
      return answer(response, 403, { message: 'This origin may not ask: start "tidemark codec" with --origin for it.' });
    }
    if (origin !== undefined) allow(response, origin);
    void serve(request, codec).then(
      ({ status, body }) => answer(response, status, body),
      // Its cause may hold what was sent.
      (error: unknown) => answer(response, 400, { message: wordsOf(error) }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new TidemarkError('CONFIG_INVALID', `${host}:${port} cannot be listened on.`, {
          hint: 'Another process may have that port: name another one with --port.',
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    address: `http://${host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly body: object | null;
}

async function serve(request: IncomingMessage, codec: PayloadCodec): Promise<Answer> {
  // A page asks first whether it may.
  if (request.method === 'OPTIONS') return { status: 204, body: null };
  // The UI may have a path of its own before it.
  const way = /\/(encode|decode)$/.exec(new URL(request.url ?? '/', 'http://codec').pathname)?.[1];
  if (way === undefined) return { status: 404, body: { message: 'It serves POST /encode and POST /decode.' } };
  if (request.method !== 'POST') return { status: 405, body: { message: 'It serves POST only.' } };
  const text = await bodyOf(request);
  if (text === null) return { status: 413, body: { message: 'A request may have at most 8 MB.' } };
  const payloads = readPayloads(text);
  const done = await (way === 'encode' ? codec.encode(payloads) : codec.decode(payloads));
  return { status: 200, body: { payloads: done.map(asJson) } };
}

const base64 = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));
const bodySchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.default(() => new Uint8Array()) })),
});

function readPayloads(text: string): Payload[] {
  try {
    return bodySchema.parse(JSON.parse(text)).payloads;
  } catch (cause) {
    throw new TidemarkError('CONFIG_INVALID', 'The request is no JSON of payloads with their bytes in base64.', {
      hint: 'Send {"payloads":[{"metadata":{},"data":""}]}.',
      cause,
    });
  }
}

const base64Of = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');

const asJson = ({ metadata, data }: Payload): object => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64Of(bytes)])),
  data: base64Of(data),
});

/** null when it is too large: then it is read to its end, and not kept, so that the answer arrives. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  if (size > maxBytes) return null;
  return Buffer.concat(chunks).toString('utf8');
}

function allow(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
  response.setHeader('vary', 'origin');
}

function answer(response: ServerResponse, status: number, body: object | null): void {
  response.writeHead(status, body === null ? {} : { 'content-type': 'application/json' });
  response.end(body === null ? undefined : JSON.stringify(body));
}

function wordsOf(error: unknown): string {
  const { message, hint } = asTidemarkError(error);
  return `${message} ${hint}`;
}
