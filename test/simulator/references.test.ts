// Members, owners and roles given and taken: one by one, twenty at once, and what Microsoft refuses of it.
import type { JsonObject } from '../../src/model.ts';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { codeOf, messageOf, openClient, text } from './client.ts';
import type { Client, Reply } from './client.ts';
import { groupBody, make, userBody } from './made.ts';

let simulator: Simulator;
let client: Client;
let security: string;
let unified: string;
let roleGroup: string;
let dynamic: string;
let synced: string;
let ana: string;
let bob: string;

const roles = [...defaultRoles, ...writeRoles, 'Application.ReadWrite.All'];
const nobody = '11111111-2222-4333-8444-555555555555';
const exists = "One or more added object references already exist for the following modified properties: 'members'.";

beforeAll(async () => {
  simulator = await startSimulator({ users: 300, settings: { roles } });
  client = openClient(simulator);
  security = await make(client, 'groups', groupBody());
  unified = await make(client, 'groups', groupBody({ groupTypes: ['Unified'], mailEnabled: true }));
  dynamic = await make(client, 'groups', groupBody({ groupTypes: ['DynamicMembership'], membershipRule: 'user.department -eq "A"' }));
  ana = await make(client, 'users', userBody());
  bob = await make(client, 'users', userBody());
  const special = simulator.mutate([
    { do: 'createGroup', set: { isAssignableToRole: true, securityEnabled: true, groupTypes: [] } },
    { do: 'createGroup', set: { onPremisesSyncEnabled: true, isAssignableToRole: null, groupTypes: [] } },
  ]);
  [roleGroup = '', synced = ''] = special.map((change) => text('id' in change ? change.id : ''));
});
afterEach(() => simulator.configure({ roles, replicationLag: 0 }));
afterAll(async () => {
  client.close();
  await simulator.close();
});

const link = (id: string, collection = 'directoryObjects'): string => `${simulator.origin}/v1.0/${collection}/${id}`;
const add = (group: string, id: string, relation = 'members', by: Client = client): Promise<Reply> =>
  by.write('POST', `groups/${group}/${relation}/$ref`, { '@odata.id': link(id) });
const take = (group: string, id: string, relation = 'members'): Promise<Reply> =>
  client.write('DELETE', `groups/${group}/${relation}/${id}/$ref`);
const membersOf = (group: string): unknown[] =>
  [...simulator.truth('edges')].filter((edge) => edge['from'] === group && edge['kind'] === 'member').map((edge) => edge['to']);
const ownersOf = (group: string): unknown[] =>
  [...simulator.truth('edges')].filter((edge) => edge['from'] === group && edge['kind'] === 'owner').map((edge) => edge['to']);

test('a member is added once, told in delta, and taken once', async () => {
  const cursor = text((await client.get('groups/delta?$select=id,members&$deltatoken=latest')).body['@odata.deltaLink']);
  expect((await add(security, ana)).status).toBe(204);
  const again = await add(security, ana);
  expect([again.status, codeOf(again), messageOf(again)]).toEqual([400, 'Request_BadRequest', exists]);
  expect(membersOf(security)).toEqual([ana]);
  expect((await client.walk(cursor)).objects).toEqual([
    { id: security, 'members@delta': [{ '@odata.type': '#microsoft.graph.user', id: ana }] },
  ]);
  expect((await take(security, ana)).status).toBe(204);
  const gone = await take(security, ana);
  expect([gone.status, codeOf(gone)]).toEqual([404, 'Request_ResourceNotFound']);
  expect((await client.get(`users/${ana}`)).status).toBe(200);
});

test.each<[string, () => string, number]>([
  ['an object of its kind', () => link(bob, 'users'), 204],
  ['an object of another kind', () => link(bob, 'groups'), 404],
  ['nobody', () => link(nobody), 404],
  ['the public address', () => `https://graph.microsoft.com/v1.0/directoryObjects/${bob}`, 400],
  ['another version', () => `${simulator.origin}/beta/directoryObjects/${bob}`, 400],
  ['a path below it', () => `${link(bob)}/memberOf`, 400],
  ['an id alone', () => bob, 400],
])('a reference to %s is answered %s', async (_what, reference, status) => {
  const group = await make(client, 'groups', groupBody());
  expect((await client.write('POST', `groups/${group}/members/$ref`, { '@odata.id': reference() })).status).toBe(status);
});

test.each<[string, () => string, () => string, string, number, RegExp]>([
  [
    'a group in a Microsoft 365 group',
    () => unified,
    () => security,
    'members',
    400,
    /^Only users can be members of a Microsoft 365 group/,
  ],
  ['a device in a Microsoft 365 group', () => unified, () => simulator.idOf('device', 5), 'members', 400, /^Only users can be members/],
  ['a group as an owner', () => security, () => unified, 'owners', 400, /^Only users and service principals can own a group/],
  ['a member of a dynamic group', () => dynamic, () => ana, 'members', 403, /^Insufficient privileges to complete the operation/],
  ['a member of a synced group', () => synced, () => ana, 'members', 400, /on-premises mastered Directory Sync objects/],
  ['a member of a group that can hold roles', () => roleGroup, () => ana, 'members', 403, /^Insufficient privileges/],
  ['an owner of a group that can hold roles', () => roleGroup, () => ana, 'owners', 403, /^Insufficient privileges/],
  ['a member of no group', () => nobody, () => ana, 'members', 404, /does not exist or one of its queried reference-property objects/],
])('%s is refused', async (_what, group, id, relation, status, message) => {
  const reply = await add(group(), id(), relation);
  expect([reply.status, messageOf(reply)]).toEqual([status, expect.stringMatching(message)]);
});

test.each([
  ['user', ['GroupMember.ReadWrite.All'], 204],
  ['group', ['GroupMember.ReadWrite.All'], 204],
  ['device', ['GroupMember.ReadWrite.All'], 403],
  ['device', ['GroupMember.ReadWrite.All', 'Device.ReadWrite.All'], 204],
  ['servicePrincipal', ['Group.ReadWrite.All'], 403],
  ['servicePrincipal', ['Group.ReadWrite.All', 'Application.ReadWrite.All'], 204],
] as const)('to add a %s, %j is answered %i', async (kind, granted, status) => {
  const group = await make(client, 'groups', groupBody());
  simulator.configure({ roles: granted });
  const writer = openClient(simulator);
  expect((await add(group, simulator.idOf(kind, 7), 'members', writer)).status).toBe(status);
  writer.close();
});

test('with the right to manage roles a group that can hold them is changed', async () => {
  simulator.configure({ roles: [...roles, 'RoleManagement.ReadWrite.Directory'] });
  const manager = openClient(simulator);
  expect((await add(roleGroup, bob, 'members', manager)).status).toBe(204);
  expect((await manager.write('DELETE', `groups/${roleGroup}/members/${bob}/$ref`)).status).toBe(204);
  manager.close();
});

test('the last user among the owners stays until another is there', async () => {
  const group = await make(client, 'groups', groupBody({ 'owners@odata.bind': [link(ana)] }));
  await add(group, simulator.idOf('servicePrincipal', 3), 'owners');
  const refused = await take(group, ana, 'owners');
  expect([refused.status, messageOf(refused)]).toEqual([
    400,
    'The group must have at least one owner, hence this owner cannot be removed.',
  ]);
  expect((await add(group, bob, 'owners')).status).toBe(204);
  expect((await take(group, ana, 'owners')).status).toBe(204);
  expect(new Set(ownersOf(group))).toEqual(new Set([bob, simulator.idOf('servicePrincipal', 3)]));
});

test.each(['members', 'owners'] as const)('a service principal among the %s of a group is told from its own end only', async (relation) => {
  const [principal, other] = [simulator.idOf('servicePrincipal', 5), simulator.idOf('servicePrincipal', 6)];
  const group = await make(client, 'groups', groupBody());
  await add(group, principal, relation);
  const advanced = { ConsistencyLevel: 'eventual' };
  const ask = async (path: string, id: string, headers: Record<string, string> = advanced): Promise<unknown[]> => {
    const reply = await client.get(encodeURI(`${path}?$filter=id eq '${id}'&$count=true&$select=id`), headers);
    return reply.status === 200 ? reply.value.map((found) => found['id']) : [reply.status];
  };
  const from = relation === 'members' ? 'memberOf' : 'ownedObjects';
  expect(await ask(`groups/${group}/${relation}`, principal)).toEqual([]);
  expect(await ask(`servicePrincipals/${principal}/${from}`, group)).toEqual([group]);
  expect(await ask(`servicePrincipals/${other}/${from}`, group)).toEqual([]);
  expect(await ask(`servicePrincipals/${ana}/${from}`, group)).toEqual([404]);
  expect(await ask(`servicePrincipals/${principal}/${from}`, group, {})).toEqual([400]);
});

test('without /$ref a DELETE deletes the member itself where the app may, and else is refused', async () => {
  const doomed = await make(client, 'users', userBody());
  const group = await make(client, 'groups', groupBody({ 'members@odata.bind': [link(doomed)] }));
  simulator.configure({ roles: ['GroupMember.ReadWrite.All', 'User.Read.All'] });
  const reader = openClient(simulator);
  expect((await reader.write('DELETE', `groups/${group}/members/${doomed}`)).status).toBe(403);
  expect((await reader.get(`users/${doomed}`)).status).toBe(200);
  reader.close();
  expect((await client.write('DELETE', `groups/${group}/members/${doomed}`)).status).toBe(204);
  expect((await client.get(`users/${doomed}`)).status).toBe(404);
  expect((await client.get(`directory/deletedItems/${doomed}`)).status).toBe(200);
});

test('twenty members go in by one request, and one that is there already keeps all of them out', async () => {
  const group = await make(client, 'groups', groupBody());
  const ids = Array.from({ length: 21 }, (_, index) => simulator.idOf('user', 100 + index));
  const bind = (some: readonly string[]): Promise<Reply> =>
    client.write('PATCH', `groups/${group}`, { description: 'bound', 'members@odata.bind': some.map((id) => link(id)) });
  expect((await bind(ids)).status).toBe(400);
  expect((await bind(ids.slice(0, 20))).status).toBe(204);
  expect(membersOf(group)).toEqual(ids.slice(0, 20));
  const refused = await bind(ids.slice(19, 21));
  expect([refused.status, messageOf(refused)]).toEqual([400, exists]);
  const missing = await bind([ids[20] ?? '', nobody]);
  expect(missing.status).toBe(404);
  const twice = await bind([ids[20] ?? '', ids[20] ?? '']);
  expect([twice.status, messageOf(twice)]).toEqual([400, 'Request contains a property with duplicate values.']);
  expect(membersOf(group)).toHaveLength(20);
});

test('a change of members alone needs the permission for members only', async () => {
  const group = await make(client, 'groups', groupBody());
  simulator.configure({ roles: ['GroupMember.ReadWrite.All'] });
  const writer = openClient(simulator);
  const both = await writer.write('PATCH', `groups/${group}`, { description: 'x', 'members@odata.bind': [link(ana)] });
  const alone = await writer.write('PATCH', `groups/${group}`, { 'members@odata.bind': [link(ana)] });
  writer.close();
  expect([both.status, alone.status]).toEqual([403, 204]);
});

test('a group is made with twenty references at most, members and owners together', async () => {
  const ids = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, index) => link(simulator.idOf('user', from + index)));
  const body = (members: number, owners: number): JsonObject =>
    groupBody({ 'members@odata.bind': ids(10, members), 'owners@odata.bind': ids(10, owners) });
  expect((await client.write('POST', 'groups', body(15, 6))).status).toBe(400);
  const group = await make(client, 'groups', body(15, 5));
  expect([membersOf(group).length, ownersOf(group).length]).toEqual([15, 5]);
});

test('a role is given once and taken once', async () => {
  simulator.configure({ roles: [...roles, 'RoleManagement.ReadWrite.Directory'] });
  const manager = openClient(simulator);
  const body = { principalId: ana, roleDefinitionId: simulator.idOf('roleDefinition', 9), directoryScopeId: '/' };
  const path = 'roleManagement/directory/roleAssignments';
  const given = await manager.write('POST', path, body);
  expect([given.status, given.body['principalId']]).toEqual([201, ana]);
  const again = await manager.write('POST', path, body);
  expect([again.status, messageOf(again)]).toEqual([400, expect.stringMatching(/^A conflicting object/)]);
  const filter = `$filter=${encodeURIComponent(`principalId eq '${ana}' and roleDefinitionId eq '${body.roleDefinitionId}'`)}`;
  expect((await manager.get(`${path}?${filter}`)).value.map((held) => held['id'])).toEqual([given.body['id']]);
  expect((await manager.write('POST', path, { ...body, principalId: nobody })).status).toBe(404);
  expect((await manager.write('POST', path, { ...body, principalId: security })).status).toBe(400);
  expect((await manager.write('DELETE', `${path}/${text(given.body['id'])}`)).status).toBe(204);
  expect((await manager.write('DELETE', `${path}/${text(given.body['id'])}`)).status).toBe(404);
  manager.close();
});
