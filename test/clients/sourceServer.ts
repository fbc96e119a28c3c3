// A TLS server on loopback whose every answer a test writes by hand: what no well-behaved simulator would send.
import { createServer, type Server } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCertificates, type ServerCertificate } from '../../simulator/certificates.ts';
import { TidemarkError } from '../../src/errors.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Handler = (request: SeenRequest, response: ServerResponse) => void;

export interface SourceServer {
  readonly origin: string;
  readonly ca: string;
  readonly seen: SeenRequest[];
  /** Sets what is answered from now on and forgets what was seen. */
  answer(handler: Handler): void;
  connections(): number;
  close(): Promise<void>;
}

export async function startSourceServer(certificate?: ServerCertificate): Promise<SourceServer> {
  const { caPem, certificatePem, keyPem } = certificate ?? (await createCertificates());
  const seen: SeenRequest[] = [];
  let connections = 0;
  let handler: Handler = (_, response) => response.writeHead(500).end();
  const server: Server = createServer({ cert: certificatePem, key: keyPem }, (message, response) => {
    void readAll(message).then((body) => {
      const request = { method: message.method ?? '', url: message.url ?? '', headers: message.headers, body };
      seen.push(request);
      handler(request, response);
    });
  });
  server.on('secureConnection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `https://localhost:${portOf(server)}`,
    ca: caPem,
    seen,
    answer: (next) => {
      seen.length = 0;
      connections = 0;
      handler = next;
    },
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

async function readAll(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** Answers with JSON. */
export function json(response: ServerResponse, body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The TidemarkError that the promise ends with; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<TidemarkError> {
  const outcome = await promise.then(
    () => 'no error',
    (error: unknown) => error,
  );
  if (outcome instanceof TidemarkError) return outcome;
  throw new Error('expected a TidemarkError', { cause: outcome });
}

/** The same numbers in [0, 1) for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
