// Resource Graph as a source against answers that a test writes by hand: what may be lost, sent too large, or led astray, and what is said of it.
import { createHttp, type Http } from '../../src/clients/http.ts';
import { createResourceGraphSource, type ResourceGraphOptions } from '../../src/clients/resourceGraph/source.ts';
import type { Source, SourcePage } from '../../src/clients/source.ts';
import type { QueryDefinition } from '../../src/connectors/queryDefinition.ts';
import { failureOf, json, type SeenRequest, type SourceServer, startSourceServer } from './sourceServer.ts';
import type { ServerResponse } from 'node:http';

let server: SourceServer;
let http: Http;
beforeAll(async () => {
  server = await startSourceServer();
  http = createHttp({ ca: server.ca });
});
afterAll(async () => {
  await http.close();
  await server.close();
});

const guid = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const options = { signal: new AbortController().signal, longestWaitMs: 20_000 };

const plain: QueryDefinition = {
  table: 'Resources',
  where: ["type =~ 'microsoft.compute/virtualmachines'"],
  project: ['id', 'name'],
  top: 1000,
  joins: [],
  objects: (rows) => ({ objects: rows, rejects: [] }),
};

function source(of: Partial<ResourceGraphOptions> = {}): Source {
  const token = { token: () => Promise.resolve('token') };
  return createResourceGraphSource({
    base: server.origin,
    token,
    http,
    queries: () => ({ vms: plain }),
    scope: { subscriptions: 'all' },
    random: () => 0,
    ...of,
  });
}

interface Asked {
  readonly subscriptions?: readonly string[];
  readonly managementGroups?: readonly string[];
  readonly query: string;
  readonly options: { readonly $top: number; readonly $skipToken?: string; readonly $skip?: number };
}

const askedOf = ({ body }: SeenRequest): Asked => JSON.parse(body) as Asked;
const asked = (): Asked[] => server.seen.filter(({ method }) => method === 'POST').map(askedOf);

/** Answers the list of subscriptions, and queries as `answer` does. */
function cloud(subscriptions: number, answer: (of: Asked, response: ServerResponse) => void): void {
  server.answer((request, response) => {
    if (request.method === 'POST') return answer(askedOf(request), response);
    const value = Array.from({ length: subscriptions }, (_, index) => ({ subscriptionId: guid(index), state: 'Enabled' }));
    json(response, { value });
  });
}

const rows = (from: number, count: number): { id: string }[] => Array.from({ length: count }, (_, at) => ({ id: `/vms/${from + at}` }));
const answerOf = (data: readonly object[], total = data.length, more: object = {}): object => ({
  totalRecords: total,
  count: data.length,
  resultTruncated: 'false',
  data,
  ...more,
});
const refusalOf = (code: string): object => ({
  error: { code: 'BadRequest', message: 'ask for support', details: [{ code, message: 'why' }] },
});

async function readAll(from: Source, path = 'vms'): Promise<SourcePage[]> {
  const pages: SourcePage[] = [];
  for (let link: string | null = from.link({ path, select: [] }); link !== null;) {
    const page: SourcePage = await from.page(link, options);
    pages.push(page);
    link = page.next;
  }
  return pages;
}

test('1,001 subscriptions are two batches, in a stable order, each page of a batch asked of the same', async () => {
  cloud(1001, (of, response) => {
    if (of.subscriptions?.length !== 1000) return json(response, answerOf(rows(3, 1)));
    json(response, of.options.$skipToken === undefined ? answerOf(rows(0, 2), 3, { $skipToken: 'go on' }) : answerOf(rows(1, 2), 3));
  });
  const pages = await readAll(source());
  expect(pages.flatMap(({ objects }) => objects.map(({ id }) => id))).toEqual(['/vms/0', '/vms/1', '/vms/2', '/vms/3']);
  expect(pages.map(({ requests }) => requests)).toEqual([2, 1, 2]);
  const [one, two, three] = asked();
  expect(one?.subscriptions).toEqual(Array.from({ length: 1000 }, (_, index) => guid(index)));
  expect(two).toEqual({ ...one, options: { ...one?.options, $skipToken: 'go on', $skip: 1 } });
  expect(three?.subscriptions).toEqual([guid(1000)]);
  expect(one?.query).toBe("Resources\n| where type =~ 'microsoft.compute/virtualmachines'\n| project id, name\n| order by id asc");
});

test('eleven management groups are two batches', async () => {
  cloud(0, (of, response) => json(response, answerOf(rows(of.managementGroups?.length ?? 0, 1))));
  const managementGroups = Array.from({ length: 11 }, (_, index) => `mg-${String(index).padStart(2, '0')}`);
  await readAll(source({ scope: { managementGroups } }));
  expect(asked().map((of) => [of.managementGroups, of.subscriptions])).toEqual([
    [managementGroups.slice(0, 10), undefined],
    [['mg-10'], undefined],
  ]);
});

test.each(['ResponsePayloadTooLarge', 'UnexpectedQueryExecutionError'])(
  '%s halves the page until it fits, and later pages grow slowly',
  async (code) => {
    cloud(1, (of, response) => {
      if (of.options.$top > 250) return json(response, refusalOf(code), 400);
      const from = of.options.$skip ?? 0;
      const data = rows(from, Math.min(of.options.$top, 300 - from));
      json(response, answerOf(data, 300, from + data.length < 300 ? { $skipToken: String(from + data.length) } : {}));
    });
    const pages = await readAll(source());
    expect(asked().map((of) => of.options.$top)).toEqual([1000, 500, 250, 314, 157]);
    expect(pages.flatMap(({ objects }) => objects)).toEqual(rows(0, 300));
  },
);

test('what is too much for one row is an error that names the query', async () => {
  cloud(1, (_, response) => json(response, refusalOf('UnexpectedQueryExecutionError'), 400));
  const error = await failureOf(readAll(source()));
  expect(error).toMatchObject({ code: 'SOURCE_SHAPE_CHANGED', message: expect.stringContaining('vms'), details: { query: 'vms' } });
});

test.each<[string, object, string, string]>([
  ['a cut answer', answerOf(rows(0, 2), 2, { resultTruncated: 'true' }), 'SOURCE_SHAPE_CHANGED', 'cut off'],
  ['fewer rows than it tells', { ...answerOf(rows(0, 2)), count: 3 }, 'SOURCE_SHAPE_CHANGED', 'tells 3 rows and has 2'],
  ['fewer rows than there are', answerOf(rows(0, 2), 5), 'CURSOR_EXPIRED', '5 rows, but its pages ended at 2'],
  ['more rows than there are', answerOf(rows(0, 2), 1, { $skipToken: 'x' }), 'CURSOR_EXPIRED', '1 rows, but its pages ended at 2'],
  ['a table in place of objects', answerOf([['a']]), 'SOURCE_SHAPE_CHANGED', 'data.0'],
  ['no list', { totalRecords: 0, count: 0, resultTruncated: 'false' }, 'SOURCE_SHAPE_CHANGED', 'data'],
])('%s is an error, never a smaller inventory', async (_, answer, code, words) => {
  cloud(1, (__, response) => json(response, answer));
  const error = await failureOf(readAll(source()));
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
  if (code === 'CURSOR_EXPIRED') expect(error.details['link']).toBe('page');
});

test.each<[string, number, object, string, string]>([
  ['no role on a subscription', 403, { error: { code: 'AuthorizationFailed', message: '' } }, 'SOURCE_FORBIDDEN', 'Reader'],
  ['no readable subscription', 400, refusalOf('NoValidSubscriptionsInQueryRequest'), 'SOURCE_FORBIDDEN', 'Reader'],
  ['too many under a group', 400, refusalOf('TooManySubscriptionsUnderScope'), 'CONFIG_INVALID', 'smaller management groups'],
  ['a wrong query', 400, refusalOf('InvalidQuery'), 'SOURCE_SHAPE_CHANGED', ''],
])('%s is named with what mends it', async (_, status, body, code, hint) => {
  cloud(1, (__, response) => json(response, body, status));
  const error = await failureOf(readAll(source()));
  expect([error.code, error.hint]).toEqual([code, expect.stringContaining(hint)]);
});

test('subscriptions that the source left out are an error', async () => {
  cloud(1, (_, response) => json(response, answerOf([]), 200, { 'x-ms-tenant-subscription-limit-hit': 'true' }));
  expect(await failureOf(readAll(source()))).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('left some out') });
});

test('an application without a role is told the role, and which listed subscriptions it cannot read', async () => {
  cloud(0, (_, response) => json(response, answerOf([])));
  expect(await failureOf(readAll(source()))).toMatchObject({ code: 'SOURCE_FORBIDDEN', hint: expect.stringContaining('Reader') });
  cloud(1, (_, response) => json(response, answerOf([])));
  const error = await failureOf(readAll(source({ scope: { subscriptions: [guid(0), guid(7)] } })));
  expect([error.code, error.details['subscriptions'], asked()]).toEqual(['SOURCE_FORBIDDEN', [guid(7)], []]);
});

test('a token without Retry-After is obeyed by the quota, and a quota that is used up is not asked', async () => {
  let turn = 0;
  cloud(1, (_, response) => {
    turn += 1;
    if (turn === 1)
      return json(response, { error: { code: 'RateLimiting', message: '' } }, 429, { 'x-ms-user-quota-resets-after': '00:00:03' });
    json(response, answerOf(rows(0, 1)), 200, { 'x-ms-user-quota-remaining': '0', 'x-ms-user-quota-resets-after': '01:00:00' });
  });
  const waits: number[] = [];
  const graph = source();
  const alive = (ms?: number): void => void (ms === undefined ? 0 : waits.push(ms));
  const link = graph.link({ path: 'vms', select: [] });
  expect(await graph.page(link, { ...options, alive })).toMatchObject({ throttledMs: waits[0], requests: 3 });
  expect(waits[0]).toBeGreaterThan(2_900);
  const error = await failureOf(graph.page(link, options));
  expect([error.code, (error.retryAfterMs ?? 0) > 3_500_000, turn]).toEqual(['SOURCE_THROTTLED', true, 2]);
}, 15_000);

test.each<[string, (link: string) => string]>([
  ['of another origin', (link) => link.replace(server.origin, 'https://management.example.invalid')],
  ['of another path', (link) => link.replace('/resources?', '/operations?')],
  ['of an unknown query', (link) => link.replace('query=vms', 'query=toString')],
  ['without a position', (link) => link.replace(/#.*/, '')],
  ['with more than a position', (link) => `${link}&more=1`],
  ['with a page too large', (link) => link.replace('top=1000', 'top=1001')],
  ['with a token of no batch', (link) => `${link}&token=a`],
])('a stored link %s is not followed', async (_, change) => {
  cloud(1, (__, response) => json(response, answerOf([])));
  const graph = source();
  const link = graph.link({ path: 'vms', select: [] });
  expect(change(link)).not.toBe(link);
  expect((await failureOf(graph.page(change(link), options))).code).toBe('LINK_REFUSED');
  expect(server.seen).toEqual([]);
});

test('the list of subscriptions goes on after an empty page, and never elsewhere', async () => {
  let elsewhere = false;
  server.answer((request, response) => {
    if (request.method === 'POST') return json(response, answerOf(rows(0, askedOf(request).subscriptions?.length ?? 0)));
    const next = `${elsewhere ? 'https://management.example.invalid' : server.origin}/subscriptions?page=2`;
    json(response, request.url.includes('page=2') ? { value: [{ subscriptionId: guid(1) }] } : { value: [], nextLink: next });
  });
  expect(await readAll(source())).toHaveLength(1);
  elsewhere = true;
  expect((await failureOf(readAll(source()))).code).toBe('LINK_REFUSED');
});

test.each<[string, number[], string[]]>([
  ['nothing changed', [0, 1, 2, 3, 4], ['0,1', '2,3', '4']],
  ['rows came before', [-2, -1, 0, 1, 2, 3, 4], ['0,1', '', '2,3', '4']],
  ['rows went before', [1, 2, 3, 4], ['0,1', '2,3', '4']],
])('where %s after the first page, no row is skipped', async (_, then, pages) => {
  let now = [0, 1, 2, 3, 4];
  cloud(1, (of, response) => {
    const from = of.options.$skip ?? 0;
    const data = now.slice(from, from + of.options.$top).map((id) => ({ id: String(id) }));
    const more = from + data.length < now.length ? { $skipToken: 'x' } : {};
    json(response, answerOf(data, now.length, more));
    now = then;
  });
  const read = await readAll(source({ queries: () => ({ vms: { ...plain, top: 2 } }) }));
  expect(read.map(({ objects }) => objects.map(({ id }) => id).join(','))).toEqual(pages);
});

test('a walk that is limited to types goes on with their query, from its link alone', async () => {
  cloud(1001, (of, response) => {
    if (of.subscriptions?.length !== 1000) return json(response, answerOf(rows(3, 1)));
    json(response, of.options.$skipToken === undefined ? answerOf(rows(0, 2), 3, { $skipToken: 'go on' }) : answerOf(rows(1, 2), 3));
  });
  const from = source({ queries: (types) => ({ vms: { ...plain, where: [`type in~ (${String(types)})`] } }) });
  for (let link: string | null = from.link({ path: 'vms', select: [], types: ['host', 'serverless'] }); link !== null;) {
    link = (await from.page(link, options)).next;
  }
  expect(asked()).toHaveLength(3);
  for (const { query } of asked()) expect(query).toContain('type in~ (host,serverless)');
});

test.each<[string, number[]]>([
  ['the last row of a page itself went', [0, 2, 3, 4]],
  ['as many came before it as went after it', [-1, 0, 1, 2, 3]],
])('where %s, the walk begins again', async (_, then) => {
  let now = [0, 1, 2, 3, 4];
  cloud(1, (of, response) => {
    const from = of.options.$skip ?? 0;
    const data = now.slice(from, from + of.options.$top).map((id) => ({ id: String(id) }));
    json(response, answerOf(data, now.length, from + data.length < now.length ? { $skipToken: 'x' } : {}));
    now = then;
  });
  const error = await failureOf(readAll(source({ queries: () => ({ vms: { ...plain, top: 2 } }) })));
  expect([error.code, error.details['link']]).toEqual(['CURSOR_EXPIRED', 'page']);
});

test('a walk that goes on in another process with other subscriptions begins again', async () => {
  let subscriptions = 2;
  const answer = (_: Asked, response: ServerResponse): void => json(response, answerOf(rows(0, 1), 2, { $skipToken: 'x' }));
  cloud(subscriptions, answer);
  const first = source();
  const { next } = await first.page(first.link({ path: 'vms', select: [] }), options);
  subscriptions = 3;
  cloud(subscriptions, answer);
  const error = await failureOf(source().page(next ?? '', options));
  expect([error.code, error.details['link']]).toEqual(['CURSOR_EXPIRED', 'page']);
});

test('joins ask each id once, many at once, and none that could end its text', async () => {
  const joined: QueryDefinition = {
    ...plain,
    joins: [
      {
        name: 'nics',
        table: 'Resources',
        where: ["type =~ 'microsoft.network/networkinterfaces'"],
        project: ['id'],
        atOnce: 2,
        of: 'rows',
        ids: (row) => (row['nics'] ?? []) as string[],
      },
      { name: 'ips', table: 'Resources', where: [], project: ['id'], atOnce: 2, of: 'nics', ids: (row) => [`${String(row['id'])}/ip`] },
    ],
    objects: (all, { nics = [], ips = [] }) => ({
      objects: [{ id: 'joined', vms: all.length, nics: [...nics], ips: [...ips] }],
      rejects: [],
    }),
  };
  const evil = "/n') | union SecretTable //";
  cloud(1, (of, response) => {
    const found = [...of.query.matchAll(/'(\/[^']*(?:\\'[^']*)*)'[,)]/g)].map(([, id]) => ({ id }));
    json(response, answerOf(of.query.includes('in~') ? found : [{ id: '/vm', nics: ['/N1', '/n1', "/o'brien", '/n3', evil, '/n\n4'] }]));
  });
  const [page] = await readAll(source({ queries: () => ({ vms: joined }) }));
  const object = page?.objects[0];
  expect(object).toMatchObject({ vms: 1 });
  expect(((object?.['nics'] ?? []) as { id: string }[]).map(({ id }) => id).toSorted()).toEqual(['/n1', '/n3', "/o\\'brien"]);
  const texts = asked().map(({ query }) => query);
  expect(texts).toHaveLength(page === undefined ? 0 : page.requests - 1);
  expect(texts.join('\n')).not.toMatch(/union|SecretTable|n\n4/);
  expect(texts).toContain(
    "Resources\n| where type =~ 'microsoft.network/networkinterfaces'\n| where id in~ ('/n1', '/o\\'brien')\n| project id\n| order by id asc",
  );
});

test('what only other sources are asked is a defect, and no permission is claimed', async () => {
  const graph = source();
  expect((await failureOf(graph.gone({ path: 'vms', ids: ['a'] }, options))).code).toBe('INTERNAL');
  expect((await failureOf(graph.hasMembers({ path: 'vms', property: 'members', pairs: [] }, options))).code).toBe('INTERNAL');
  expect(await graph.holds('Reader', options)).toBe(false);
});
