// Graph as a source against a cloud that behaves, and against each of its faults: whole collections, and the code of every failure.
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import type { Fault, FaultRule } from '../../simulator/faults.ts';
import { createGraphSource } from '../../src/clients/graph.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import { createTokenProvider } from '../../src/clients/token.ts';
import type { JsonObject } from '../../src/model.ts';
import { failureOf } from './sourceServer.ts';

let simulator: Simulator;
let http: Http;

beforeAll(async () => {
  simulator = await startSimulator({ users: 700, groups: 60, settings: { quota: null } });
  http = createHttp({ ca: simulator.caPem, limits: { headersMs: 600, idleMs: 600, totalMs: 1500, maxBytes: 5_000_000 } });
});
afterAll(async () => {
  await http.close();
  await simulator.close();
});
beforeEach(() => {
  simulator.clearFaults();
  simulator.resetRequests();
});

function source(secret = simulator.clientSecret): Source {
  const { origin, tenantId, clientId } = simulator;
  const credential = { kind: 'secret', secret } as const;
  const token = createTokenProvider({ login: origin, tenantId, clientId, credential, scope: 'https://graph.microsoft.com/.default', http });
  return createGraphSource({ base: `${origin}/v1.0`, token, http, random: () => 0 });
}

function options(longestWaitMs = 20_000): FetchOptions {
  return { signal: new AbortController().signal, longestWaitMs };
}

/** All objects of a collection in order of arrival, and what they cost. */
async function readAll(
  graph: Source,
  first: string,
): Promise<{ objects: JsonObject[]; cursor: string | null; requests: number; pages: number }> {
  const objects: JsonObject[] = [];
  let requests = 0;
  let pages = 0;
  let cursor: string | null = null;
  for (let link: string | null = first; link !== null; pages += 1) {
    const page = await graph.page(link, options());
    objects.push(...page.objects);
    requests += page.requests;
    cursor = page.cursor;
    link = page.next;
  }
  return { objects, cursor, requests, pages };
}

function ids(objects: Iterable<JsonObject>): string[] {
  return [...objects].map(({ id }) => String(id)).toSorted();
}

/** Requests of the directory, without those for tokens. */
function sent(): number {
  return simulator.requests().filter(({ path }) => path.startsWith('/v1.0/')).length;
}

test('whole collections arrive, by list and by chain, in as few requests as there are pages', async () => {
  const graph = source();
  const users = await readAll(graph, graph.link({ path: 'users', select: ['id', 'displayName'], top: 500 }));
  expect(ids(users.objects)).toEqual(ids(simulator.truth('users')));
  expect([users.pages, users.requests, users.cursor]).toEqual([2, 2, null]);
  const groups = await readAll(graph, graph.link({ path: 'groups', select: ['id', 'members'], delta: 'first' }));
  expect([...new Set(ids(groups.objects))]).toEqual(ids(simulator.truth('groups')));
  expect(groups.cursor).toContain('$deltatoken=');
  const roles = await readAll(graph, graph.link({ path: 'roleManagement/directory/roleDefinitions', select: ['id'] }));
  expect(ids(roles.objects)).toEqual(ids(simulator.truth('roleDefinitions')));
  const latest = await graph.page(graph.link({ path: 'users', select: ['id'], delta: 'latest' }), options());
  expect(latest).toMatchObject({ objects: [], next: null, cursor: expect.stringContaining('$deltatoken='), requests: 1 });
  expect(sent()).toBe(users.requests + groups.requests + roles.requests + latest.requests);
});

test('a cursor brings what changed since, and only that', async () => {
  const graph = source();
  const { cursor } = await graph.page(graph.link({ path: 'users', select: ['id', 'jobTitle'], delta: 'latest' }), options());
  const id = simulator.idOf('user', 7);
  simulator.mutate([{ do: 'updateUser', id, set: { jobTitle: 'Nurse' } }]);
  const changed = await readAll(graph, String(cursor));
  expect(changed.objects).toEqual([expect.objectContaining({ id, jobTitle: 'Nurse' })]);
});

test.each<[string, Fault]>([
  ['resets', { kind: 'reset' }],
  ['cut bodies', { kind: 'cut', bytes: 100 }],
  ['truncated JSON', { kind: 'truncated' }],
  ['wrong lengths', { kind: 'wrongLength', by: 50 }],
  ['pages for people', { kind: 'status', status: 502, html: true }],
  ['failures', { kind: 'status', status: 500 }],
  ['pauses of no time', { kind: 'throttle', retryAfter: 0 }],
  ['refusals of the token', { kind: 'status', status: 401, code: 'InvalidAuthenticationToken' }],
  ['empty pages', { kind: 'emptyPage' }],
])('%s on every third request cost requests, each counted, and no object', async (_, fault) => {
  const graph = source();
  await graph.page(graph.link({ path: 'users', select: ['id'], top: 1 }), options());
  simulator.resetRequests();
  simulator.addFaults([{ match: '/v1\\.0/', every: 3, fault }]);
  const users = await readAll(graph, graph.link({ path: 'users', select: ['id'], top: 100 }));
  expect(ids(users.objects)).toEqual(ids(simulator.truth('users')));
  expect(users.requests).toBe(sent());
  expect(users.requests).toBeGreaterThan(7);
});

test.each<[string, string, Fault, object]>([
  ['resets without end', 'SOURCE_UNAVAILABLE', { kind: 'reset' }, { fault: 'reset', requests: 3 }],
  ['headers without end', 'SOURCE_UNAVAILABLE', { kind: 'endlessHeaders' }, {}],
  ['no answer', 'SOURCE_UNAVAILABLE', { kind: 'hang' }, { fault: 'timeout', requests: 1 }],
  ['a body that stops', 'SOURCE_UNAVAILABLE', { kind: 'stall', bytes: 50 }, { fault: 'timeout', requests: 1 }],
  ['a byte now and then', 'SOURCE_UNAVAILABLE', { kind: 'slow', bytesPerSecond: 5 }, { fault: 'timeout', requests: 1 }],
  ['a bomb', 'SOURCE_SHAPE_CHANGED', { kind: 'bomb', bytes: 20_000_000 }, {}],
  ['more than the cap', 'SOURCE_SHAPE_CHANGED', { kind: 'padding', bytes: 6_000_000 }, {}],
  ['two layers of encoding', 'SOURCE_SHAPE_CHANGED', { kind: 'stackedEncoding' }, {}],
  ['JSON of another kind', 'SOURCE_SHAPE_CHANGED', { kind: 'body', text: '[1,2]' }, { path: '' }],
  ['both links', 'SOURCE_SHAPE_CHANGED', { kind: 'bothLinks' }, {}],
  ['no links', 'SOURCE_SHAPE_CHANGED', { kind: 'noLinks' }, {}],
  ['no value', 'SOURCE_SHAPE_CHANGED', { kind: 'missingValue' }, { path: 'value' }],
  ['an object that is none', 'SOURCE_SHAPE_CHANGED', { kind: 'poison', how: 'notObject' }, {}],
  ['a link to itself', 'LINK_REFUSED', { kind: 'selfLink' }, {}],
  ['a redirect', 'LINK_REFUSED', { kind: 'redirect', location: 'https://localhost:1/' }, {}],
  ['a 410 that points elsewhere', 'LINK_REFUSED', { kind: 'gone', origin: 'https://graph.example.invalid' }, {}],
  ['a 410', 'CURSOR_EXPIRED', { kind: 'gone' }, { link: 'cursor' }],
  ['a lost sync state', 'CURSOR_EXPIRED', { kind: 'syncStateNotFound' }, { link: 'cursor' }],
  ['a resync', 'CURSOR_EXPIRED', { kind: 'resyncRequired' }, { link: 'cursor' }],
  ['an expired page', 'CURSOR_EXPIRED', { kind: 'expiredPage' }, { link: 'page' }],
  ['a long pause', 'SOURCE_THROTTLED', { kind: 'throttle', retryAfter: 3600 }, { requests: 1 }],
  ['a refusal', 'SOURCE_FORBIDDEN', { kind: 'status', status: 403, code: 'Authorization_RequestDenied' }, {}],
  ['a token refused again', 'SOURCE_AUTH_FAILED', { kind: 'status', status: 401 }, { requests: 2 }],
])('%s is %s', async (_, code, fault, details) => {
  const graph = source();
  const first = await graph.page(graph.link({ path: 'users', select: ['id'], delta: 'first' }), options());
  simulator.addFaults([{ match: '/v1\\.0/', fault }]);
  const error = await failureOf(graph.page(String(first.next), options()));
  expect(error.code).toBe(code);
  expect(error.details).toMatchObject(details);
  expect(error.message).not.toContain('skiptoken');
});

test.each(['origin', 'http', 'userinfo', 'lookalike', 'port', 'path'] as const)(
  'a next link of another %s is LINK_REFUSED',
  async (how) => {
    const graph = source();
    simulator.addFaults([{ match: '/v1\\.0/', fault: { kind: 'foreignLink', how } }]);
    const error = await failureOf(graph.page(graph.link({ path: 'users', select: ['id'], top: 100 }), options()));
    expect(error.code).toBe('LINK_REFUSED');
    expect(sent()).toBe(1);
  },
);

test('a token that dies in the middle is replaced and the collection arrives', async () => {
  const graph = source();
  simulator.addFaults([{ match: '/v1\\.0/', at: [3], fault: { kind: 'tokenDies' } }]);
  const users = await readAll(graph, graph.link({ path: 'users', select: ['id'], top: 100 }));
  expect(ids(users.objects)).toEqual(ids(simulator.truth('users')));
  expect(users.requests).toBe(sent());
});

test('a collection without delta says so', async () => {
  const graph = source();
  // As external tenants answer: every collection that is simulated has delta.
  simulator.addFaults([{ match: '/v1\\.0/users/delta', fault: { kind: 'status', status: 400, code: 'Request_UnsupportedQuery' } }]);
  const error = await failureOf(graph.page(graph.link({ path: 'users', select: ['id'], delta: 'first' }), options()));
  expect({ code: error.code, delta: error.details['delta'] }).toEqual({ code: 'SOURCE_NOT_FOUND', delta: 'unsupported' });
});

test('a wrong secret is refused with its number before any request of the directory', async () => {
  const graph = source('CANARY-wrong-secret');
  const error = await failureOf(graph.page(graph.link({ path: 'users', select: ['id'] }), options()));
  expect({ code: error.code, aadsts: error.details['aadsts'] }).toEqual({ code: 'SOURCE_AUTH_FAILED', aadsts: 7_000_215 });
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
  expect(sent()).toBe(0);
});

describe('single objects', () => {
  /** Parts of a batch that go wrong once each. */
  const itemFaults: FaultRule[] = [
    { phase: 'item', at: [3], fault: { kind: 'throttle', retryAfter: 1 } },
    { phase: 'item', at: [5], fault: { kind: 'status', status: 500 } },
  ];

  test('gone are exactly the deleted ones, also while parts are throttled and fail', async () => {
    const graph = source();
    const asked = Array.from({ length: 30 }, (_, index) => simulator.idOf('user', 100 + index));
    const deleted = [asked[2], asked[4], asked[29]].map(String);
    simulator.mutate(deleted.map((id, index) => ({ do: 'deleteUser', id, hard: index === 0 })));
    simulator.addFaults(itemFaults);
    const { gone } = await graph.gone({ path: 'users', ids: asked }, options());
    expect([...gone].toSorted()).toEqual(deleted.toSorted());
  });

  test('memberships are what the directory holds', async () => {
    const graph = source();
    const edges = [...simulator.truth('edges')].filter(({ kind, type }) => kind === 'member' && type === '#microsoft.graph.user');
    const present = edges.slice(0, 25).map(({ from, to }) => ({ from: String(from), to: String(to) }));
    const known = new Set(edges.map(({ from, to }) => `${String(from)} ${String(to)}`));
    const absent = present
      .map(({ from }, index) => ({ from, to: simulator.idOf('user', 600 + index) }))
      .filter(({ from, to }) => !known.has(`${from} ${to}`));
    const missing = [{ from: '00000000-0000-4000-8000-000000000000', to: String(present[0]?.to) }];
    simulator.addFaults(itemFaults);
    const result = await graph.hasMembers({ path: 'groups', property: 'members', pairs: [...present, ...absent, ...missing] }, options());
    expect(absent.length).toBeGreaterThan(10);
    expect(result.present).toEqual([...present.map(() => true), ...absent.map(() => false), false]);
  });
});
