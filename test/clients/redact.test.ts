// What a log may hold of a request, a text and a failure (invariant I14).
import { redact, redactError, rememberSecret, requestName } from '../../src/clients/redact.ts';
import { TidemarkError } from '../../src/errors.ts';

test('a request is named by method, host and path, without ids, query and user', () => {
  const url = new URL(
    'https://user:CANARY@graph.example:8443/v1.0/users/6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11/memberOf?$skiptoken=CANARY#CANARY',
  );
  expect(requestName('GET', url)).toBe('GET graph.example:8443/v1.0/users/{id}/memberOf');
});

test.each([
  ['an authorization header', 'authorization: Bearer CANARY.x-y_z~1/2+3=='],
  ['basic credentials', 'proxy-authorization: Basic CANARY='],
  ['a form', 'grant_type=client_credentials&client_secret=CANARY&scope=x'],
  ['an encoded form', 'client_secret%3DCANARY&scope=x'],
  ['a JSON answer', '{"token_type":"Bearer","access_token":"CANARY","expires_in":1}'],
  ['an assertion', 'client_assertion=CANARY'],
  ['a JWT', 'token eyJhbGciOiJub25lIn0.eyJDQU5BUlkiOjF9.CANARY here'],
  ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----'],
  ['a private key cut off', '-----BEGIN PRIVATE KEY-----\nCANARY'],
  ['a resume token of a link', 'https://graph.example/v1.0/users/delta?$deltatoken=CANARY'],
  ['a page token of a link', 'https://graph.example/v1.0/users?$select=id&$skiptoken=CANARY'],
  ['a database address', 'connect to postgresql://tidemark:CANARY@db.example/tidemark'],
])('%s is redacted, and the words around it stay', (_, text) => {
  const clean = redact(`before ${text}\nafter`);
  expect(clean).not.toContain('CANARY');
  expect(clean).toMatch(/^before /);
});

test('plain words stay as they are', () => {
  const text = 'GET graph.example/v1.0/users: the source failed (503 serviceNotAvailable).';
  expect(redact(text)).toBe(text);
});

test('a remembered secret is replaced in every form it travels in', () => {
  const secret = 'odd "value"/with+signs&=% and ünïcode';
  rememberSecret(secret);
  for (const form of [secret, encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString(), JSON.stringify(secret)]) {
    expect(redact(`x ${form} y`)).not.toContain('with');
  }
});

test('a failure is its names, codes and clean messages down the chain of causes, and nothing else', () => {
  const socket = Object.assign(new Error('read ECONNRESET client_secret=CANARY'), {
    code: 'ECONNRESET',
    body: 'CANARY',
    headers: { a: 'CANARY' },
  });
  const error = new TidemarkError('SOURCE_UNAVAILABLE', 'It broke.', { cause: socket, details: { a: 'b' } });
  expect(redactError(error)).toEqual({
    name: 'TidemarkError',
    message: 'It broke.',
    code: 'SOURCE_UNAVAILABLE',
    cause: { name: 'Error', message: 'read ECONNRESET client_secret=[redacted]', code: 'ECONNRESET' },
  });
  expect(redactError('Bearer CANARY')).toEqual({ name: 'string', message: 'Bearer [redacted]' });
});

test('a chain of causes that bites its tail is cut', () => {
  const error = new Error('loop');
  error.cause = error;
  expect(JSON.stringify(redactError(error)).length).toBeLessThan(1000);
});
