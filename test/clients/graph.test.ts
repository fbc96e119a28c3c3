// Graph as a source: every kind of answer and what it becomes, on a real TLS server with the real http and token clients.
import { createGraphSource } from '../../src/clients/graph.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import { createTokenProvider } from '../../src/clients/token.ts';
import type { TidemarkError } from '../../src/errors.ts';
import { canary, clientId, isTokenRequest, login, tenantId } from './login.ts';
import { failureOf, type Handler, json, type SeenRequest, type SourceServer, startSourceServer } from './sourceServer.ts';

let server: SourceServer;
let elsewhere: SourceServer;
let http: Http;

beforeAll(async () => {
  [server, elsewhere] = await Promise.all([startSourceServer(), startSourceServer()]);
  http = createHttp({ ca: server.ca, limits: { headersMs: 500, idleMs: 500, totalMs: 2000, maxBytes: 200_000 } });
});
afterAll(async () => {
  await http.close();
  await Promise.all([server.close(), elsewhere.close()]);
});

const page = { value: [{ id: '1' }, { id: '2', displayName: null }, { displayName: 'without id' }] };

/** A source whose server answers Graph's requests by `handler`, and tokens as they should be. */
function source(handler: Handler, random = (): number => 0): Source {
  server.answer(login(server.origin, {}, handler));
  elsewhere.answer((_, response) => json(response, page));
  const token = createTokenProvider({
    login: server.origin,
    tenantId,
    clientId,
    credential: { kind: 'secret', secret: canary },
    scope: 'https://graph.example/.default',
    http,
  });
  return createGraphSource({ base: `${server.origin}/v1.0`, token, http, random });
}

function options(more: Partial<FetchOptions> = {}): FetchOptions {
  return { signal: new AbortController().signal, longestWaitMs: 0, ...more };
}

function asked(): SeenRequest[] {
  return server.seen.filter((request) => request.url.startsWith('/v1.0/'));
}

function link(path: string): string {
  return `${server.origin}/v1.0/${path}`;
}

function shown(error: TidemarkError): string {
  return JSON.stringify([error.message, error.hint, error.details]);
}

test('a page is its objects, its next link or its cursor, and what it cost', async () => {
  const next = link('users?$skiptoken=a%2fb');
  const cursor = link("users/delta?$deltatoken='x'");
  const graph = source((request, response) =>
    json(response, request.url.includes('delta') ? { value: [], '@odata.deltaLink': cursor } : { ...page, '@odata.nextLink': next }),
  );
  const first = await graph.page(link('users?$select=id'), options());
  expect(first).toEqual({ objects: page.value, next, cursor: null, requests: 1, bytes: expect.any(Number), throttledMs: 0 });
  expect(first.bytes).toBe(JSON.stringify({ ...page, '@odata.nextLink': next }).length);
  expect(await graph.page(link('users/delta?$select=id'), options())).toMatchObject({
    objects: [],
    next: null,
    cursor: new URL(cursor).href,
  });
  expect(asked().map(({ url }) => url)).toEqual(['/v1.0/users?$select=id', '/v1.0/users/delta?$select=id']);
  expect(asked()[0]?.headers).toMatchObject({ 'x-ms-throttle-priority': 'low', accept: 'application/json' });
  expect(asked()[0]?.headers).not.toHaveProperty('consistencylevel');
});

test('the consistency level goes with each page of an advanced query', async () => {
  const graph = source((_, response) => json(response, page));
  await graph.page(link('users?$count=true&$skiptoken=x'), options());
  await graph.page(link('users?%24search=x'), options());
  expect(asked().map(({ headers }) => headers['consistencylevel'])).toEqual(['eventual', 'eventual']);
});

describe('I16 a credential goes only to the origin it is for', () => {
  const bad: [string, () => string][] = [
    ['another origin', () => `${elsewhere.origin}/v1.0/users`],
    ['http', () => server.origin.replace('https', 'http') + '/v1.0/users'],
    ['a user', () => link('users').replace('https://', 'https://user@')],
    ['a look-alike path', () => `${server.origin}/v1.0.evil/users`],
    ['a path out of the base', () => link('../beta/users')],
    ['a look-alike host', () => link('users').replace('localhost', 'localhost.evil.example')],
  ];

  test.each(bad)('a given link of %s is refused and nothing is sent', async (_, make) => {
    const graph = source((__, response) => json(response, page));
    expect((await failureOf(graph.page(make(), options()))).code).toBe('LINK_REFUSED');
    expect([...server.seen, ...elsewhere.seen]).toEqual([]);
  });

  test.each(bad)('a next link, a delta link and the location of a 410 of %s are refused', async (_, make) => {
    const answers: Handler[] = [
      (__, response) => json(response, { ...page, '@odata.nextLink': make() }),
      (__, response) => json(response, { ...page, '@odata.deltaLink': make() }),
      (__, response) => json(response, {}, 410, { location: make() }),
    ];
    for (const answer of answers) {
      const error = await failureOf(source(answer).page(link('users/delta'), options()));
      expect(error.code).toBe('LINK_REFUSED');
      expect(asked()).toHaveLength(1);
      expect(elsewhere.seen).toEqual([]);
    }
  });

  test('a redirect is refused', async () => {
    const graph = source((_, response) => json(response, {}, 307, { location: `${elsewhere.origin}/v1.0/users` }));
    expect((await failureOf(graph.page(link('users'), options()))).code).toBe('LINK_REFUSED');
    expect(elsewhere.seen).toEqual([]);
  });
});

test.each<[string, string, unknown, string, string | undefined]>([
  [
    'a next link that is its own',
    'users?$skiptoken=1',
    () => ({ ...page, '@odata.nextLink': link('users?$skiptoken=1') }),
    'LINK_REFUSED',
    undefined,
  ],
  [
    'both links',
    'users/delta',
    () => ({ ...page, '@odata.nextLink': link('users/delta?$skiptoken=1'), '@odata.deltaLink': link('users/delta?$deltatoken=1') }),
    'SOURCE_SHAPE_CHANGED',
    '@odata.deltaLink',
  ],
  ['no link on a delta', 'users/delta', () => page, 'SOURCE_SHAPE_CHANGED', '@odata.deltaLink'],
  ['no value', 'users', () => ({ values: [] }), 'SOURCE_SHAPE_CHANGED', 'value'],
  ['a value that is no list', 'users', () => ({ value: { id: '1' } }), 'SOURCE_SHAPE_CHANGED', 'value'],
  ['an object that is none', 'users', () => ({ value: [{ id: '1' }, 'CANARY'] }), 'SOURCE_SHAPE_CHANGED', 'value.1'],
  ['an object that is a list', 'users', () => ({ value: [[]] }), 'SOURCE_SHAPE_CHANGED', 'value.0'],
  ['a link that is no text', 'users', () => ({ value: [], '@odata.nextLink': 5 }), 'SOURCE_SHAPE_CHANGED', '@odata.nextLink'],
  ['JSON that is no object', 'users', () => null, 'SOURCE_SHAPE_CHANGED', ''],
])('a page with %s is refused', async (_, path, body, code, at) => {
  const graph = source((__, response) => json(response, typeof body === 'function' ? body() : body));
  const error = await failureOf(graph.page(link(path), options()));
  expect(error.code).toBe(code);
  expect(error.details['path']).toBe(at);
  expect(shown(error)).not.toContain('CANARY');
  expect(asked()).toHaveLength(1);
});

function refused(code: string, inner?: unknown): unknown {
  return { error: { code, message: 'CANARY value of a record', ...(inner === undefined ? {} : { innerError: inner }) } };
}

test.each<[number, unknown, string, string, object, number]>([
  [400, refused('BadRequest'), 'users', 'SOURCE_SHAPE_CHANGED', { graphCode: 'BadRequest' }, 1],
  [400, refused('syncStateNotFound'), 'users/delta', 'CURSOR_EXPIRED', { link: 'cursor' }, 1],
  [
    400,
    refused('BadRequest', { code: 'x', innererror: { code: 'SyncStateNotFound' } }),
    'users/delta',
    'CURSOR_EXPIRED',
    { link: 'cursor' },
    1,
  ],
  [400, refused('resyncRequired'), 'users/delta', 'CURSOR_EXPIRED', { link: 'cursor' }, 1],
  [400, refused('Directory_ExpiredPageToken'), 'users?$skiptoken=1', 'CURSOR_EXPIRED', { link: 'page' }, 1],
  [400, refused('Request_UnsupportedQuery'), 'users/delta', 'SOURCE_NOT_FOUND', { delta: 'unsupported' }, 1],
  [403, refused('notSupported'), 'users/delta?$deltatoken=latest', 'SOURCE_NOT_FOUND', { delta: 'unsupported' }, 1],
  [400, refused('Request_UnsupportedQuery'), 'users', 'SOURCE_SHAPE_CHANGED', { graphCode: 'Request_UnsupportedQuery' }, 1],
  [
    400,
    refused('Request_UnsupportedQuery'),
    'users/delta?$deltatoken=abc',
    'SOURCE_SHAPE_CHANGED',
    { graphCode: 'Request_UnsupportedQuery' },
    1,
  ],
  [400, refused('CANARY <b>not a code</b>'), 'users', 'SOURCE_SHAPE_CHANGED', { graphCode: null }, 1],
  [403, refused('Authorization_RequestDenied'), 'users', 'SOURCE_FORBIDDEN', { graphCode: 'Authorization_RequestDenied', status: 403 }, 1],
  [404, refused('Request_ResourceNotFound'), 'users/1', 'SOURCE_NOT_FOUND', { status: 404 }, 1],
  [410, {}, 'users/delta?$deltatoken=1', 'CURSOR_EXPIRED', { link: 'cursor' }, 1],
  [429, refused('TooManyRequests'), 'users', 'SOURCE_THROTTLED', { status: 429 }, 1],
  [500, '<html>CANARY</html>', 'users', 'SOURCE_UNAVAILABLE', { status: 500, fault: 'status' }, 3],
  [501, refused('NotImplemented'), 'users', 'SOURCE_SHAPE_CHANGED', { status: 501 }, 1],
  [502, '<html>CANARY</html>', 'users', 'SOURCE_UNAVAILABLE', { status: 502 }, 3],
  [503, refused('serviceNotAvailable'), 'users', 'SOURCE_UNAVAILABLE', { status: 503 }, 3],
  [504, refused('x'), 'users', 'SOURCE_UNAVAILABLE', { status: 504 }, 3],
  [200, '<html>CANARY</html>', 'users', 'SOURCE_UNAVAILABLE', { fault: 'cut' }, 3],
  [418, refused('x'), 'users', 'SOURCE_SHAPE_CHANGED', { status: 418 }, 1],
])('%i with %j on %s is %s', async (status, body, path, code, details, requests) => {
  const graph = source((_, response) =>
    typeof body === 'string'
      ? void response.writeHead(status, { 'content-type': 'text/html' }).end(body)
      : json(response, body, status, { 'request-id': '0f1e-2d3c' }),
  );
  const error = await failureOf(graph.page(link(path), options()));
  expect(error.code).toBe(code);
  expect(error.details).toMatchObject({ ...details, requests, ...(typeof body === 'string' ? {} : { requestId: '0f1e-2d3c' }) });
  expect(shown(error)).not.toContain('CANARY');
  expect(asked()).toHaveLength(requests);
});

test.each([
  ['Authentication_RequestFromNonPremiumTenantOrB2CTenant', 'licence'],
  ['insufficient_claims', 'Conditional Access'],
])('403 %s has a hint of its own', async (code, word) => {
  const graph = source((_, response) => json(response, refused(code), 403));
  const error = await failureOf(graph.page(link('users'), options()));
  expect(error.code).toBe('SOURCE_FORBIDDEN');
  expect(error.hint).toContain(word);
});

describe('a token that is not accepted', () => {
  test('is replaced once, and the page arrives', async () => {
    const refusedTokens = new Set<string>();
    const graph = source((request, response) => {
      const bearer = request.headers.authorization ?? '';
      if (refusedTokens.size === 0) refusedTokens.add(bearer);
      return refusedTokens.has(bearer) ? json(response, refused('InvalidAuthenticationToken'), 401) : json(response, page);
    });
    await expect(graph.page(link('users'), options())).resolves.toMatchObject({ requests: 2 });
    await expect(graph.page(link('users'), options())).resolves.toMatchObject({ requests: 1 });
    expect(server.seen.filter(isTokenRequest)).toHaveLength(2);
  });

  test('nor the new one is SOURCE_AUTH_FAILED', async () => {
    const graph = source((_, response) => json(response, refused('InvalidAuthenticationToken'), 401));
    const error = await failureOf(graph.page(link('users'), options()));
    expect(error.code).toBe('SOURCE_AUTH_FAILED');
    expect(error.details).toMatchObject({ requests: 2, graphCode: 'InvalidAuthenticationToken' });
    expect(server.seen.filter(isTokenRequest)).toHaveLength(2);
  });

  test('by many streams at once is replaced by one new token', async () => {
    let accepted = '';
    const graph = source((request, response) => {
      const bearer = request.headers.authorization ?? '';
      const serial = /^Bearer [^.]+\.([^.]+)/.exec(bearer)?.[1] ?? '';
      accepted = JSON.parse(Buffer.from(serial, 'base64url').toString()).serial > 1 ? bearer : accepted;
      return accepted === bearer ? json(response, page) : json(response, refused('InvalidAuthenticationToken'), 401);
    });
    await Promise.all(Array.from({ length: 8 }, () => graph.page(link('users'), options())));
    expect(server.seen.filter(isTokenRequest)).toHaveLength(2);
  });
});

describe('a source that asks for a pause', () => {
  function throttled(status: number, headers: Record<string, string>, times = Infinity): Handler {
    let count = 0;
    return (_, response) => ((count += 1) <= times ? json(response, refused('TooManyRequests'), status, headers) : json(response, page));
  }

  const sent = 'Wed, 04 Nov 2026 10:00:00 GMT';

  test.each<[string, number, Record<string, string>, number]>([
    ['seconds', 429, { 'retry-after': '7' }, 7000],
    ['fractions', 429, { 'retry-after': '2.5' }, 2500],
    ['a date, counted from the answer own date', 503, { 'retry-after': 'Wed, 04 Nov 2026 10:01:30 GMT', date: sent }, 90_000],
    ['a date in the past', 429, { 'retry-after': 'Wed, 04 Nov 2026 09:00:00 GMT', date: sent }, 250],
    ['0', 429, { 'retry-after': '0' }, 250],
    ['an enormous number', 504, { 'retry-after': '1000000000' }, 30 * 24 * 3_600_000],
    ['nothing', 429, {}, 500],
    ['something else', 429, { 'retry-after': 'soon' }, 500],
  ])('by %s (%i) and longer than may be waited is SOURCE_THROTTLED with the time', async (_, status, headers, waitMs) => {
    const graph = source(throttled(status, headers));
    const error = await failureOf(graph.page(link('users'), options()));
    expect({ code: error.code, retryAfterMs: error.retryAfterMs }).toEqual({ code: 'SOURCE_THROTTLED', retryAfterMs: waitMs });
    expect(asked()).toHaveLength(1);
  });

  test('gets it, announced before, and the page counts it', async () => {
    const waits: number[] = [];
    const graph = source(throttled(429, { 'retry-after': '1' }, 1), () => 0.5);
    const began = performance.now();
    const result = await graph.page(
      link('users'),
      options({ longestWaitMs: 5000, alive: (waitMs) => void (waitMs !== undefined && waits.push(waitMs)) }),
    );
    expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
    expect(result).toMatchObject({ requests: 2, throttledMs: 1050, objects: page.value });
    expect(waits).toEqual([1050]);
  });

  test('again and again is left when the waits together would be too long', async () => {
    const graph = source(throttled(429, {}));
    const error = await failureOf(graph.page(link('users'), options({ longestWaitMs: 600 })));
    expect(error.code).toBe('SOURCE_THROTTLED');
    expect(error.details).toMatchObject({ requests: 2, throttledMs: 500 });
    expect(error.retryAfterMs).toBe(1000);
  });

  test('only by a refusal: a 200 with a Retry-After of two weeks is a page', async () => {
    const graph = source((_, response) => json(response, page, 200, { 'retry-after': '1209600' }));
    await expect(graph.page(link('users'), options())).resolves.toMatchObject({ requests: 1, throttledMs: 0 });
  });

  test('soon is slowed down for: each request is held back, less and less', async () => {
    let share: string | undefined = '1.0';
    const graph = source((_, response) =>
      json(response, page, 200, share === undefined ? {} : { 'x-ms-throttle-limit-percentage': share }),
    );
    const wide = options({ longestWaitMs: 60_000 });
    await expect(graph.page(link('users'), wide)).resolves.toMatchObject({ throttledMs: 0 });
    share = undefined;
    const [first, second] = [await graph.page(link('users'), wide), await graph.page(link('users'), wide)];
    expect(first.throttledMs).toBeGreaterThan(900);
    expect(first.throttledMs).toBeLessThanOrEqual(1000);
    expect(second.throttledMs).toBeLessThan(first.throttledMs);
    expect(second.throttledMs).toBeGreaterThan(500);
  });

  test('is not waited for after an abort', async () => {
    const reason = new Error('cancelled');
    const controller = new AbortController();
    const graph = source(throttled(429, { 'retry-after': '30' }));
    const began = performance.now();
    const waiting = graph.page(link('users'), {
      signal: controller.signal,
      longestWaitMs: 60_000,
      alive: (waitMs) => void (waitMs !== undefined && setImmediate(() => controller.abort(reason))),
    });
    await expect(waiting).rejects.toBe(reason);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

test.each<[string, Handler]>([
  ['resets', (_, response) => response.socket?.destroy()],
  ['bodies cut', (_, response) => void response.writeHead(200, { 'content-length': '500' }).write('{', () => response.destroy())],
  ['failures', (_, response) => json(response, {}, 500)],
])('two %s in a row cost three requests and no error', async (_, fail) => {
  let count = 0;
  const graph = source((request, response) => ((count += 1) <= 2 ? fail(request, response) : json(response, page)));
  await expect(graph.page(link('users'), options())).resolves.toMatchObject({ requests: 3, objects: page.value });
});

test('a timeout is not repeated here: it has cost its wait already', async () => {
  const graph = source(() => undefined);
  const error = await failureOf(graph.page(link('users'), options()));
  expect({ code: error.code, ...error.details }).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fault: 'timeout', requests: 1 });
});

describe('single objects, in batches', () => {
  interface BatchPart {
    readonly id: string;
    readonly method: string;
    readonly url: string;
    readonly headers?: Record<string, string>;
  }
  type PartAnswer = { status: number; headers?: Record<string, string>; body?: unknown } | null;

  function batches(answer: (part: BatchPart, batch: number) => PartAnswer): { graph: Source; sizes: number[]; parts: BatchPart[] } {
    const sizes: number[] = [];
    const parts: BatchPart[] = [];
    const graph = source((request, response) => {
      if (request.method !== 'POST' || request.url !== '/v1.0/$batch') return json(response, {}, 404);
      const { requests } = JSON.parse(request.body) as { requests: BatchPart[] };
      sizes.push(requests.length);
      parts.push(...requests);
      const responses = requests.flatMap((part) => {
        const given = answer(part, sizes.length);
        return given === null ? [] : [{ id: part.id, ...given }];
      });
      return json(response, { responses: responses.toReversed() });
    });
    return { graph, sizes, parts };
  }

  const ids = Array.from({ length: 45 }, (_, index) => `id-${index}`);

  test('gone are those that answer 404, asked twenty at a time by id alone', async () => {
    const { graph, sizes, parts } = batches(({ url }) => (/id-(3|44)\?/.test(url) ? { status: 404 } : { status: 200, body: { id: 'x' } }));
    const result = await graph.gone({ path: 'users', ids }, options());
    expect(result).toEqual({ gone: new Set(['id-3', 'id-44']), requests: 3 });
    expect(sizes).toEqual([20, 20, 5]);
    expect(parts[0]).toMatchObject({ method: 'GET', url: '/users/id-0?$select=id' });
  });

  test('nothing to ask is nothing asked', async () => {
    const { graph, sizes } = batches(() => ({ status: 404 }));
    await expect(graph.gone({ path: 'users', ids: [] }, options())).resolves.toEqual({ gone: new Set(), requests: 0 });
    expect(sizes).toEqual([]);
  });

  test.each<[string, PartAnswer, number]>([
    ['403', { status: 403 }, 1],
    ['400', { status: 400 }, 1],
    ['410', { status: 410 }, 1],
    ['500', { status: 500 }, 3],
    ['no answer', null, 3],
  ])('a part that ends with %s is no proof', async (_, answer, requests) => {
    const { graph } = batches(() => answer);
    await expect(graph.gone({ path: 'users', ids: ['a'] }, options({ longestWaitMs: 10_000 }))).resolves.toEqual({
      gone: new Set(),
      requests,
    });
  });

  test('a throttled part is asked again by itself after its wait', async () => {
    const { graph, sizes } = batches(({ url }, batch) => {
      if (url.includes('id-1?') && batch === 1) return { status: 429, headers: { 'Retry-After': '1' } };
      return { status: url.includes('id-1?') ? 404 : 200 };
    });
    const result = await graph.gone({ path: 'users', ids: ids.slice(0, 5) }, options({ longestWaitMs: 5000 }));
    expect(result).toEqual({ gone: new Set(['id-1']), requests: 2 });
    expect(sizes).toEqual([5, 1]);
  });

  test('a part whose wait is too long is SOURCE_THROTTLED', async () => {
    const { graph } = batches(() => ({ status: 429, headers: { 'Retry-After': '100' } }));
    const error = await failureOf(graph.gone({ path: 'users', ids: ['a'] }, options({ longestWaitMs: 5000 })));
    expect(error.code).toBe('SOURCE_THROTTLED');
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(100_000);
  });

  test('parts that are throttled again and again are left when the waits together would be too long', async () => {
    const { graph, sizes } = batches(() => ({ status: 429, headers: { 'Retry-After': '1' } }));
    const error = await failureOf(graph.gone({ path: 'users', ids: ['a'] }, options({ longestWaitMs: 1500 })));
    expect(error.code).toBe('SOURCE_THROTTLED');
    expect(sizes).toEqual([1, 1]);
  });

  test('memberships: a list with the member is present, an empty one and a missing group are absent', async () => {
    const { graph, parts } = batches(({ url }) => {
      if (url.startsWith('/groups/g3/')) return { status: 404 };
      return { status: 200, body: { value: url.includes('m1') ? [{ id: 'm1' }] : [] } };
    });
    const pairs = [
      { from: 'g1', to: 'm1' },
      { from: 'g1', to: "o'2" },
      { from: 'g3', to: 'm1' },
    ];
    const result = await graph.hasMembers({ path: 'groups', property: 'members', pairs }, options());
    expect(result).toEqual({ present: [true, false, false], requests: 1 });
    expect(parts.map(({ url }) => decodeURIComponent(url))).toEqual([
      "/groups/g1/members?$filter=id eq 'm1'&$count=true&$select=id",
      "/groups/g1/members?$filter=id eq 'o''2'&$count=true&$select=id",
      "/groups/g3/members?$filter=id eq 'm1'&$count=true&$select=id",
    ]);
    expect(parts[0]?.headers).toEqual({ ConsistencyLevel: 'eventual' });
  });

  test.each<[number, unknown, string]>([
    [403, refused('Authorization_RequestDenied'), 'SOURCE_FORBIDDEN'],
    [500, {}, 'SOURCE_UNAVAILABLE'],
    [200, { values: [] }, 'SOURCE_SHAPE_CHANGED'],
  ])('a membership that answers %i with %j is %s', async (status, body, code) => {
    const { graph } = batches(() => ({ status, body }));
    const pairs = [{ from: 'g', to: 'm' }];
    const error = await failureOf(graph.hasMembers({ path: 'groups', property: 'members', pairs }, options({ longestWaitMs: 5000 })));
    expect(error.code).toBe(code);
    expect(shown(error)).not.toContain('CANARY');
  });

  test.each([{ responses: 'x' }, {}, { responses: [{ id: 1, status: 200 }] }])(
    'an answer %j to a batch is SOURCE_SHAPE_CHANGED',
    async (body) => {
      const graph = source((_, response) => json(response, body));
      expect((await failureOf(graph.gone({ path: 'users', ids: ['a'] }, options()))).code).toBe('SOURCE_SHAPE_CHANGED');
    },
  );

  test.each(['..', '.', ''])('an id %j that would leave its collection is refused and nothing is sent', async (id) => {
    const { graph } = batches(() => ({ status: 404 }));
    await expect(graph.gone({ path: 'users', ids: [id] }, options())).rejects.toMatchObject({ code: 'LINK_REFUSED' });
    expect(server.seen).toEqual([]);
  });
});

test('I14 no secret in errors: neither the credential, nor a token, nor a resume token of a link', async () => {
  let bearer = '';
  const graph = source((request, response) => {
    bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
    return json(response, { error: { code: 'x', message: `${canary} ${bearer}` } }, 500);
  });
  const error = await failureOf(graph.page(link('users/delta?$deltatoken=CANARY-token'), options()));
  expect(bearer).not.toBe('');
  for (const text of [shown(error), String(error.stack)]) {
    expect(text).not.toContain('CANARY');
    expect(text).not.toContain(bearer);
  }
});
