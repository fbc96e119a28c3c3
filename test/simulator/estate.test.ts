// The simulated Azure estate: its data is deterministic, its pages are those of its truth, and it refuses what Microsoft refuses.
import { defaultIdentity, type Simulator, startSimulator } from '../../simulator/simulator.ts';
import type { JsonObject } from '../../src/model.ts';
import { type Client, openClient, type Reply } from './client.ts';

let simulator: Simulator;
let client: Client;
let bearer: string;

beforeAll(async () => {
  simulator = await startSimulator({ users: 5, estate: { subscriptions: 14 } });
  client = openClient(simulator);
  const token = await client.token({ scope: 'https://management.azure.com/.default' });
  bearer = `Bearer ${String(token.body['access_token'])}`;
});
afterAll(async () => {
  client.close();
  await simulator.close();
});
beforeEach(() => {
  simulator.clearFaults();
  simulator.configure({ queryQuota: null, readableSubscriptions: null, olderFindings: false, responseBytes: 16 << 20 });
});

const path = '/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01';
const headers = (): Record<string, string> => ({ authorization: bearer, 'content-type': 'application/json' });
const query = (text: string, options: object = {}, scope: object = {}): Promise<Reply> =>
  client.send('POST', `${simulator.managementOrigin}${path}`, headers(), JSON.stringify({ query: text, options, ...scope }));
const dataOf = ({ body }: Reply): JsonObject[] => (body['data'] ?? []) as JsonObject[];
const detailOf = ({ body }: Reply): unknown =>
  ((body['error'] as JsonObject | undefined)?.['details'] as JsonObject[] | undefined)?.[0]?.['code'];
const idsOf = (rows: Iterable<JsonObject>): string[] => [...rows].map(({ id }) => String(id));

/** All pages of a query. */
async function walk(text: string, top = 1000, scope: object = {}): Promise<{ rows: JsonObject[]; total: unknown }> {
  const rows: JsonObject[] = [];
  for (let $skipToken: string | undefined; ;) {
    const reply = await query(text, { $top: top, ...($skipToken === undefined ? {} : { $skipToken }) }, scope);
    expect([reply.status, reply.body['resultTruncated']]).toEqual([200, 'false']);
    rows.push(...dataOf(reply));
    if (reply.body['$skipToken'] === undefined) return { rows, total: reply.body['totalRecords'] };
    $skipToken = String(reply.body['$skipToken']);
  }
}

test.each(['virtualMachines', 'networkInterfaces', 'publicIpAddresses', 'containerGroups', 'registries', 'sites'] as const)(
  'pages of %s are its rows, in order of their ids',
  async (name) => {
    const truth = idsOf(simulator.truth(name));
    const type = String([...simulator.truth(name)][0]?.['type']);
    const { rows, total } = await walk(`Resources | where type =~ '${type}' | project id, name | order by id asc`, 7);
    expect(idsOf(rows)).toEqual(truth);
    expect(truth).toEqual(truth.toSorted());
    expect([total, truth.length > 0]).toEqual([truth.length, true]);
  },
);

const assessments = "SecurityResources | where type =~ 'microsoft.security/assessments'";
const software = "tostring(properties.metadata.recommendationCategory) =~ 'SoftwareUpdate'";

test.each<[string, string, (row: JsonObject) => boolean]>([
  ['all', '', () => true],
  ['packages', `| where ${software}`, (row) => at(row, 'properties', 'metadata', 'recommendationCategory') === 'SoftwareUpdate'],
  ['others', `| where not(${software})`, (row) => at(row, 'properties', 'metadata', 'recommendationCategory') !== 'SoftwareUpdate'],
  ['a cloud', "| where properties.resourceDetails.Source == 'AWS'", (row) => at(row, 'properties', 'resourceDetails', 'Source') === 'AWS'],
  ['what is open', "| where properties.status.code =~ 'unhealthy'", (row) => at(row, 'properties', 'status', 'code') === 'Unhealthy'],
  [
    'images, by an extension',
    "| extend kind = tolower(tostring(properties.resourceDetails.ResourceType)) | where kind in~ ('.ContainerImage', 'other')",
    (row) => at(row, 'properties', 'resourceDetails', 'ResourceType') === '.containerimage',
  ],
])('pages of findings are the truth: %s', async (_, condition, holds) => {
  const truth = [...simulator.truth('assessments')].filter(holds);
  const { rows, total } = await walk(`${assessments} ${condition} | project id, properties.status, p = properties | order by id asc`, 100);
  expect(idsOf(rows)).toEqual(idsOf(truth).toSorted());
  expect(new Set(idsOf(rows)).size).toBe(total);
  expect(rows[0]?.['properties_status']).toEqual(at(rows[0] ?? {}, 'p', 'status'));
});

function at(row: JsonObject, ...steps: string[]): unknown {
  return steps.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], row);
}

test('two simulators of one seed and size hold the same, and another seed another', async () => {
  const [same, other] = await Promise.all([1, 2].map((seed) => startSimulator({ seed, users: 5, estate: { subscriptions: 14 } })));
  const rows = (of: Simulator | undefined): string => JSON.stringify([...(of?.truth('assessments') ?? [])]);
  expect(rows(same)).toBe(rows(simulator));
  expect(rows(other)).not.toBe(rows(simulator));
  await Promise.all([same?.close(), other?.close()]);
});

test.each<[string, string, number]>([
  ["kind has 'functionapp'", 'a word of a list', 4],
  ["kind has 'function'", 'no part of a word', 0],
  ["kind contains 'function'", 'a part', 4],
  ["kind has 'functionapp' and kind !has 'workflowapp'", 'functions that are no logic apps', 3],
  ["kind == 'app' or not(kind startswith 'f')", 'apps', 1],
  ["kind in~ ('APP') and isnotempty(name) and properties.state == 'Running'", 'in any case', 1],
  ["kind !in ('app') and isempty(properties.nothing)", 'but for these', 4],
])('of five sites, those where %s: %s', async (condition, _, count) => {
  const five = ['000000', '000001', '000002', '000003', '000004'].map((number) => `'site-${number}'`).join(', ');
  const { rows } = await walk(
    `resources | where type == 'microsoft.web/sites' | where name in (${five}) | where ${condition} | project id`,
  );
  expect(rows).toHaveLength(count);
});

test.each<[string, string]>([
  ['no operator of ours', 'Resources | summarize count() by type'],
  ['no table', 'Secrets | project id'],
  ['a text without an end', "Resources | where name == 'a"],
  ['an empty list', 'Resources | where id in~ ()'],
  ['a second query', 'Resources | project id ; Resources'],
  ['an unknown function', 'Resources | where hash(id) == 1'],
  ['a union', "Resources | where id in~ ('a') | union SecurityResources"],
])('%s is refused as Microsoft refuses', async (_, text) => {
  const reply = await query(text);
  expect([reply.status, at(reply.body, 'error', 'code'), detailOf(reply)]).toEqual([400, 'BadRequest', 'ParserFailure']);
});

test.each<[string, object, object, string]>([
  ['pages of none', { $top: 0 }, {}, 'InvalidTop'],
  ['pages of more than 1,000', { $top: 1001 }, {}, 'InvalidTop'],
  [
    'more than 1,000 subscriptions',
    {},
    { subscriptions: Array.from({ length: 1001 }, () => defaultIdentity.tenantId) },
    'TooManySubscriptions',
  ],
  ['subscriptions that are no GUIDs', {}, { subscriptions: ["x' | union"] }, 'SubscriptionsContainInvalidGuids'],
  ['none that may be read', {}, { subscriptions: [defaultIdentity.tenantId] }, 'NoValidSubscriptionsInQueryRequest'],
  ['both kinds of scopes', {}, { subscriptions: [defaultIdentity.tenantId], managementGroups: ['mg-1'] }, 'InvalidScopes'],
  ['a token that is none', { $skipToken: 'abc' }, {}, 'InvalidSkipToken'],
])('%s are refused', async (_, options, scope, code) => {
  const reply = await query('Resources | project id', options, scope);
  expect([reply.status, detailOf(reply)]).toEqual([400, code]);
});

test('a token goes with its query and its scopes alone', async () => {
  const text = 'Resources | project id | order by id asc';
  const { body } = await query(text, { $top: 5 });
  const $skipToken = body['$skipToken'];
  expect(detailOf(await query(`${text} `, { $top: 5, $skipToken }))).toBe('InvalidSkipToken');
  expect(detailOf(await query(text, { $top: 5, $skipToken }, { managementGroups: ['mg-1'] }))).toBe('InvalidSkipToken');
  expect(dataOf(await query(text, { $top: 3, $skipToken }))).toHaveLength(3);
});

test('what cannot be paged is cut off: a limit, and columns without text', async () => {
  const cut = await query('Resources | project properties', { $top: 5 });
  expect(cut.body).toMatchObject({ resultTruncated: 'true', count: 5 });
  expect(cut.body['$skipToken']).toBeUndefined();
  expect((await query('Resources | project id | limit 8', { $top: 5 })).body).toMatchObject({
    resultTruncated: 'true',
    totalRecords: 8,
    count: 5,
  });
  expect((await query('Resources | project id | take 8', { $top: 10 })).body).toMatchObject({ resultTruncated: 'false', count: 8 });
});

test('pages without an order by id repeat a row and lose one', async () => {
  const { rows, total } = await walk('Resources | project id', 20);
  expect([rows.length, new Set(idsOf(rows)).size < rows.length]).toEqual([total, true]);
});

test('an answer over the cap is refused with its size', async () => {
  simulator.configure({ responseBytes: 4_000 });
  expect(detailOf(await query('Resources | project id, properties'))).toBe('ResponsePayloadTooLarge');
  expect((await query('Resources | project id, properties', { $top: 1 })).status).toBe(200);
});

test('fifteen queries in five seconds, then a pause that the headers tell', async () => {
  simulator.configure({ queryQuota: 15 });
  let reply: Reply;
  let left = 15;
  do {
    reply = await query('Resources | project id', { $top: 1 });
    left = Number(reply.headers['x-ms-user-quota-remaining']);
    expect(reply.headers['x-ms-user-quota-resets-after']).toMatch(/^00:00:0[0-5]$/);
  } while (reply.status === 200);
  expect([reply.status, left]).toEqual([429, 0]);
  simulator.advance(5_000);
  expect((await query('Resources | project id', { $top: 1 })).status).toBe(200);
});

test('management groups hold their subscriptions, and one that is not there is forbidden', async () => {
  const text = "Resources | where type =~ 'microsoft.compute/virtualmachines' | project id, subscriptionId | order by id asc";
  const all = await walk(text);
  const [one, two] = await Promise.all(['mg-1', 'mg-2'].map((group) => walk(text, 1000, { managementGroups: [group] })));
  const both = await walk(text, 1000, { managementGroups: ['mg-2', 'mg-1'] });
  expect(idsOf(both.rows)).toEqual(idsOf([...(one?.rows ?? []), ...(two?.rows ?? [])]).toSorted());
  expect(both.rows.length).toBeLessThan(all.rows.length);
  expect((await walk(text, 1000, { managementGroups: [simulator.tenantId] })).rows).toEqual(all.rows);
  expect(await query(text, {}, { managementGroups: ['other'] })).toMatchObject({
    status: 403,
    body: { error: { code: 'AuthorizationFailed' } },
  });
});

test('subscriptions that may not be read are left out without a word', async () => {
  const text = 'Resources | project id | order by id asc';
  const [first = '', second = ''] = simulator.estate.places.subscriptions;
  simulator.configure({ readableSubscriptions: 1 });
  const { rows } = await walk(text, 1000, { subscriptions: [second, first] });
  expect(idsOf(rows).every((id) => id.includes(first))).toBe(true);
  const list = await client.send('GET', `${simulator.managementOrigin}/subscriptions?api-version=2022-12-01`, headers());
  expect(list.value).toMatchObject([{ subscriptionId: first, state: 'Enabled' }]);
});

test.each<[string, Record<string, string | null>, string]>([
  ['of the directory', {}, 'InvalidAuthenticationTokenAudience'],
  ['of the management', { scope: 'https://management.azure.com/.default' }, ''],
])('a token %s is taken accordingly', async (_, form, code) => {
  const token = await client.token(form);
  const authorization = `Bearer ${String(token.body['access_token'])}`;
  const reply = await client.send('GET', `${simulator.managementOrigin}/subscriptions?api-version=2022-12-01`, { authorization });
  expect(at(reply.body, 'error', 'code') ?? '').toBe(code);
});

test('changes change rows: a machine comes and goes, a package is mended, a flaw becomes known, one is exempt', async () => {
  const own = await startSimulator({ users: 5, estate: { vms: 4, subscriptions: 2 } });
  const rowsOf = (name: string): JsonObject[] => [...own.truth('assessments')].filter((row) => String(row['id']).includes(name));
  const vms = (): number => [...own.truth('virtualMachines')].length;
  own.mutateEstate([{ do: 'createVm' }, { do: 'deleteVm', vm: 1 }]);
  expect([vms(), rowsOf('vm-000004').length, rowsOf('vm-000001').length]).toEqual([4, 6, 0]);
  const before = rowsOf('vm-000002');
  own.mutateEstate([
    { do: 'patch', vm: 2, package: 0, rows: 'gone' },
    { do: 'patch', vm: 2, package: 1, rows: 'healthy' },
    { do: 'exempt', vm: 2, package: 2 },
    { do: 'addCve', vm: 0, package: 0 },
    { do: 'exempt', image: 4, package: 0 },
  ]);
  const after = rowsOf('vm-000002');
  expect(after).toHaveLength(before.length - 1);
  expect(after.map((row) => at(row, 'properties', 'status', 'code')).slice(0, 2)).toEqual(['Healthy', 'NotApplicable']);
  // The image is told where it lies and where it runs.
  const exempt = [...own.truth('assessments')].filter(
    (row) => /image-00000[14]\//.test(String(row['id'])) && at(row, 'properties', 'status', 'cause') === 'Exempt',
  );
  expect(exempt.map((row) => /rg-(kubernetes|registries)/.exec(String(row['id']))?.[1])).toEqual(
    expect.arrayContaining(['kubernetes', 'registries']),
  );
  await own.close();
});

test('sub-assessments are retired, and come when they are asked to stay', async () => {
  const text = "SecurityResources | where type =~ 'microsoft.security/assessments/subassessments' | project id | order by id asc";
  expect(await walk(text)).toEqual({ rows: [], total: 0 });
  simulator.configure({ olderFindings: true });
  const { rows } = await walk(text, 50);
  expect(idsOf(rows)).toEqual(idsOf(simulator.truth('subAssessments')).toSorted());
  expect(rows.length).toBeGreaterThan(100);
});
