// Faults on demand: each does what it says, on the requests it names, and nothing else.
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { Fault } from '../../simulator/faults.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { codeOf, linksOf, objectsOf, openClient, text } from './client.ts';
import type { Client } from './client.ts';

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator({ users: 300, settings: { quota: null } });
  client = openClient(simulator);
  await client.get('users');
});
afterEach(() => simulator.clearFaults());
afterAll(async () => {
  client.close();
  await simulator.close();
});

function arm(fault: Fault, match = 'users|groups'): void {
  simulator.addFaults([{ match, fault }]);
}

test.each([
  [53003, 400, 'invalid_grant'],
  [65001, 400, 'invalid_grant'],
  [90033, 503, 'temporarily_unavailable'],
  [90038, 400, 'invalid_request'],
  [90094, 400, 'invalid_grant'],
  [900382, 400, 'invalid_request'],
] as const)('the sign-in service refuses with AADSTS%i when asked to', async (code, status, error) => {
  simulator.addFaults([{ phase: 'token', fault: { kind: 'aadsts', code } }]);
  const reply = await client.token();
  expect(reply.status).toBe(status);
  expect(reply.body).toMatchObject({ error, error_codes: [code], error_description: expect.stringMatching(`^AADSTS${code}: `) as string });
});

test.each<[Fault, number, string | undefined, Record<string, string | undefined>]>([
  [{ kind: 'throttle', retryAfter: 7 }, 429, 'TooManyRequests', { 'retry-after': '7' }],
  [{ kind: 'throttle', retryAfter: 1e9 }, 429, 'TooManyRequests', { 'retry-after': '1000000000' }],
  [
    { kind: 'throttle', retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' },
    429,
    'TooManyRequests',
    { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
  ],
  [{ kind: 'throttle' }, 429, 'TooManyRequests', { 'retry-after': undefined }],
  [{ kind: 'status', status: 500 }, 500, 'InternalServerError', {}],
  [{ kind: 'status', status: 502, html: true }, 502, undefined, { 'content-type': 'text/html; charset=utf-8' }],
  [{ kind: 'status', status: 503, retryAfter: 0 }, 503, 'ServiceUnavailable', { 'retry-after': '0' }],
  [{ kind: 'status', status: 504 }, 504, 'GatewayTimeout', {}],
  [{ kind: 'status', status: 200, html: true }, 200, undefined, { 'content-type': 'text/html; charset=utf-8' }],
  [{ kind: 'status', status: 403, code: 'insufficient_claims' }, 403, 'insufficient_claims', {}],
  [{ kind: 'syncStateNotFound' }, 400, 'syncStateNotFound', {}],
  [{ kind: 'resyncRequired' }, 410, 'resyncRequired', {}],
  [{ kind: 'expiredPage' }, 400, 'Directory_ExpiredPageToken', {}],
  [
    { kind: 'gone', origin: 'https://evil.example.invalid' },
    410,
    'syncStateInvalid',
    { location: 'https://evil.example.invalid/v1.0/users/delta?$deltatoken=' },
  ],
  [{ kind: 'redirect', location: 'https://evil.example.invalid/' }, 302, undefined, { location: 'https://evil.example.invalid/' }],
  [
    { kind: 'claimsChallenge' },
    401,
    'InvalidAuthenticationToken',
    { 'www-authenticate': expect.stringContaining('error="insufficient_claims"') as string },
  ],
  [{ kind: 'body', text: '{}' }, 200, undefined, {}],
  [{ kind: 'header', name: 'Retry-After', value: '1209600' }, 200, undefined, { 'retry-after': '1209600' }],
])('%j', async (fault, status, code, headers) => {
  arm(fault);
  const reply = await client.get('users/delta');
  expect([reply.status, codeOf(reply)]).toEqual([status, code]);
  for (const [name, value] of Object.entries(headers)) expect(reply.headers[name]).toEqual(value);
});

test('the Location of a 410 begins a new round', async () => {
  arm({ kind: 'gone' });
  const location = text((await client.get('users/delta')).headers['location']);
  simulator.clearFaults();
  expect((await client.walk(location)).objects).toHaveLength(300);
});

test('a dying token takes all tokens issued so far with it', async () => {
  const reader = openClient(simulator);
  await reader.get('users');
  simulator.addFaults([{ phase: 'list', at: [1], fault: { kind: 'tokenDies' } }]);
  expect((await reader.get('users')).status).toBe(401);
  expect((await reader.get('users')).status).toBe(401);
  reader.close();
  client.close();
  client = openClient(simulator);
  expect((await client.get('users')).status).toBe(200);
});

test.each([
  ['every third', { every: 3 }, [3, 6, 9]],
  ['the second and fifth', { at: [2, 5] }, [2, 5]],
  ['the first two', { times: 2 }, [1, 2]],
  ['one of every second', { every: 2, times: 1 }, [2]],
] as const)('a rule hits %s of the requests it matches', async (_what, when, hits) => {
  simulator.addFaults([{ match: 'GET /v1\\.0/groups\\?', phase: 'list', ...when, fault: { kind: 'status', status: 500 } }]);
  const failed: number[] = [];
  for (let turn = 1; turn <= 9; turn += 1) {
    await client.get('users?$top=1');
    if ((await client.get('groups?$top=1')).status === 500) failed.push(turn);
  }
  expect(failed).toEqual(hits);
});

test.each<[Fault, boolean]>([
  [{ kind: 'reset' }, true],
  [{ kind: 'cut', bytes: 100 }, true],
  [{ kind: 'wrongLength', by: 50 }, true],
  [{ kind: 'endlessHeaders' }, true],
  [{ kind: 'stackedEncoding' }, false],
  [{ kind: 'truncated' }, false],
])('%j breaks the transport', async (fault, rejects) => {
  arm(fault);
  const outcome = await client.get('users').then(
    (reply) => ({ rejected: false, value: reply.value }),
    () => ({ rejected: true, value: [] }),
  );
  expect(outcome).toEqual({ rejected: rejects, value: [] });
  simulator.clearFaults();
  expect((await client.get('users')).status).toBe(200);
});

test('slow bytes arrive one after the other, a stalled body never ends', async () => {
  arm({ kind: 'slow', bytesPerSecond: 20_000 });
  const begun = performance.now();
  expect((await client.get('users?$top=20&$select=id')).value).toHaveLength(20);
  expect(performance.now() - begun).toBeGreaterThan(50);
  simulator.clearFaults();
  arm({ kind: 'stall', bytes: 10 });
  const bearer = text((await client.token()).body['access_token']);
  const port = Number(new URL(simulator.origin).port);
  const received = await new Promise<string>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: simulator.caPem });
    socket.write(`GET /v1.0/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${bearer}\r\n\r\n`);
    let stream = '';
    socket.on('data', (chunk: Buffer) => {
      stream += chunk.toString();
      if (!/\r\n\r\n.{10}/s.test(stream)) return;
      socket.destroy();
      resolve(stream.slice(stream.indexOf('\r\n\r\n') + 4));
    });
  });
  expect(received).toHaveLength(10);
});

test('bodies are compressed when asked for; a bomb is small on the wire and large after', async () => {
  simulator.resetRequests();
  const plain = await client.get('users?$top=200');
  const packed = await client.get('users?$top=200', { 'accept-encoding': 'gzip' });
  expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([undefined, 'gzip']);
  const [first, second] = simulator.requests();
  expect(second?.bytes).toBeLessThan((first?.bytes ?? 0) / 3);
  arm({ kind: 'bomb', bytes: 20_000_000 });
  const bomb = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect({
      port: Number(new URL(simulator.origin).port),
      host: '127.0.0.1',
      servername: 'localhost',
      ca: simulator.caPem,
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.once('error', reject);
    socket.write('GET /v1.0/users HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  });
  const body = bomb.subarray(bomb.indexOf('\r\n\r\n') + 4);
  expect(body.length).toBeLessThan(100_000);
  expect(gunzipSync(body)).toHaveLength(20_000_000);
});

test('a page of 50 MB is valid JSON', async () => {
  arm({ kind: 'padding', bytes: 50_000_000 });
  const reply = await client.get('users?$top=1');
  expect(reply.text).toHaveLength(50_000_000);
  expect(reply.value).toHaveLength(1);
});

test('an empty page and a replayed page go on behind their link', async () => {
  const clean = await client.walk('users/delta');
  simulator.addFaults([
    { match: 'users', at: [1, 4], fault: { kind: 'emptyPage' } },
    { match: 'users', at: [2], fault: { kind: 'replay' } },
  ]);
  const round = await client.walk('users/delta');
  expect(round.pages).toBe(clean.pages + 3);
  expect(new Set(round.objects.map((object) => object['id'])).size).toBe(300);
  expect(round.objects).toHaveLength(500);
});

test('duplicates stand within a page and over pages; objects may be left out', async () => {
  arm({ kind: 'duplicate', count: 2 });
  const doubled = await client.walk('users?$top=100');
  expect(doubled.objects).toHaveLength(300 + 3 * 2 + 2);
  expect(new Set(doubled.objects.map((object) => object['id'])).size).toBe(300);
  simulator.clearFaults();
  arm({ kind: 'omit', count: 5 });
  expect((await client.walk('users?$top=100')).objects).toHaveLength(285);
});

test('split groups hold all their members', async () => {
  const count = (objects: readonly Parameters<typeof linksOf>[0][]): number =>
    objects.reduce((sum, object) => sum + linksOf(object).length, 0);
  const clean = await client.walk('groups/delta');
  arm({ kind: 'splitGroups' });
  const round = await client.walk('groups/delta');
  expect(round.objects.length).toBeGreaterThan(clean.objects.length);
  expect(count(round.objects)).toBe(count(clean.objects));
});

test.each([
  [{ kind: 'foreignLink', how: 'origin', origin: 'https://evil.example.invalid' }, /^https:\/\/evil\.example\.invalid\/v1\.0\//],
  [{ kind: 'foreignLink', how: 'http' }, /^http:\/\/localhost:\d+\/v1\.0\//],
  [{ kind: 'foreignLink', how: 'userinfo' }, /^https:\/\/user:password@localhost:\d+\//],
  [{ kind: 'foreignLink', how: 'lookalike' }, /^https:\/\/localhost\.example\.invalid:\d+\//],
  [{ kind: 'foreignLink', how: 'port' }, /^https:\/\/localhost:1\/v1\.0\//],
  [{ kind: 'foreignLink', how: 'path' }, /^https:\/\/localhost:\d+\/beta\/users/],
  [{ kind: 'selfLink' }, /\/v1\.0\/users\/delta\?\$select=id$/],
] as const)('%j changes the next link', async (fault, link) => {
  arm(fault);
  const { body } = await client.get('users/delta?$select=id');
  expect(body['@odata.nextLink']).toMatch(link);
  expect(body).not.toHaveProperty('@odata.deltaLink');
});

test.each<[Fault, Record<string, boolean>]>([
  [{ kind: 'bothLinks' }, { '@odata.nextLink': true, '@odata.deltaLink': true }],
  [{ kind: 'noLinks' }, { '@odata.nextLink': false, '@odata.deltaLink': false }],
  [{ kind: 'missingValue' }, { value: false }],
])('%j', async (fault, wanted) => {
  arm(fault);
  const { body } = await client.get('users/delta?$deltatoken=latest');
  for (const [name, there] of Object.entries(wanted)) expect([name, name in body]).toEqual([name, there]);
});

test.each([
  ['nul', /before\\u0000after/],
  ['surrogate', /lone \\ud83e surrogate/],
  ['proto', /"__proto__":\{"polluted":true\}/],
  ['deep', /\[{10000}\]{10000}/],
  ['missingId', /"value":\[\{"displayName"/],
  ['hugeNumber', /"displayName":10{400}[,}]/],
  ['notObject', /"value":\["not an object",/],
  ['wrongType', /"id":42/],
  ['longText', /(long ){1000}/],
] as const)('a poisoned record: %s', async (how, sent) => {
  arm({ kind: 'poison', how });
  expect((await client.get('users?$top=2&$select=id,displayName')).text).toMatch(sent);
});

test('one request of a batch can fail alone', async () => {
  simulator.addFaults([{ phase: 'item', at: [2], fault: { kind: 'throttle', retryAfter: 3 } }]);
  const reply = await client.batch(
    [1, 2, 3].map((index) => ({ id: String(index), method: 'GET', url: `/users/${simulator.idOf('user', index)}` })),
  );
  const statuses = objectsOf(reply.body['responses']).toSorted((a, b) => Number(a['id']) - Number(b['id']));
  expect(statuses.map((item) => item['status'])).toEqual([200, 429, 200]);
  expect(statuses[1]?.['headers']).toMatchObject({ 'retry-after': '3' });
});

test('the token endpoint fails on demand too', async () => {
  simulator.addFaults([{ phase: 'token', at: [1], fault: { kind: 'status', status: 400, html: true } }]);
  expect((await client.token()).text).toContain('<html>');
  expect((await client.token()).status).toBe(200);
});

test('requests are written down without secrets', async () => {
  simulator.resetRequests();
  arm({ kind: 'status', status: 503 }, 'groups');
  await client.token();
  await client.get('groups?$top=3', { Prefer: 'x' });
  expect(simulator.requests()).toMatchObject([
    { method: 'POST', phase: 'token', status: 200, faults: [] },
    {
      method: 'GET',
      path: '/v1.0/groups',
      query: '$top=3',
      phase: 'list',
      status: 503,
      faults: ['status'],
      headers: { prefer: 'x', authorization: 'present' },
    },
  ]);
  expect(JSON.stringify(simulator.requests())).not.toMatch(new RegExp(`${simulator.clientSecret}|Bearer`));
});
