// Tokens by the real library against a login service on TLS: caching, refusals and their hints, and where a credential may go.
import { inspect } from 'node:util';
import { createCertificates } from '../../simulator/certificates.ts';
import { aadsts } from '../../src/clients/aadsts.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import { redact, redactError } from '../../src/clients/redact.ts';
import { createTokenProvider, type Credential, type TokenOptions, type TokenProvider } from '../../src/clients/token.ts';
import { rolesOf } from '../../src/clients/tokenClaims.ts';
import type { TidemarkError } from '../../src/errors.ts';
import { clientCertificate } from '../support/clientCertificate.ts';
import { canary, clientId, isTokenRequest, login, refusal, tenantId } from './login.ts';
import { failureOf, json, type SourceServer, startSourceServer } from './sourceServer.ts';

const never = new AbortController().signal;

let server: SourceServer;
let elsewhere: SourceServer;
let http: Http;

beforeAll(async () => {
  const certificates = await createCertificates();
  [server, elsewhere] = await Promise.all([startSourceServer(certificates), startSourceServer(certificates)]);
  http = createHttp({ ca: server.ca, limits: { headersMs: 500, totalMs: 2000 } });
});
afterAll(async () => {
  await http.close();
  await Promise.all([server.close(), elsewhere.close()]);
});

function provider(credential: Credential = { kind: 'secret', secret: canary }, more: Partial<TokenOptions> = {}): TokenProvider {
  return createTokenProvider({
    login: server.origin,
    tenantId,
    clientId,
    credential,
    scope: 'https://graph.example/.default',
    http,
    ...more,
  });
}

function shown(error: TidemarkError): string {
  return JSON.stringify([error.message, error.hint, error.details, error.stack]);
}

function tokenRequests(): number {
  return server.seen.filter(isTokenRequest).length;
}

test('a token is acquired once, shared by those who ask at the same time, and acquired again on refresh', async () => {
  server.answer(login(server.origin));
  const tokens = provider();
  const [first, second] = await Promise.all([tokens.token(never), tokens.token(never)]);
  expect(second).toBe(first);
  expect(await tokens.token(never)).toBe(first);
  expect(tokenRequests()).toBe(1);
  const fresh = await tokens.token(never, { refresh: true });
  expect(fresh).not.toBe(first);
  expect(await tokens.token(never)).toBe(fresh);
  expect(tokenRequests()).toBe(2);
  const sent = new URLSearchParams(server.seen.find(isTokenRequest)?.body);
  expect(Object.fromEntries(sent)).toMatchObject({ grant_type: 'client_credentials', client_id: clientId, client_secret: canary });
  expect(sent.get('scope')).toContain('https://graph.example/.default');
});

test('the application permissions are read from the token', async () => {
  server.answer(login(server.origin));
  expect(rolesOf(await provider().token(never))).toEqual(['User.Read.All', 'GroupMember.Read.All']);
});

test.each([
  [301, 1],
  [299, 2],
])('a token that lives %i s more is acquired %i time(s) for two uses', async (expiresInSeconds, times) => {
  server.answer(login(server.origin, { expiresInSeconds }));
  const tokens = provider();
  await tokens.token(never);
  await tokens.token(never);
  expect(tokenRequests()).toBe(times);
});

test.each(Object.keys(aadsts).map(Number))('AADSTS%i is SOURCE_AUTH_FAILED with its number and its own hint', async (code) => {
  server.answer(login(server.origin, { token: (_, response) => json(response, refusal(code), code === 7_000_215 ? 401 : 400) }));
  const error = await failureOf(provider().token(never));
  expect(error.code).toBe('SOURCE_AUTH_FAILED');
  expect(error.details['aadsts']).toBe(code);
  expect(error.message).toContain(`AADSTS${code}`);
  expect(error.hint).toBe(`${aadsts[code]?.cause} ${aadsts[code]?.fix}`);
  expect(shown(error)).not.toContain('CANARY');
});

test('a tenant that is not known is refused at discovery with its number', async () => {
  server.answer((_, response) => json(response, { ...Object(refusal(90_002)), error: 'invalid_tenant' }, 400));
  const error = await failureOf(provider().token(never));
  expect({ code: error.code, aadsts: error.details['aadsts'] }).toEqual({ code: 'SOURCE_AUTH_FAILED', aadsts: 90_002 });
});

test.each<[string, number, unknown, string, object]>([
  ['a number not in the table', 400, refusal(123_456), 'SOURCE_AUTH_FAILED', { aadsts: 123_456 }],
  ['a refusal without numbers', 400, { error: 'invalid_request' }, 'SOURCE_AUTH_FAILED', { status: 400 }],
  [
    'a number in the description only',
    400,
    { error: 'x', error_description: 'AADSTS7000222: expired' },
    'SOURCE_AUTH_FAILED',
    { aadsts: 7_000_222 },
  ],
  ['AADSTS90024', 400, refusal(90_024), 'SOURCE_UNAVAILABLE', { fault: 'status' }],
  ['AADSTS90033', 503, refusal(90_033), 'SOURCE_UNAVAILABLE', { fault: 'status' }],
  ['AADSTS90055', 400, refusal(90_055), 'SOURCE_UNAVAILABLE', { fault: 'status' }],
  ['AADSTS50033', 400, refusal(50_033), 'SOURCE_UNAVAILABLE', { fault: 'status' }],
  ['a failure without JSON', 502, '<html>', 'SOURCE_UNAVAILABLE', { fault: 'status' }],
  ['a page for people', 404, '<html>', 'SOURCE_AUTH_FAILED', { status: 404 }],
  ['a page for people with status 200', 200, '<html>', 'SOURCE_UNAVAILABLE', { fault: 'cut' }],
  ['too many requests', 429, { error: 'x' }, 'SOURCE_THROTTLED', { status: 429 }],
  ['a token answer without a token', 200, { token_type: 'Bearer', expires_in: 3599 }, 'SOURCE_SHAPE_CHANGED', { status: 200 }],
  ['a redirect', 302, '', 'LINK_REFUSED', { status: 302 }],
])('%s (%i): the credential is posted once and the error says what it was', async (_, status, body, code, details) => {
  server.answer(
    login(server.origin, {
      token: (__, response) => {
        if (typeof body !== 'string') return json(response, body, status, { 'retry-after': '3' });
        return void response.writeHead(status, { 'content-type': 'text/html', location: `${elsewhere.origin}/x` }).end(body);
      },
    }),
  );
  elsewhere.answer((__, response) => json(response, {}));
  const error = await failureOf(provider().token(never));
  expect(error.code).toBe(code);
  expect(error.details).toMatchObject(details);
  expect(shown(error)).not.toContain('CANARY');
  expect(tokenRequests()).toBe(1);
  expect(elsewhere.seen).toEqual([]);
});

test('a reset connection is SOURCE_UNAVAILABLE and is forgotten by the next try', async () => {
  const tokens = provider();
  server.answer(login(server.origin, { token: (_, response) => response.socket?.destroy() }));
  expect((await failureOf(tokens.token(never))).code).toBe('SOURCE_UNAVAILABLE');
  server.answer(login(server.origin));
  await expect(tokens.token(never)).resolves.toContain('.');
});

test('I16 a credential goes only to the origin it is for: a token endpoint elsewhere gets nothing', async () => {
  server.answer(login(server.origin, { tokenOrigin: elsewhere.origin }));
  elsewhere.answer((_, response) => json(response, { token_type: 'Bearer', expires_in: 3599, access_token: 'stolen' }));
  const error = await failureOf(provider().token(never));
  expect(error.code).toBe('LINK_REFUSED');
  expect(elsewhere.seen).toEqual([]);
});

test('an aborted signal throws its own reason, and the others still get their token', async () => {
  const controller = new AbortController();
  const reason = new Error('cancelled');
  server.answer(
    login(server.origin, {
      token: (_, response) => {
        controller.abort(reason);
        json(response, { token_type: 'Bearer', expires_in: 3599, access_token: 'x.y.z' });
      },
    }),
  );
  const tokens = provider();
  const other = tokens.token(never);
  await expect(tokens.token(controller.signal)).rejects.toBe(reason);
  await expect(other).resolves.toBe('x.y.z');
});

test('I14 no secret in errors: neither what is shown nor what is logged of a cause holds the credential', async () => {
  server.answer(login(server.origin, { token: (_, response) => json(response, refusal(7_000_215), 401) }));
  const error = await failureOf(provider().token(never));
  const logged = JSON.stringify(redactError(error));
  expect(error.cause).toBeDefined();
  for (const text of [shown(error), logged, inspect(error, { depth: 20 })]) expect(text).not.toContain('CANARY');
  for (const form of [
    canary,
    encodeURIComponent(canary),
    new URLSearchParams({ client_secret: canary }).toString(),
    JSON.stringify({ a: canary }),
  ]) {
    expect(redact(`before ${form} after`)).not.toContain('CANARY');
  }
});

describe('a certificate', () => {
  let pem: string;
  let expired: string;
  let foreignKey: string;

  beforeAll(async () => {
    [pem, expired] = await Promise.all([clientCertificate(90), clientCertificate(-1)]);
    foreignKey = pem.slice(0, pem.indexOf('-----BEGIN PRIVATE KEY')) + expired.slice(expired.indexOf('-----BEGIN PRIVATE KEY'));
  });

  test('asks for a token by a signed assertion', async () => {
    server.answer(login(server.origin));
    await provider({ kind: 'certificate', pem }).token(never);
    const sent = new URLSearchParams(server.seen.find(isTokenRequest)?.body);
    expect(sent.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    expect(sent.get('client_assertion')?.split('.')).toHaveLength(3);
    expect(sent.has('client_secret')).toBe(false);
  });

  test.each([
    ['that is no PEM', () => 'CANARY', 'cannot be read'],
    ['without its private key', () => pem.slice(0, pem.indexOf('-----BEGIN PRIVATE KEY')), 'cannot be read'],
    ['with another key', () => foreignKey, 'does not belong'],
    ['that has expired', () => expired, 'expired on'],
  ])('%s is CONFIG_INVALID before anything is sent', async (_, text, what) => {
    server.answer(login(server.origin));
    const error = await failureOf(provider({ kind: 'certificate', pem: text() }).token(never));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(what);
    expect(error.message).not.toContain('CANARY');
    expect(server.seen).toEqual([]);
  });
});

test('a login without TLS is refused', async () => {
  const error = await failureOf(provider(undefined, { login: 'http://127.0.0.1:1' }).token(never));
  expect(error.code).toBe('CONFIG_INVALID');
});
