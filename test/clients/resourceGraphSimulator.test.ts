// Resource Graph as a source against an estate that behaves, and against each of its faults: all rows, once, or the code of the failure.
import type { Fault } from '../../simulator/faults.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import { createResourceGraphSource, type ResourceGraphOptions } from '../../src/clients/resourceGraph/source.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import { createTokenProvider } from '../../src/clients/token.ts';
import type { JoinDefinition, QueryDefinition } from '../../src/connectors/queryDefinition.ts';
import type { JsonObject } from '../../src/model.ts';
import { failureOf } from './sourceServer.ts';

let simulator: Simulator;
let http: Http;

beforeAll(async () => {
  simulator = await startSimulator({ users: 5, estate: { vms: 120, subscriptions: 4 } });
  http = createHttp({ ca: simulator.caPem, limits: { headersMs: 2_000, idleMs: 600, totalMs: 4_000 } });
});
afterAll(async () => {
  await http.close();
  await simulator.close();
});
beforeEach(() => {
  simulator.clearFaults();
  simulator.resetRequests();
  simulator.configure({ queryQuota: null, responseBytes: 16 << 20, readableSubscriptions: null });
});

const textsOf = (value: unknown): string[] => [...JSON.stringify(value).matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id ?? '');
const join = (name: string, of: string, type: string, ids: JoinDefinition['ids']): JoinDefinition => ({
  name,
  table: 'Resources',
  where: [`type =~ 'microsoft.network/${type}'`],
  project: ['id', 'properties'],
  atOnce: 20,
  of,
  ids,
});
const at = (row: JsonObject, ...steps: string[]): unknown =>
  steps.reduce<unknown>((value, step) => (value as JsonObject | undefined)?.[step], row);

/** Machines as they are; and all that was joined to their page. */
const virtualMachines: QueryDefinition = {
  table: 'Resources',
  where: ["type =~ 'microsoft.compute/virtualmachines'"],
  project: ['id', 'name', 'properties'],
  top: 50,
  joins: [
    join('nics', 'rows', 'networkinterfaces', (row) => textsOf(at(row, 'properties', 'networkProfile') ?? {})),
    join('ips', 'nics', 'publicipaddresses', (row) => textsOf(at(row, 'properties', 'ipConfigurations') ?? {})),
  ],
  objects: (rows, { nics = [], ips = [] }) => ({ objects: [...rows, ...nics, ...ips], rejects: [] }),
};
const findings: QueryDefinition = {
  table: 'SecurityResources',
  where: ["type =~ 'microsoft.security/assessments'"],
  project: ['id', 'properties'],
  top: 100,
  joins: [],
  objects: (rows) => ({ objects: rows, rejects: rows.slice(0, 1).map(({ id }) => ({ id: String(id), reason: 'the first of each page' })) }),
};
const older: QueryDefinition = { ...findings, where: ["type =~ 'microsoft.security/assessments/subassessments'"] };

function source(of: Partial<ResourceGraphOptions> & { readonly from?: Simulator; readonly scopeOfToken?: string } = {}): Source {
  const { origin, managementOrigin, tenantId, clientId, clientSecret } = of.from ?? simulator;
  const scope = of.scopeOfToken ?? 'https://management.azure.com/.default';
  const token = createTokenProvider({
    login: origin,
    tenantId,
    clientId,
    credential: { kind: 'secret', secret: clientSecret },
    scope,
    http: of.http ?? http,
  });
  return createResourceGraphSource({
    base: managementOrigin,
    token,
    http,
    queries: () => ({ virtualMachines, findings, older }),
    scope: { subscriptions: 'all' },
    random: () => 0,
    ...of,
  });
}

const options = (longestWaitMs = 20_000): FetchOptions => ({ signal: new AbortController().signal, longestWaitMs });

async function readAll(graph: Source, path: string): Promise<{ objects: JsonObject[]; rejects: number; pages: number; requests: number }> {
  const all = { objects: [] as JsonObject[], rejects: 0, pages: 0, requests: 0 };
  for (let link: string | null = graph.link({ path, select: [] }); link !== null; all.pages += 1) {
    const page = await graph.page(link, options());
    all.objects.push(...page.objects);
    all.rejects += page.rejects?.length ?? 0;
    all.requests += page.requests;
    link = page.next;
  }
  return all;
}

const ids = (objects: Iterable<JsonObject>): string[] => [...objects].map(({ id }) => String(id)).toSorted();
const queries = (): number => simulator.requests().filter(({ phase }) => phase === 'query' || phase === 'subscriptions').length;

test('machines arrive with their interfaces and addresses, whatever the case of ids, each once', async () => {
  const { objects, pages, requests } = await readAll(source(), 'virtualMachines');
  const truth = (['virtualMachines', 'networkInterfaces', 'publicIpAddresses'] as const).flatMap((name) => ids(simulator.truth(name)));
  expect(ids(objects)).toEqual(truth.toSorted());
  expect(JSON.stringify([...simulator.truth('virtualMachines')])).toContain('RG-COMPUTE');
  expect([pages, requests]).toEqual([3, queries()]);
});

test.each<[string, Fault]>([
  ['resets', { kind: 'reset' }],
  ['cut bodies', { kind: 'cut', bytes: 100 }],
  ['truncated JSON', { kind: 'truncated' }],
  ['pages for people', { kind: 'status', status: 502, html: true }],
  ['failures', { kind: 'status', status: 500 }],
  ['pauses of no time', { kind: 'throttle', retryAfter: 0 }],
  ['refusals of the token', { kind: 'status', status: 401, code: 'ExpiredAuthenticationToken' }],
])('%s on every third query cost requests, each counted, and no row', async (_, fault) => {
  simulator.addFaults([{ phase: 'query', every: 3, fault }]);
  const all = await readAll(source(), 'findings');
  expect(ids(all.objects)).toEqual(ids(simulator.truth('assessments')));
  expect([all.rejects, simulator.requests().some(({ faults }) => faults.includes(fault.kind))]).toEqual([all.pages, true]);
});

test('each page of faults that are asked again counts its requests', async () => {
  simulator.addFaults([{ phase: 'query', every: 3, fault: { kind: 'status', status: 500 } }]);
  const { requests } = await readAll(source(), 'findings');
  expect(requests).toBe(queries());
});

test.each<[string, Fault]>([
  ['are lost', { kind: 'omit', count: 2 }],
  ['come twice', { kind: 'duplicate' }],
])('a walk whose rows %s ends as one that begins again', async (_, fault) => {
  simulator.addFaults([{ phase: 'query', at: [1], fault }]);
  const error = await failureOf(readAll(source(), 'findings'));
  expect([error.code, error.details['link']]).toEqual(['CURSOR_EXPIRED', 'page']);
});

test.each<[string, Fault, string]>([
  ['a page without rows', { kind: 'missingValue' }, 'SOURCE_SHAPE_CHANGED'],
  ['a redirect', { kind: 'redirect', location: 'https://management.example.invalid/' }, 'LINK_REFUSED'],
  ['a page for people', { kind: 'status', status: 403, html: true }, 'SOURCE_FORBIDDEN'],
  ['a wait without end', { kind: 'throttle', headers: { 'x-ms-user-quota-resets-after': '01:00:00' } }, 'SOURCE_THROTTLED'],
])('%s ends the walk with its code', async (_, fault, code) => {
  simulator.addFaults([{ phase: 'query', at: [1], fault }]);
  expect((await failureOf(readAll(source(), 'findings'))).code).toBe(code);
});

test('answers over the cap are halved until they fit, and the walk is whole', async () => {
  simulator.configure({ responseBytes: 60_000 });
  const { objects, pages } = await readAll(source(), 'findings');
  expect(ids(objects)).toEqual(ids(simulator.truth('assessments')));
  expect(pages).toBeGreaterThan(objects.length / 50);
  const tooLarge = simulator.requests().filter(({ status }) => status === 400).length;
  expect(tooLarge).toBeGreaterThan(0);
  expect(tooLarge).toBeLessThan(pages / 2);
});

test('a row that is over the cap by itself is an error that names the query', async () => {
  simulator.configure({ responseBytes: 300 });
  const error = await failureOf(readAll(source(), 'findings'));
  expect([error.code, error.details['query']]).toEqual(['SOURCE_SHAPE_CHANGED', 'findings']);
});

test('the quota is obeyed: what is used up is not asked for, and nothing is refused', async () => {
  simulator.configure({ queryQuota: 4 });
  const { objects, pages } = await readAll(source(), 'findings');
  expect(ids(objects)).toEqual(ids(simulator.truth('assessments')));
  const statuses = simulator
    .requests()
    .filter(({ phase }) => phase === 'query')
    .map(({ status }) => status);
  expect(statuses).toEqual(Array.from({ length: pages }, () => 200));
  expect(pages).toBeGreaterThan(6);
}, 60_000);

test('joins side by side meet the quota, and all rows arrive', async () => {
  simulator.configure({ queryQuota: 15 });
  const { objects } = await readAll(source(), 'virtualMachines');
  expect(objects).toHaveLength(new Set(ids(objects)).size);
  expect(objects.length).toBeGreaterThan([...simulator.truth('virtualMachines'), ...simulator.truth('networkInterfaces')].length);
}, 60_000);

test('machines that go while machines are read make no other one unseen', async () => {
  const own = await startSimulator({ users: 5, estate: { vms: 120, subscriptions: 1 } });
  const ownHttp = createHttp({ ca: own.caPem });
  const graph = source({ from: own, http: ownHttp });
  const first = await graph.page(graph.link({ path: 'virtualMachines', select: [] }), options());
  own.mutateEstate([3, 4, 5].map((vm) => ({ do: 'deleteVm', vm })));
  const seen = new Set(ids(first.objects));
  for (let link = first.next; link !== null;) {
    const page = await graph.page(link, options());
    for (const id of ids(page.objects)) seen.add(id);
    link = page.next;
  }
  expect(ids(own.truth('virtualMachines')).filter((id) => !seen.has(id))).toEqual([]);
  await ownHttp.close();
  await own.close();
});

test('a page that was too large once grows again', async () => {
  simulator.addFaults([{ phase: 'query', at: [1, 2], fault: { kind: 'badQuery', code: 'ResponsePayloadTooLarge' } }]);
  const { objects } = await readAll(source(), 'findings');
  expect(ids(objects)).toEqual(ids(simulator.truth('assessments')));
  const sizes = simulator.requests().flatMap(({ items }) => items.map((item) => Number(/, (\d+) of/.exec(item)?.[1])));
  expect([sizes[0], Math.max(...sizes)]).toEqual([25, 101]);
});

test('a link goes on in another process', async () => {
  const first = source();
  const page = await first.page(first.link({ path: 'findings', select: [] }), options());
  const rest = source();
  let count = page.objects.length;
  for (let link = page.next; link !== null;) {
    const following = await rest.page(link, options());
    count += following.objects.length;
    link = following.next;
  }
  expect(count).toBe([...simulator.truth('assessments')].length);
});

test('1,001 subscriptions are read in two batches, and all their rows', async () => {
  const own = await startSimulator({ users: 5, estate: { vms: 1_001, subscriptions: 1_001 } });
  const ownHttp = createHttp({ ca: own.caPem });
  const all = await readAll(
    source({ from: own, http: ownHttp, queries: () => ({ virtualMachines: { ...virtualMachines, top: 1_000, joins: [] } }) }),
    'virtualMachines',
  );
  expect(ids(all.objects)).toEqual(ids(own.truth('virtualMachines')));
  const asked = own.requests().flatMap(({ items }) => items);
  expect(asked).toEqual(['Resources 1000 subscriptions, 1000 of 1000 from 0', 'Resources 1 subscriptions, 1 of 1 from 0']);
  await ownHttp.close();
  await own.close();
}, 30_000);

test('a source that was retired answers no rows, which is no failure', async () => {
  expect(await readAll(source(), 'older')).toMatchObject({ objects: [], pages: 1 });
});

test('an application without a role, or with a token for another API, is told', async () => {
  simulator.configure({ readableSubscriptions: 0 });
  expect(await failureOf(readAll(source(), 'findings'))).toMatchObject({
    code: 'SOURCE_FORBIDDEN',
    hint: expect.stringContaining('Reader'),
  });
  const error = await failureOf(readAll(source({ scopeOfToken: 'https://graph.microsoft.com/.default' }), 'findings'));
  expect([error.code, error.details['sourceCodes']]).toEqual(['SOURCE_AUTH_FAILED', ['InvalidAuthenticationTokenAudience']]);
});
