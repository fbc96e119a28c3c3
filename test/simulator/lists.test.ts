// Lists, single objects, relations and batches: paging, selection, null for what is not set, and what is cut.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { codeOf, objectsOf, openClient, text } from './client.ts';
import type { Client } from './client.ts';

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator({ users: 2000, largeServicePrincipals: 2, settings: { quota: null } });
  client = openClient(simulator);
});
afterAll(async () => {
  client.close();
  await simulator.close();
});

test.each([
  ['users', 'users?$top=999', 3],
  ['users', 'users', 20],
  ['groups', 'groups?$top=999', 1],
  ['devices', 'devices?$top=999', 3],
  ['devices', 'devices', 20],
  ['servicePrincipals', 'servicePrincipals', 3],
  ['roleDefinitions', 'roleManagement/directory/roleDefinitions', 1],
  ['roleAssignments', 'roleManagement/directory/roleAssignments', 1],
] as const)('%s by %s are all there, in %i pages', async (name, path, pages) => {
  const walk = await client.walk(path);
  expect(walk.pages).toBe(pages);
  expect(walk.objects).toEqual([...simulator.truth(name)]);
});

test('links hold a literal $skiptoken and repeat the options', async () => {
  const { body } = await client.get('users?$select=id,displayName&$top=7');
  expect(body['@odata.nextLink']).toMatch(
    new RegExp(`^${simulator.origin}/v1\\.0/users\\?\\$select=id%2CdisplayName&\\$top=7&\\$skiptoken=[\\w-]+$`),
  );
  expect(body['@odata.context']).toBe(`${simulator.origin}/v1.0/$metadata#users(id,displayName)`);
  expect(Object.keys(body)).not.toContain('@odata.count');
});

test('without $select the default properties come, with it only the selected ones, null or [] when not set', async () => {
  const byDefault = await client.get('users?$top=1');
  expect(Object.keys(byDefault.value[0] ?? {})).toEqual(
    'businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname userPrincipalName id'.split(
      ' ',
    ),
  );
  const selected = await client.get('users?$select=id,employeeHireDate,otherMails,accountEnabled&$top=1');
  expect(selected.value[0]).toEqual({
    id: simulator.idOf('user', 0),
    employeeHireDate: null,
    otherMails: [],
    accountEnabled: expect.any(Boolean),
  });
  const group = await client.get('groups?$top=1');
  expect(Object.keys(group.value[0] ?? {})).toEqual(expect.arrayContaining(['visibility', 'uniqueName', 'theme', 'membershipRule']));
  const device = await client.get('devices?$top=1');
  expect(Object.keys(device.value[0] ?? {})).toHaveLength(35);
  expect(device.value[0]).toMatchObject({
    deletedDateTime: null,
    sourceType: null,
    systemLabels: [],
    extensionAttributes: { extensionAttribute15: null },
  });
  const more = await client.get('devices?$top=1&$select=id,isManagementRestricted,onPremisesSecurityIdentifier');
  expect(Object.keys(more.value[0] ?? {})).toEqual(['id', 'isManagementRestricted', 'onPremisesSecurityIdentifier']);
});

test('names are hostile here and there', async () => {
  const names = (await client.walk('users?$select=displayName&$top=999')).objects.map((user) => text(user['displayName'])).join('\n');
  for (const part of ['🦊', '"', "'", '山田', '<b>', '=HYPERLINK', '\t', 'محمد']) expect(names).toContain(part);
});

test('a list goes on over changes made between its pages', async () => {
  const other = await startSimulator({ users: 300 });
  const reader = openClient(other);
  other.addFaults([
    {
      match: 'users\\?',
      at: [1],
      fault: {
        kind: 'mutate',
        changes: [
          { do: 'deleteUser', id: other.idOf('user', 150) },
          { do: 'createUser', set: { displayName: 'Late' } },
        ],
      },
    },
  ]);
  const ids = (await reader.walk('users?$top=100')).objects.map((user) => user['id']);
  expect(ids).toEqual([...other.truth('users', ['id'])].map((user) => user['id']));
  expect(ids).not.toContain(other.idOf('user', 150));
  reader.close();
  await other.close();
});

test('$expand=appRoleAssignedTo shows at most 20, its own collection shows all, page by page', async () => {
  const [large] = (await client.get('servicePrincipals?$expand=appRoleAssignedTo&$top=999')).value;
  expect(large?.['appRoleAssignedTo']).toHaveLength(20);
  expect(large?.['appRoleAssignedTo@odata.nextLink']).toBeUndefined();
  const all = await client.walk(`servicePrincipals/${simulator.idOf('servicePrincipal', 0)}/appRoleAssignedTo?$top=30`);
  expect(all.pages).toBe(3);
  expect(all.objects).toHaveLength(71);
  expect(all.objects.slice(0, 20)).toEqual(large?.['appRoleAssignedTo']);
  const ordinary = await startSimulator({ users: 50 });
  const most = new Map<unknown, number>();
  for (const grant of ordinary.truth('appRoleAssignments')) most.set(grant['resourceId'], (most.get(grant['resourceId']) ?? 0) + 1);
  expect(Math.max(...most.values())).toBeLessThanOrEqual(19);
  await ordinary.close();
});

test('members come in pages with their type, without service principals', async () => {
  const edges = [...simulator.truth('edges')].filter((edge) => edge['kind'] === 'member');
  const group = text(edges.find((edge) => edge['type'] === '#microsoft.graph.servicePrincipal')?.['from']);
  const listed = await client.walk(`groups/${group}/members?$select=id&$top=5`);
  const wanted = edges.filter((edge) => edge['from'] === group && edge['type'] !== '#microsoft.graph.servicePrincipal');
  expect(listed.objects).toEqual(wanted.map((edge) => ({ '@odata.type': edge['type'], id: edge['to'] })));
});

test('members filtered by id need the advanced query', async () => {
  const member = [...simulator.truth('edges')].find((edge) => edge['type'] === '#microsoft.graph.user');
  const path = `groups/${text(member?.['from'])}/members?$select=id&$count=true&$filter=id eq '${text(member?.['to'])}'`;
  const found = await client.get(encodeURI(path), { ConsistencyLevel: 'eventual' });
  expect(found.body).toMatchObject({ '@odata.count': 1, value: [{ id: member?.['to'] }] });
  const absent = await client.get(encodeURI(path.replace(/'[^']+'/, `'${simulator.idOf('roleDefinition', 1)}'`)), {
    ConsistencyLevel: 'eventual',
  });
  expect(absent.body).toMatchObject({ '@odata.count': 0, value: [] });
  expect((await client.get(encodeURI(path))).status).toBe(400);
});

test('single objects are there until they are deleted', async () => {
  const id = simulator.idOf('user', 1234);
  expect((await client.get(`users/${id}?$select=id`)).body).toMatchObject({ id });
  simulator.mutate([{ do: 'deleteUser', id }]);
  const gone = await client.get(`users/${id}`);
  expect([gone.status, codeOf(gone)]).toEqual([404, 'Request_ResourceNotFound']);
  simulator.mutate([{ do: 'restoreUser', id }]);
  expect((await client.get(`users/${id}`)).status).toBe(200);
});

test('a batch answers each request by itself, in any order', async () => {
  const user = simulator.idOf('user', 3);
  const reply = await client.batch([
    { id: 'a', method: 'GET', url: `/users/${user}?$select=id` },
    { id: 'b', method: 'GET', url: `/users/${simulator.idOf('group', 3)}` },
    { id: 'c', method: 'GET', url: '/nothing' },
    { id: 'd', method: 'GET', url: `/users/${user}`, dependsOn: ['b'] },
    { id: 'e', method: 'GET', url: `/devices/${simulator.idOf('device', 3)}?$select=id` },
    { id: 'f', method: 'GET', url: `/devices/${simulator.idOf('device', 2000)}` },
  ]);
  const responses = objectsOf(reply.body['responses']);
  expect(Object.fromEntries(responses.map((response) => [response['id'], response['status']]))).toEqual({
    a: 200,
    b: 404,
    c: 400,
    d: 424,
    e: 200,
    f: 404,
  });
  expect(responses.find((response) => response['id'] === 'a')?.['body']).toMatchObject({ id: user });
});

test('every answer has the headers of the service', async () => {
  const { headers } = await client.get('users?$top=1&$select=id', { 'client-request-id': 'mine' });
  expect(headers).toMatchObject({
    'odata-version': '4.0',
    'cache-control': 'no-cache',
    'client-request-id': 'mine',
    'x-ms-resource-unit': '1',
  });
  expect(headers['content-type']).toMatch(/^application\/json;odata\.metadata=minimal;odata\.streaming=true/);
  expect(JSON.parse(text(headers['x-ms-ags-diagnostic']))).toHaveProperty('ServerInfo');
  expect(headers['request-id']).toMatch(/^[0-9a-f-]{36}$/);
});
