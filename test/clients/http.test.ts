// What the http client does with every kind of bad answer, on a real TLS server.
import { createHash } from 'node:crypto';
import { createServer as createProxy } from 'node:http';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { createCertificates } from '../../simulator/certificates.ts';
import { createHttp, defaultLimits, type Http, type HttpAnswer, parseJson } from '../../src/clients/http.ts';
import { failureOf, json, portOf, seededRandom, type SourceServer, startSourceServer } from './sourceServer.ts';

const limits = { connectMs: 2000, headersMs: 400, idleMs: 400, totalMs: 1500, maxBytes: 100_000 };
const never = new AbortController().signal;

let server: SourceServer;
let http: Http;

beforeAll(async () => {
  server = await startSourceServer();
  http = createHttp({ ca: server.ca, limits });
});
afterAll(async () => {
  await http.close();
  await server.close();
});

function get(path = '/v1.0/users?$skiptoken=CANARY-skip', more: { signal?: AbortSignal; alive?: () => void } = {}): Promise<HttpAnswer> {
  return http.send({ method: 'GET', url: new URL(`${server.origin}${path}`), headers: {}, signal: never, ...more });
}

/** The page as the client above it reads it: answered and parsed. */
async function getJson(): Promise<unknown> {
  return parseJson('GET', new URL(`${server.origin}/v1.0/users?$skiptoken=CANARY-skip`), await get());
}

const page = JSON.stringify({ value: Array.from({ length: 50 }, (_, index) => ({ id: `user-${index}`, displayName: 'ü€😀' })) });

test.each([
  ['identity', (text: string) => Buffer.from(text), {}],
  ['gzip', (text: string) => gzipSync(text), { 'content-encoding': 'gzip' }],
  ['deflate', (text: string) => deflateSync(text), { 'content-encoding': 'deflate' }],
  ['br', (text: string) => brotliCompressSync(text), { 'content-encoding': 'BR' }],
])('reads a body in the encoding %s and counts its bytes on the wire', async (_, encode, headers) => {
  const body = encode(page);
  server.answer((__, response) => response.writeHead(200, headers).end(body));
  const answer = await get();
  expect(answer.text).toBe(page);
  expect(answer.bytes).toBe(body.length);
  expect(server.seen[0]?.headers['accept-encoding']).toBe('gzip, deflate, br');
});

test('the hash asked for is that of the decoded bytes, also of those that are no text', async () => {
  const body = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0x00, 0x41]);
  server.answer((__, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body)));
  const url = new URL(server.origin);
  for (const hash of ['sha256', 'sha512'] as const) {
    const answer = await http.send({ method: 'GET', url, headers: {}, signal: never, hash });
    expect(answer.hash).toBe(createHash(hash).update(body).digest('hex'));
  }
  expect((await get()).hash).toBeNull();
});

test('an answer that is to be small is read no further than the request says', async () => {
  server.answer((__, response) => response.writeHead(200).end(Buffer.alloc(2000)));
  const send = (maxBytes: number): Promise<HttpAnswer> =>
    http.send({ method: 'GET', url: new URL(server.origin), headers: {}, signal: never, maxBytes });
  expect((await send(2000)).bytes).toBe(2000);
  expect(await failureOf(send(1999))).toMatchObject({ code: 'SOURCE_SHAPE_CHANGED', details: { maxBytes: 1999 } });
  // The limits stand above it.
  server.answer((__, response) => response.writeHead(200).end(Buffer.alloc(limits.maxBytes + 1)));
  expect(await failureOf(send(limits.maxBytes * 2))).toMatchObject({ details: { maxBytes: limits.maxBytes } });
});

test('a redirect is an answer only where it is asked for, and is never followed', async () => {
  server.answer((__, response) => response.writeHead(307, { location: '/elsewhere' }).end());
  const send = (redirect?: 'answer'): Promise<HttpAnswer> =>
    http.send({ method: 'GET', url: new URL(server.origin), headers: {}, signal: never, ...(redirect === undefined ? {} : { redirect }) });
  expect(await send('answer')).toMatchObject({ status: 307, headers: { location: '/elsewhere' } });
  expect(await failureOf(send())).toMatchObject({ code: 'LINK_REFUSED' });
  expect(server.seen.map(({ url }) => url)).toEqual(['/', '/']);
});

const bomb = gzipSync(Buffer.alloc(50_000_000));
const nothing = Buffer.concat(Array<Buffer>(10_000).fill(gzipSync('')));

test.each<[string, string, string | undefined, (response: ServerResponse) => void]>([
  ['a connection reset before the answer', 'SOURCE_UNAVAILABLE', 'reset', (r) => r.socket?.destroy()],
  ['a connection reset in the headers', 'SOURCE_UNAVAILABLE', 'reset', (r) => void r.socket?.end('HTTP/1.1 200 OK\r\ncontent-ty')],
  ['no HTTP at all', 'SOURCE_UNAVAILABLE', 'reset', (r) => void r.socket?.end('SSH-2.0-OpenSSH\r\n\r\n')],
  [
    'a body shorter than its length',
    'SOURCE_UNAVAILABLE',
    'reset',
    (r) => void r.writeHead(200, { 'content-length': '500' }).write('{"value":[', () => r.destroy()),
  ],
  ['a chunked body that is cut', 'SOURCE_UNAVAILABLE', 'reset', (r) => void r.writeHead(200).write('{"value":[]', () => r.destroy())],
  [
    'a body complete by its length and cut in its JSON',
    'SOURCE_UNAVAILABLE',
    'cut',
    (r) => void r.writeHead(200).end('{"value":[{"id":"1"'),
  ],
  [
    'a cut gzip body',
    'SOURCE_UNAVAILABLE',
    'cut',
    (r) => void r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(page).subarray(0, 60)),
  ],
  ['a gzip body that is none', 'SOURCE_UNAVAILABLE', 'cut', (r) => void r.writeHead(200, { 'content-encoding': 'gzip' }).end(page)],
  [
    'a page for people',
    'SOURCE_UNAVAILABLE',
    'cut',
    (r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Service'),
  ],
  ['an empty body', 'SOURCE_UNAVAILABLE', 'cut', (r) => void r.writeHead(200).end()],
  ['no answer', 'SOURCE_UNAVAILABLE', 'timeout', () => undefined],
  ['a body that stops', 'SOURCE_UNAVAILABLE', 'timeout', (r) => void r.writeHead(200).write('{"value":[')],
  [
    'two layers of encoding',
    'SOURCE_SHAPE_CHANGED',
    undefined,
    (r) => void r.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync(page))),
  ],
  ['an encoding not asked for', 'SOURCE_SHAPE_CHANGED', undefined, (r) => void r.writeHead(200, { 'content-encoding': 'zstd' }).end(page)],
  ['a bomb', 'SOURCE_SHAPE_CHANGED', undefined, (r) => void r.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)],
  [
    'a compressed body without end that unpacks to nothing',
    'SOURCE_SHAPE_CHANGED',
    undefined,
    (r) => void r.writeHead(200, { 'content-encoding': 'gzip' }).end(nothing),
  ],
  ['a body over the cap', 'SOURCE_SHAPE_CHANGED', undefined, (r) => void r.writeHead(200).end(' '.repeat(limits.maxBytes + 1))],
  ['a redirect', 'LINK_REFUSED', undefined, (r) => void r.writeHead(302, { location: `${server.origin}/elsewhere` }).end()],
])('%s is %s', async (_, code, fault, answer) => {
  server.answer((__, response) => answer(response));
  const error = await failureOf(getJson());
  expect({ code: error.code, fault: error.details['fault'] }).toEqual({ code, fault });
  expect(error.message).toContain(`GET ${new URL(server.origin).host}/v1.0/users`);
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
  expect(server.seen).toHaveLength(1);
});

test.each([1, 2, 3])('a body cut at any offset is an error and never a shorter page (seed %i)', async (seed) => {
  const random = seededRandom(seed);
  for (const [body, headers] of [
    [Buffer.from(page), {}],
    [gzipSync(page), { 'content-encoding': 'gzip' }],
    [brotliCompressSync(page), { 'content-encoding': 'br' }],
  ] as const) {
    for (let round = 0; round < 12; round += 1) {
      const offset = Math.floor(random() * body.length);
      const announced = random() < 0.5;
      server.answer((_, response) => {
        response.writeHead(200, announced ? { ...headers, 'content-length': String(body.length) } : headers);
        if (announced) response.write(body.subarray(0, offset), () => response.destroy());
        else response.end(body.subarray(0, offset));
      });
      const error = await failureOf(getJson());
      expect(error.code).toBe('SOURCE_UNAVAILABLE');
    }
  }
});

test('a source that sends a byte at a time is bounded by the total, and each byte is a sign of life', async () => {
  const timers: NodeJS.Timeout[] = [];
  server.answer((_, response) => {
    response.writeHead(200);
    timers.push(setInterval(() => response.write(' '), 50));
  });
  let signs = 0;
  const began = performance.now();
  const error = await failureOf(get('/slow', { alive: () => (signs += 1) }));
  const tookMs = performance.now() - began;
  timers.forEach(clearInterval);
  expect(error.code).toBe('SOURCE_UNAVAILABLE');
  expect(error.details['fault']).toBe('timeout');
  expect(tookMs).toBeGreaterThan(limits.totalMs - 50);
  expect(tookMs).toBeLessThan(limits.totalMs + 2000);
  expect(signs).toBeGreaterThan(5);
});

test('headers without end are refused', async () => {
  server.answer((_, response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\n');
    response.socket?.write(`x-filler: ${'x'.repeat(60_000)}\r\n`.repeat(4));
  });
  expect((await failureOf(get())).code).toBe('SOURCE_UNAVAILABLE');
});

test.each([400, 401, 403, 404, 410, 429, 500, 502, 503, 504])('status %i is an answer, also when its body is cut', async (status) => {
  server.answer(
    (_, response) =>
      void response.writeHead(status, { 'retry-after': '7', 'content-length': '900' }).write('{"err', () => response.destroy()),
  );
  await expect(get()).resolves.toMatchObject({ status, text: '', headers: { 'retry-after': '7' } });
});

test('bodies of errors are drained: a hundred of them need no new connections', async () => {
  server.answer((_, response) => json(response, { error: { code: 'x', message: 'y'.repeat(10_000) } }, 429));
  for (let index = 0; index < 100; index += 1) await get();
  expect(server.seen).toHaveLength(100);
  expect(server.connections()).toBeLessThan(5);
});

test('an abort ends the request with the reason of the signal, before and in the middle', async () => {
  const reason = new Error('paused');
  await expect(get('/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  server.answer((_, response) => response.writeHead(200).write('{', () => controller.abort(reason)));
  await expect(get('/', { signal: controller.signal })).rejects.toBe(reason);
});

test('JSON ten thousand levels deep is read', async () => {
  const depth = 10_000;
  server.answer((_, response) => response.writeHead(200).end('['.repeat(depth) + ']'.repeat(depth)));
  let at = await getJson();
  let levels = 0;
  for (; Array.isArray(at); at = at[0]) levels += 1;
  expect(levels).toBe(depth);
});

test('a certificate of an unknown authority is a matter of configuration', async () => {
  const stranger = createHttp({ ca: (await createCertificates()).caPem, limits });
  try {
    const error = await failureOf(stranger.send({ method: 'GET', url: new URL(server.origin), headers: {}, signal: never }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.hint).toContain('endpoints.caFile');
  } finally {
    await stranger.close();
  }
});

test.each([
  ['http://graph.example/v1.0', 'CONFIG_INVALID', undefined],
  ['http://127.0.0.1.example/', 'CONFIG_INVALID', undefined],
  ['https://user:pass@localhost/', 'CONFIG_INVALID', undefined],
  ['ftp://localhost/', 'CONFIG_INVALID', undefined],
  ['http://127.0.0.1:1/', 'SOURCE_UNAVAILABLE', 'refused'],
  ['https://[::1]:1/', 'SOURCE_UNAVAILABLE', 'refused'],
  ['https://no-such-host.invalid/', 'SOURCE_UNAVAILABLE', 'name'],
])('%s ends as %s', async (url, code, fault) => {
  const error = await failureOf(http.send({ method: 'GET', url: new URL(url), headers: {}, signal: never }));
  expect({ code: error.code, fault: error.details['fault'] }).toEqual({ code, fault });
  expect(error.message).not.toContain('pass');
});

test('a configured proxy carries what is not excepted, loopback never, and cannot stand in for the source', async () => {
  const asked: string[] = [];
  const proxy = createProxy();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const proxied = createHttp({
    ca: server.ca,
    limits,
    proxy: { url: `http://user:CANARY-proxy@127.0.0.1:${portOf(proxy)}`, except: 'direct.invalid' },
  });
  try {
    const ask = (url: string): Promise<HttpAnswer> => proxied.send({ method: 'GET', url: new URL(url), headers: {}, signal: never });
    const refused = await failureOf(ask('https://graph.invalid/v1.0/users'));
    expect(refused.details['fault']).toBe('proxy');
    expect(JSON.stringify([refused.message, refused.hint, refused.details])).not.toContain('CANARY');
    expect((await failureOf(ask('https://direct.invalid/'))).details['fault']).toBe('name');
    server.answer((_, response) => json(response, {}));
    expect((await ask(`${server.origin}/v1.0/users`)).status).toBe(200);
    expect(asked).toEqual(['graph.invalid:443']);
  } finally {
    await proxied.close();
    await new Promise((resolve) => proxy.close(resolve));
  }
});

test('the limits it ships with stay under the time after which a pull counts as stalled', () => {
  expect(defaultLimits).toEqual({ connectMs: 10_000, headersMs: 60_000, idleMs: 30_000, totalMs: 180_000, maxBytes: 67_108_864 });
});

test('the certificates of one authority are kept once, however many connections trust it', async () => {
  const before = process.memoryUsage.rss();
  const many = Array.from({ length: 200 }, () => createHttp({ ca: server.ca, limits }));
  // Kept for each of them they would take about 250 MB.
  expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
  await Promise.all(many.map((one) => one.close()));
});
