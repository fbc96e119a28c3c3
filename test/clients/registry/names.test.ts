// Who gets a credential, which names become URLs, where a redirect may lead, and how challenges are read: tables of pure decisions.
import { allowedRegistry } from '../../../src/clients/registry/allowed.ts';
import { parseChallenges, tokenServiceOf } from '../../../src/clients/registry/challenge.ts';
import { createLimiter } from '../../../src/clients/registry/limiter.ts';
import { isInside, storageOf } from '../../../src/clients/registry/storage.ts';
import { digestOf, isHost, isRepository, isTag } from '../../../src/clients/registry/references.ts';
import type { HttpAnswer } from '../../../src/clients/http.ts';
import type { TidemarkError } from '../../../src/errors.ts';

const listed = ['contoso.azurecr.io', 'Fabrikam.azurecr.io', 'gov.azurecr.us', 'cn.azurecr.cn', 'evil.example.com'];
const endpoints = ['localhost:9443', 'registry.contoso.com'];

test.each([
  ['contoso.azurecr.io', 'global', true],
  ['CONTOSO.azurecr.io', 'global', true],
  ['fabrikam.azurecr.io', 'global', true],
  ['localhost:9443', 'global', true],
  ['registry.contoso.com', 'custom', true],
  ['gov.azurecr.us', 'usgov', true],
  ['gov.azurecr.us', 'usgov-dod', true],
  ['cn.azurecr.cn', 'china', true],
  // A registry of Azure that nobody listed: anyone may make one.
  ['attacker.azurecr.io', 'global', false],
  // Of another cloud.
  ['gov.azurecr.us', 'global', false],
  ['contoso.azurecr.io', 'custom', false],
  // Listed, but no registry of Azure.
  ['evil.example.com', 'global', false],
  ['contoso.azurecr.io.evil.com', 'global', false],
  ['evilazurecr.io', 'global', false],
  ['a.contoso.azurecr.io', 'global', false],
  ['contoso.azurecr.io:8443', 'global', false],
  ['localhost:9444', 'global', false],
  ['localhost', 'global', false],
  ['contoso.azurecr.io/../x', 'global', false],
  ['user@contoso.azurecr.io', 'global', false],
  ['contoso.azurecr.io#', 'global', false],
  ['', 'global', false],
] as const)('the credential goes to %s in the cloud %s: %s', (host, cloud, allowed) => {
  expect(allowedRegistry(host, { listed, endpoints, cloud })).toBe(allowed);
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['[::1]', true],
  ['localhost', true],
  ['a.localhost', true],
  ['169.254.169.254', true],
  ['168.63.129.16', true],
  ['10.1.2.3', true],
  ['172.31.0.1', true],
  ['192.168.1.1', true],
  ['100.64.0.1', true],
  ['0.0.0.0', true],
  ['[fd00::1]', true],
  ['[fe80::1]', true],
  ['[::ffff:a9fe:a9fe]', true],
  ['172.32.0.1', false],
  ['20.38.1.1', false],
  ['[2603:1030::1]', false],
  ['store.blob.core.windows.net', false],
])('%s is of this machine or its network: %s', (hostname, inside) => {
  expect(isInside(hostname)).toBe(inside);
  // However it is written: WHATWG makes one form of it.
  expect(isInside(new URL(`https://${hostname}/`).hostname)).toBe(inside);
});

test.each(['2852039166', '0xa9fea9fe', '0251.0376.0251.0376'])('the link-local address written as %s is the same one', (written) => {
  expect(isInside(new URL(`https://${written}/`).hostname)).toBe(true);
});

test.each([
  ['https://registry.contoso.com', 'https://store.blob.core.windows.net/a?sig=s', true],
  ['https://registry.contoso.com', '/elsewhere/a', true],
  ['https://registry.contoso.com', 'https://127.0.0.1/a', false],
  ['https://registry.contoso.com', 'https://localhost:9443/a', false],
  ['https://registry.contoso.com', 'https://[::ffff:10.0.0.1]/a', false],
  ['https://registry.contoso.com', 'http://store.blob.core.windows.net/a', false],
  ['https://registry.contoso.com', undefined, false],
  ['https://localhost:9443', 'https://127.0.0.1/a', true],
  ['http://127.0.0.1:5000', 'http://localhost:5001/a', true],
  ['https://localhost:9443', 'https://10.0.0.1/a', false],
  ['https://localhost:9443', 'https://169.254.169.254/a', false],
])('from %s a blob is fetched at %s: %s', (origin, location, fetched) => {
  const from = new URL('/v2/app/blobs/sha256:0', origin);
  const judge = (): string => storageOf(new URL(origin), from, location).href;
  if (fetched) expect(judge()).toBe(new URL(location ?? '', from).href);
  else expect(judge).toThrow(expect.objectContaining({ code: 'LINK_REFUSED' }) as TidemarkError);
});

test.each([
  [
    isRepository,
    ['app', 'team/app', 'a/b/c', 'a-b_c.d', 'a__b', 'a---b'],
    ['', 'App', '/app', 'app/', 'a//b', '../etc', 'a/../b', 'a?n=1', 'a%2f', 'a b', '-a', 'a'.repeat(256)],
  ],
  [isTag, ['latest', 'v1.0', '_x', 'A-b'], ['', '.x', '-x', 'a/b', 'a?b', '..', 'a'.repeat(129)]],
  [
    (text: string) => digestOf(text) !== null,
    [`sha256:${'a'.repeat(64)}`, `sha512:${'0'.repeat(128)}`],
    ['', 'sha256:', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(65)}`, `md5:${'a'.repeat(32)}`, `sha256:${'a'.repeat(63)}/`],
  ],
  [
    isHost,
    ['a.azurecr.io', 'localhost:9443', '127.0.0.1:5000'],
    ['', 'a b', 'a/b', 'a:b', 'a:99999', 'a@b', '[::1]', '-a.io', 'a..b', `${'a'.repeat(254)}`],
  ],
] as const)('%p takes what is a name and nothing else', (judge, names, others) => {
  expect(names.filter((name) => !judge(name))).toEqual([]);
  expect(others.filter((name) => judge(name))).toEqual([]);
});

const azure = { realm: 'https://r.azurecr.io/oauth2/token', service: 'r.azurecr.io', scope: 'repository:app:pull' };

test.each([
  ['one', 'Bearer realm="https://r.azurecr.io/oauth2/token",service="r.azurecr.io",scope="repository:app:pull"', [['bearer', azure]]],
  [
    'two',
    'Basic realm="Registry, inc.", bearer Realm="x", service=plain',
    [
      ['basic', { realm: 'Registry, inc.' }],
      ['bearer', { realm: 'x', service: 'plain' }],
    ],
  ],
  ['with blanks and escapes', 'Bearer  realm = "a\\"b, Basic realm=\\"c\\"" ', [['bearer', { realm: 'a"b, Basic realm="c"' }]]],
  ['none', '', []],
  ['a parameter of no scheme', 'realm="x"', []],
])('challenges: %s', (_, header, expected) => {
  expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, parameters])).toEqual(expected);
});

test.each([
  ['https://r.azurecr.io/oauth2/token', true],
  ['https://R.azurecr.io:443/other', true],
  ['http://r.azurecr.io/oauth2/token', false],
  ['https://r.azurecr.io:8443/oauth2/token', false],
  ['https://r.azurecr.io.evil.com/oauth2/token', false],
  ['https://user@r.azurecr.io/oauth2/token', false],
  ['https://169.254.169.254/metadata', false],
  ['/oauth2/token', false],
  ['', false],
])('a token server at "%s" is asked: %s', (realm, asked) => {
  const origin = new URL('https://r.azurecr.io');
  const read = (): unknown => tokenServiceOf({ scheme: 'bearer', parameters: { realm, service: 's' } }, origin);
  if (asked) expect(read()).toEqual({ realm: new URL(realm), service: 's' });
  else expect(read).toThrow(expect.objectContaining({ code: 'LINK_REFUSED' }) as TidemarkError);
});

describe('the limiter', () => {
  const answerOf = (status: number): HttpAnswer => ({ status, headers: {}, text: '', bytes: 0, hash: null });
  const signal = new AbortController().signal;

  test('runs no more than its width, in turn', async () => {
    const limiter = createLimiter(2);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const send = (index: number) => async (): Promise<HttpAnswer> => {
      order.push(index);
      most = Math.max(most, (running += 1));
      await Promise.resolve();
      running -= 1;
      return answerOf(200);
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => limiter.run(send(index), signal)));
    expect(most).toBe(2);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test('halves once for refusals of the same moment, and widens by one after ten answers in a row', async () => {
    const limiter = createLimiter(8);
    const send = (status: number): Promise<HttpAnswer> => limiter.run(() => Promise.resolve(answerOf(status)), signal);
    await Promise.all(Array.from({ length: 8 }, () => send(429)));
    expect(limiter.width()).toBe(4);
    await send(429);
    expect(limiter.width()).toBe(2);
    for (let index = 0; index < 10; index += 1) await send(200);
    expect(limiter.width()).toBe(3);
    for (let index = 0; index < 200; index += 1) await send(200);
    expect(limiter.width()).toBe(8);
  });

  test('who gives up waiting takes no place', async () => {
    const limiter = createLimiter(1);
    let release = (): void => undefined;
    const first = limiter.run(() => new Promise((resolve) => (release = () => resolve(answerOf(200)))), signal);
    const leaving = new AbortController();
    const second = limiter.run(() => Promise.resolve(answerOf(200)), leaving.signal);
    leaving.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    release();
    await first;
    await expect(limiter.run(() => Promise.resolve(answerOf(204)), signal)).resolves.toMatchObject({ status: 204 });
  });
});
