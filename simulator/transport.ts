// Sends answers as bytes, well or, when a fault asks for it, badly. MUST end every timer and socket it holds when the client goes.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { Answer } from './answer.ts';
import type { TransportFault } from './faults.ts';

const compress = promisify(gzip);
const fast = { level: constants.Z_BEST_SPEED };
/** Packing less takes longer than sending it over loopback. */
const smallest = 32 * 1024;
/** Of what ends too early: it has no length, and a client knows what is missing by the packing alone. */
const smallestTruncated = 1024;

/** The headers that come with every answer of the directory API. */
function commonHeaders(request: IncomingMessage, answer: Answer): Record<string, string> {
  const id = randomUUID();
  const asked = request.headers['client-request-id'];
  return {
    'cache-control': 'no-cache',
    'content-type': 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
    'odata-version': '4.0',
    'request-id': id,
    'client-request-id': typeof asked === 'string' ? asked : id,
    'x-ms-ags-diagnostic': JSON.stringify({
      ServerInfo: { DataCenter: 'West Europe', Slice: 'E', Ring: '5', ScaleUnit: '001', RoleInstance: 'AM2PEPF00000001' },
    }),
    ...answer.headers,
  };
}

/** Sends the answer. Resolves to the bytes of body that were handed to the socket. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  faults: readonly TransportFault[],
): Promise<number> {
  const fault = faults[0];
  if (fault?.kind === 'reset') {
    request.socket.destroy();
    return 0;
  }
  if (fault?.kind === 'hang') return 0;
  if (fault?.kind === 'endlessHeaders') return endlessHeaders(request);
  const headers = commonHeaders(request, answer);
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  if (fault?.kind === 'bomb') return bomb(response, answer.status, headers, text, fault.bytes);
  let body: Buffer = Buffer.from(text, 'utf8');
  if (fault?.kind === 'stackedEncoding') {
    body = await compress(await compress(body, fast), fast);
    headers['content-encoding'] = 'gzip, gzip';
  } else if (packs(body, fault) && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    body = await compress(body, fast);
    headers['content-encoding'] = 'gzip';
  }
  return deliver(request, response, answer.status, headers, body, fault);
}

const packs = (body: Buffer, fault: TransportFault | undefined): boolean =>
  body.length >= (fault?.kind === 'truncated' ? smallestTruncated : smallest);

function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: Buffer,
  fault: TransportFault | undefined,
): number {
  const whole = (): number => {
    response.writeHead(status, { ...headers, 'content-length': body.length });
    response.end(body);
    return body.length;
  };
  if (fault === undefined) return whole();
  switch (fault.kind) {
    case 'cut':
    case 'stall': {
      const part = body.subarray(0, Math.min(fault.bytes, body.length - 1));
      response.writeHead(status, { ...headers, 'content-length': body.length });
      response.write(part, () => {
        if (fault.kind === 'cut') request.socket.destroy();
      });
      return part.length;
    }
    case 'truncated': {
      const part = body.subarray(0, Math.floor(body.length / 2));
      response.writeHead(status, { ...headers, 'transfer-encoding': 'chunked' });
      response.end(part);
      return part.length;
    }
    case 'wrongLength':
      response.writeHead(status, { ...headers, 'content-length': Math.max(body.length + fault.by, 0), connection: 'close' });
      response.end(body, () => request.socket.end());
      return body.length;
    case 'slow':
      response.writeHead(status, { ...headers, 'content-length': body.length });
      drip(response, body, fault.bytesPerSecond);
      return body.length;
    // Done before the body was made.
    case 'stackedEncoding':
    case 'reset':
    case 'hang':
    case 'endlessHeaders':
    case 'bomb':
      return whole();
  }
}

function drip(response: ServerResponse, body: Buffer, bytesPerSecond: number): void {
  const turnMs = 50;
  const portion = Math.max(1, Math.round((bytesPerSecond * turnMs) / 1000));
  let at = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + portion));
    at += portion;
    if (at < body.length) return;
    clearInterval(timer);
    response.end();
  }, turnMs);
  response.once('close', () => clearInterval(timer));
}

function endlessHeaders(request: IncomingMessage): number {
  const { socket } = request;
  socket.write('HTTP/1.1 200 OK\r\n');
  const timer = setInterval(() => socket.write(`x-filler: ${'a'.repeat(1000)}\r\n`), 5);
  socket.once('close', () => clearInterval(timer));
  socket.once('error', () => clearInterval(timer));
  return 0;
}

function bomb(response: ServerResponse, status: number, headers: Record<string, string>, text: string, bytes: number): Promise<number> {
  const block = Buffer.alloc(1 << 20, ' ');
  const packed = createGzip({ level: constants.Z_BEST_COMPRESSION });
  response.writeHead(status, { ...headers, 'content-encoding': 'gzip' });
  packed.pipe(response);
  let sent = 0;
  packed.on('data', (chunk: Buffer) => (sent += chunk.length));
  return new Promise((resolve) => {
    const finish = (): void => {
      packed.destroy();
      resolve(sent);
    };
    response.once('close', finish);
    const write = (left: number): void => {
      if (response.destroyed) return;
      if (left <= 0) packed.end();
      else packed.write(left < block.length ? block.subarray(0, left) : block, () => write(left - block.length));
    };
    packed.write(text);
    write(bytes - text.length);
  });
}
