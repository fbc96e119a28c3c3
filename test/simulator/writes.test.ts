// Writes of users, groups and devices: what they make shows in reads, delta and truth; each refusal has Microsoft's status, code and words.
import type { JsonObject } from '../../src/model.ts';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { codeOf, messageOf, openClient, text } from './client.ts';
import type { Client } from './client.ts';
import { groupBody, make, next, password, userBody } from './made.ts';

let simulator: Simulator;
let client: Client;
/** A user whose master is on premises, and an administrator. */
let synced: string;
let admin: string;
let unified: string;
let roleGroup: string;

const roles = [...defaultRoles, ...writeRoles];
beforeAll(async () => {
  simulator = await startSimulator({ users: 300, settings: { roles } });
  client = openClient(simulator);
  const assigned = new Set([...simulator.truth('roleAssignments')].map((held) => held['principalId']));
  const users = [...simulator.truth('users', ['id', 'onPremisesSyncEnabled'])].filter((found) => !assigned.has(found['id']));
  synced = text(users.find((found) => found['onPremisesSyncEnabled'] === true)?.['id']);
  admin = await make(client, 'users', userBody());
  unified = await make(client, 'groups', groupBody({ groupTypes: ['Unified'], mailEnabled: true }));
  simulator.mutate([
    { do: 'createGroup', id: '', set: { displayName: 'Admins', isAssignableToRole: true, securityEnabled: true, groupTypes: [] } },
    { do: 'addRoleAssignment', role: simulator.idOf('roleDefinition', 3), principal: admin },
  ]);
  roleGroup = text([...simulator.truth('groups', ['id', 'displayName'])].find((found) => found['displayName'] === 'Admins')?.['id']);
});
afterEach(() => {
  simulator.clearFaults();
  simulator.configure({ replicationLag: 0, writeQuota: 3000 });
});
afterAll(async () => {
  client.close();
  await simulator.close();
});

test('a made user has what was written and nothing else, by id, by name, in a filter, in delta and in truth', async () => {
  const cursor = text((await client.get('users/delta?$select=displayName,jobTitle&$deltatoken=latest')).body['@odata.deltaLink']);
  const body = userBody({ jobTitle: 'Nurse', businessPhones: ['+31 20 555 0000'] });
  const made = await client.write('POST', 'users', body);
  expect(made.status).toBe(201);
  const id = text(made.body['id']);
  const name = text(body['userPrincipalName']);
  expect(made.body).toMatchObject({ userPrincipalName: name, jobTitle: 'Nurse', surname: null, businessPhones: ['+31 20 555 0000'] });
  expect(made.text).not.toContain(password);
  const wanted = { id, department: null, onPremisesSyncEnabled: null, userType: 'Member', accountEnabled: true };
  const select = '$select=id,department,onPremisesSyncEnabled,userType,accountEnabled';
  expect((await client.get(`users/${id}?${select}`)).body).toMatchObject(wanted);
  expect((await client.get(`users/${name.toUpperCase()}?${select}`)).body).toMatchObject(wanted);
  const found = await client.get(`users?$filter=${encodeURIComponent(`userPrincipalName eq '${name}'`)}&${select}`);
  expect(found.value).toEqual([wanted]);
  expect((await client.walk(cursor)).objects).toEqual([{ id, displayName: body['displayName'], jobTitle: 'Nurse' }]);
  expect([...simulator.truth('users', ['id', 'department'])]).toContainEqual({ id, department: null });
  expect([simulator.isPassword(id, password), simulator.isPassword(id, 'another')]).toEqual([true, false]);
});

test('PATCH changes what it names, null clears, and the round of a delta query says so', async () => {
  const id = await make(client, 'users', userBody({ jobTitle: 'Nurse', department: 'Ward' }));
  const cursor = text(
    (await client.get('users/delta?$select=jobTitle,department,accountEnabled&$deltatoken=latest')).body['@odata.deltaLink'],
  );
  expect((await client.write('PATCH', `users/${id}`, { jobTitle: 'Doctor', department: null })).status).toBe(204);
  expect((await client.write('PATCH', `users/${id}`, { accountEnabled: false })).status).toBe(204);
  const second = { onPremisesExtensionAttributes: { extensionAttribute2: 'b' } };
  await client.write('PATCH', `users/${id}`, { onPremisesExtensionAttributes: { extensionAttribute1: 'a' } });
  expect((await client.write('PATCH', `users/${id}`, second)).status).toBe(204);
  const select = 'jobTitle,department,accountEnabled,onPremisesExtensionAttributes';
  expect((await client.get(`users/${id}?$select=${select}`)).body).toMatchObject({
    jobTitle: 'Doctor',
    department: null,
    accountEnabled: false,
    onPremisesExtensionAttributes: { extensionAttribute1: 'a', extensionAttribute2: 'b', extensionAttribute3: null },
  });
  expect((await client.walk(cursor)).objects).toEqual([{ id, jobTitle: 'Doctor', department: null, accountEnabled: false }]);
});

test('a new password is taken, seen in its time and in nothing else', async () => {
  const id = await make(client, 'users', userBody());
  simulator.advance(5000);
  const before = (await client.get(`users/${id}?$select=lastPasswordChangeDateTime,passwordProfile`)).body;
  expect((await client.write('PATCH', `users/${id}`, { passwordProfile: { password: 'Another-1-password' } })).status).toBe(204);
  const after = (await client.get(`users/${id}?$select=lastPasswordChangeDateTime,passwordProfile`)).body;
  expect(text(after['lastPasswordChangeDateTime']) > text(before['lastPasswordChangeDateTime'])).toBe(true);
  expect(after['passwordProfile']).toBeNull();
  expect([simulator.isPassword(id, 'Another-1-password'), simulator.isPassword(id, password)]).toEqual([true, false]);
});

test.each<[string, JsonObject, number, RegExp]>([
  ['without a display name', { displayName: null }, 400, /^Invalid value specified for property 'displayName' of resource 'User'\.$/],
  ['with an empty text', { jobTitle: '' }, 400, /^Invalid value specified for property 'jobTitle'/],
  ['with a text for a flag', { accountEnabled: 'yes' }, 400, /^Invalid value specified for property 'accountEnabled'/],
  ['with two phones', { businessPhones: ['1', '2'] }, 400, /^Invalid value specified for property 'businessPhones'/],
  ['with an unknown property', { color: 'red' }, 400, /does not exist on type 'microsoft\.graph\.user'/],
  [
    'with a read-only property',
    { onPremisesSyncEnabled: true },
    400,
    /^Property 'onPremisesSyncEnabled' is read-only and cannot be set\.$/,
  ],
  [
    'with a weak password',
    { passwordProfile: { password: 'short' } },
    400,
    /^The specified password does not comply with password complexity/,
  ],
  ['without a password', { passwordProfile: { forceChangePasswordNextSignIn: true } }, 400, /^A value is required for property 'password'/],
  [
    'of another domain',
    { userPrincipalName: 'a@example.invalid' },
    400,
    /^The domain portion of the userPrincipalName property is invalid/,
  ],
  ['with an accent in the name', { userPrincipalName: 'ána@contoso.example' }, 400, /^Property userPrincipalName is invalid\.$/],
  ['with a nickname that is an address', { mailNickname: 'a@b' }, 400, /^Invalid value specified for property 'mailNickname'/],
  [
    'with a name in use',
    { userPrincipalName: 'USER000001@contoso.example' },
    400,
    /^Another object with the same value for property userPrincipalName already exists\.$/,
  ],
])('a user %s is refused', async (_what, values, status, message) => {
  const reply = await client.write('POST', 'users', userBody(values));
  expect([reply.status, messageOf(reply)]).toEqual([status, expect.stringMatching(message)]);
});

test.each(['accountEnabled', 'displayName', 'mailNickname', 'userPrincipalName', 'passwordProfile'])('a user needs %s', async (name) => {
  const { [name]: _left, ...rest } = userBody();
  const reply = await client.write('POST', 'users', rest);
  expect([reply.status, messageOf(reply)]).toEqual([400, `A value is required for property '${name}' of resource 'User'.`]);
});

test('the conflict of a name says which, a made name is in use too, and a name in the bin is free', async () => {
  const body = userBody();
  const id = await make(client, 'users', body);
  const again = await client.write('POST', 'users', body);
  expect([again.status, codeOf(again)]).toEqual([400, 'Request_BadRequest']);
  expect(again.body).toHaveProperty('error.details', [expect.objectContaining({ code: 'ObjectConflict', target: 'userPrincipalName' })]);
  expect((await client.write('DELETE', `users/${id}`)).status).toBe(204);
  const second = await make(client, 'users', body);
  const back = await client.write('POST', `directory/deletedItems/${id}/restore`);
  expect([back.status, messageOf(back)]).toEqual([400, expect.stringMatching('userPrincipalName already exists')]);
  expect((await client.write('PATCH', `users/${second}`, { userPrincipalName: `renamed${next()}@contoso.example` })).status).toBe(204);
  expect((await client.write('POST', `directory/deletedItems/${id}/restore`)).status).toBe(200);
  expect((await client.get(`users/${text(body['userPrincipalName'])}`)).body['id']).toBe(id);
});

test('a deleted user is in the bin, gone for reads and for a second delete, and comes back', async () => {
  const id = await make(client, 'users', userBody());
  expect((await client.write('DELETE', `users/${id}`)).status).toBe(204);
  const again = await client.write('DELETE', `users/${id}`);
  expect([again.status, codeOf(again)]).toEqual([404, 'Request_ResourceNotFound']);
  expect((await client.get(`users/${id}`)).status).toBe(404);
  expect((await client.get(`directory/deletedItems/${id}`)).body).toMatchObject({ id, deletedDateTime: expect.any(String) as string });
  expect((await client.write('POST', `directory/deletedItems/${id}/restore`)).status).toBe(200);
  expect((await client.get(`users/${id}`)).status).toBe(200);
  expect((await client.get(`directory/deletedItems/${id}`)).status).toBe(404);
  await client.write('DELETE', `users/${id}`);
  expect((await client.write('DELETE', `directory/deletedItems/${id}`)).status).toBe(204);
  expect((await client.write('POST', `directory/deletedItems/${id}/restore`)).status).toBe(404);
});

test.each<[string, string, JsonObject | undefined, number]>([
  ['a job title', 'PATCH', { jobTitle: 'Nurse' }, 400],
  ['enabling', 'PATCH', { accountEnabled: false }, 400],
  ['a location of use', 'PATCH', { usageLocation: 'NL' }, 204],
])('of a synced user %s is answered %s', async (_what, method, body, status) => {
  const reply = await client.write(method, `users/${synced}`, body);
  expect(reply.status).toBe(status);
  if (status === 400) {
    expect(messageOf(reply)).toBe(
      'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.',
    );
  }
});

test.each<[JsonObject | null, number]>([
  [{ jobTitle: 'Boss' }, 204],
  [{ accountEnabled: false }, 403],
  [{ mobilePhone: '1' }, 403],
  [{ passwordProfile: { password: 'Another-1-password' } }, 403],
  [{ userPrincipalName: 'boss@contoso.example' }, 403],
  [null, 403],
])('of an administrator %j is answered %i', async (body, status) => {
  const reply = await client.write(body === null ? 'DELETE' : 'PATCH', `users/${admin}`, body ?? undefined);
  expect(reply.status).toBe(status);
  if (status === 403) expect(codeOf(reply)).toBe('Authorization_RequestDenied');
});

test('whoever is in a group that can hold roles is an administrator', async () => {
  const id = await make(client, 'users', userBody());
  expect((await client.write('PATCH', `users/${id}`, { accountEnabled: false })).status).toBe(204);
  simulator.mutate([{ do: 'addMember', group: roleGroup, member: id }]);
  expect((await client.write('PATCH', `users/${id}`, { accountEnabled: true })).status).toBe(403);
});

test('the same POST of a group again makes a second group; by unique name it makes one', async () => {
  const body = groupBody();
  const [one, other] = [await make(client, 'groups', body), await make(client, 'groups', body)];
  expect(one).not.toBe(other);
  const named = { ...groupBody(), description: 'first' };
  const prefer = { prefer: 'create-if-missing' };
  const name = `order-${next()}`;
  const key = `groups(uniqueName='${name}')`;
  const made = await client.write('PATCH', key, named, prefer);
  expect([made.status, made.body['uniqueName']]).toEqual([201, name]);
  expect((await client.write('PATCH', key, { ...named, description: 'second' }, prefer)).status).toBe(204);
  expect((await client.get(`${key}?$select=id,description`)).body).toMatchObject({ id: made.body['id'], description: 'second' });
  expect((await client.write('PATCH', `groups(uniqueName='nobody')`, { description: 'x' })).status).toBe(404);
});

test.each<[string, JsonObject, RegExp]>([
  ['without a nickname', { mailNickname: null }, /^Invalid value specified for property 'mailNickname' of resource 'Group'\.$/],
  ['with a nickname of 65', { mailNickname: 'a'.repeat(65) }, /^Invalid value specified for property 'mailNickname'/],
  ['with a blank in its nickname', { mailNickname: 'a b' }, /^Invalid value specified for property 'mailNickname'/],
  ['for mail without being unified', { mailEnabled: true }, /^Cannot Create a mail-enabled security groups and or distribution list\.$/],
  ['for nothing', { securityEnabled: false }, /^Invalid value specified for property 'securityEnabled'/],
  ['with an unknown kind', { groupTypes: ['Static'] }, /^Invalid value specified for property 'groupTypes'/],
  ['by rule without a rule', { groupTypes: ['DynamicMembership'] }, /^Invalid value specified for property 'membershipRule'/],
  ['hidden from the start', { hideFromAddressLists: true }, /cannot be set when a group is created/],
  ['with no reference in a list', { 'members@odata.bind': [] }, /must have a non-empty array as its value/],
])('a group %s is refused', async (_what, values, message) => {
  const reply = await client.write('POST', 'groups', groupBody(values));
  expect([reply.status, messageOf(reply)]).toEqual([400, expect.stringMatching(message)]);
});

test.each(['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled'])('a group needs %s', async (name) => {
  const { [name]: _left, ...rest } = groupBody();
  const reply = await client.write('POST', 'groups', rest);
  expect([reply.status, messageOf(reply)]).toEqual([400, `A value is required for property '${name}' of resource 'Group'.`]);
});

test('nicknames of Microsoft 365 groups differ, those of security groups need not', async () => {
  const nickname = `shared-${next()}`;
  const shared = { groupTypes: ['Unified'], mailEnabled: true, mailNickname: nickname };
  await make(client, 'groups', groupBody(shared));
  const again = await client.write('POST', 'groups', groupBody(shared));
  expect([again.status, messageOf(again)]).toEqual([400, 'Another object with the same value for property mailNickname already exists.']);
  await make(client, 'groups', groupBody({ mailNickname: nickname }));
  await make(client, 'groups', groupBody({ mailNickname: nickname }));
});

test('a deleted Microsoft 365 group comes back from the bin, a security group does not', async () => {
  const shared = await make(client, 'groups', groupBody({ groupTypes: ['Unified'], mailEnabled: true }));
  const plainGroup = await make(client, 'groups', groupBody());
  for (const id of [shared, plainGroup]) expect((await client.write('DELETE', `groups/${id}`)).status).toBe(204);
  for (const id of [shared, plainGroup]) expect((await client.write('DELETE', `groups/${id}`)).status).toBe(404);
  expect((await client.write('POST', `directory/deletedItems/${shared}/restore`)).status).toBe(200);
  expect((await client.write('POST', `directory/deletedItems/${plainGroup}/restore`)).status).toBe(404);
});

test('what can only be changed alone is refused beside other properties', async () => {
  const mixed = await client.write('PATCH', `groups/${unified}`, { hideFromAddressLists: true, description: 'x' });
  expect([mixed.status, messageOf(mixed)]).toEqual([400, expect.stringMatching('must be changed in a request of its own')]);
  expect((await client.write('PATCH', `groups/${unified}`, { hideFromAddressLists: true })).status).toBe(204);
});

test('a device is changed by id and by its own id, and is deleted for good', async () => {
  const device = [...simulator.truth('devices', ['id', 'deviceId', 'operatingSystem'])].find(
    (found) => found['operatingSystem'] === 'Windows',
  );
  const id = text(device?.['id']);
  expect((await client.write('PATCH', `devices/${id}`, { accountEnabled: false })).status).toBe(204);
  const own = `devices(deviceId='${text(device?.['deviceId'])}')`;
  expect((await client.write('PATCH', own, { extensionAttributes: { extensionAttribute1: 'BYOD' } })).status).toBe(204);
  expect((await client.get(`${own}?$select=id,accountEnabled,extensionAttributes`)).body).toMatchObject({
    id,
    accountEnabled: false,
    extensionAttributes: { extensionAttribute1: 'BYOD', extensionAttribute2: null },
  });
  expect((await client.write('DELETE', `devices/${id}`)).status).toBe(204);
  expect((await client.write('DELETE', `devices/${id}`)).status).toBe(404);
  expect((await client.write('POST', `directory/deletedItems/${id}/restore`)).status).toBe(404);
});

test.each<[string, string, JsonObject, number, string]>([
  ['make one', 'POST', { displayName: 'D' }, 403, 'Authorization_RequestDenied'],
  ['say that it complies', 'PATCH', { isCompliant: true }, 403, 'Authorization_RequestDenied'],
  ['change its identity', 'PATCH', { deviceId: '11111111-2222-4333-8444-555555555555' }, 400, 'Request_BadRequest'],
  ['write a sixteenth attribute', 'PATCH', { extensionAttributes: { extensionAttribute16: 'a' } }, 400, 'Request_BadRequest'],
])('of devices an app cannot %s', async (_what, method, body, status, code) => {
  const windows = [...simulator.truth('devices', ['id', 'operatingSystem'])].find((found) => found['operatingSystem'] === 'Windows');
  const reply = await client.write(method, method === 'POST' ? 'devices' : `devices/${text(windows?.['id'])}`, body);
  expect([reply.status, codeOf(reply)]).toEqual([status, code]);
});

test('the attributes of a Linux device cannot be written by an app', async () => {
  const linux = [...simulator.truth('devices', ['id', 'operatingSystem'])].find((found) => found['operatingSystem'] === 'Linux');
  const reply = await client.write('PATCH', `devices/${text(linux?.['id'])}`, { extensionAttributes: { extensionAttribute1: 'a' } });
  expect(reply.status).toBe(403);
});

test.each<[string, string, string, JsonObject | undefined, readonly string[], readonly string[]]>([
  ['make a user', 'POST', 'users', {}, ['User.ReadWrite.All'], ['User.EnableDisableAccount.All', 'Group.ReadWrite.All']],
  ['change a user', 'PATCH', 'users/X', { jobTitle: 'a' }, ['User.ReadWrite.All'], ['User-PasswordProfile.ReadWrite.All']],
  [
    'set a password',
    'PATCH',
    'users/X',
    { passwordProfile: {} },
    ['User-PasswordProfile.ReadWrite.All'],
    ['User.ReadWrite.All', 'Directory.ReadWrite.All'],
  ],
  [
    'disable',
    'PATCH',
    'users/X',
    { accountEnabled: false },
    ['User.EnableDisableAccount.All', 'User.Read.All'],
    ['User.EnableDisableAccount.All'],
  ],
  ['write a phone', 'PATCH', 'users/X', { mobilePhone: '1' }, ['User-Phone.ReadWrite.All'], ['User-Mail.ReadWrite.All']],
  ['write mail addresses', 'PATCH', 'users/X', { otherMails: [] }, ['User-Mail.ReadWrite.All'], ['User-Phone.ReadWrite.All']],
  ['write identities', 'PATCH', 'users/X', { identities: [] }, ['User.ManageIdentities.All'], ['User.ReadWrite.All']],
  ['delete a user', 'DELETE', 'users/X', undefined, ['User.DeleteRestore.All'], ['User.EnableDisableAccount.All']],
  ['make a group', 'POST', 'groups', {}, ['Group.Create'], ['GroupMember.ReadWrite.All']],
  ['change a group', 'PATCH', 'groups/X', { description: 'a' }, ['Group.ReadWrite.All'], ['GroupMember.ReadWrite.All']],
  ['delete a group', 'DELETE', 'groups/X', undefined, ['Group.ReadWrite.All'], ['GroupMember.ReadWrite.All', 'Group.Create']],
  ['add a member', 'POST', 'groups/X/members/$ref', {}, ['GroupMember.ReadWrite.All'], ['User.ReadWrite.All']],
  ['remove a member', 'DELETE', 'groups/X/members/Y/$ref', undefined, ['GroupMember.ReadWrite.All'], ['User.ReadWrite.All']],
  ['add an owner', 'POST', 'groups/X/owners/$ref', {}, ['Group.ReadWrite.All'], ['GroupMember.ReadWrite.All']],
  ['change a device', 'PATCH', 'devices/X', {}, ['Device.ReadWrite.All'], ['User.ReadWrite.All', 'Group.ReadWrite.All']],
  [
    'give a role',
    'POST',
    'roleManagement/directory/roleAssignments',
    {},
    ['RoleManagement.ReadWrite.Directory'],
    ['Directory.ReadWrite.All'],
  ],
])('to %s takes its own permission', async (_what, method, path, body, enough, wrong) => {
  for (const [granted, refused] of [
    [enough, false],
    [wrong, true],
  ] as const) {
    simulator.configure({ roles: granted });
    const writer = openClient(simulator);
    const reply = await writer.write(method, path, body);
    writer.close();
    expect([granted, reply.status === 403]).toEqual([granted, refused]);
  }
  simulator.configure({ roles });
});

test('a service principal is made once for an application, changed, and deleted into the bin', async () => {
  simulator.configure({ roles: [...roles, 'Application.ReadWrite.All'] });
  const writer = openClient(simulator);
  const body = { appId: '11111111-2222-4333-8444-555555555555', displayName: 'App' };
  const made = await writer.write('POST', 'servicePrincipals', body);
  expect([made.status, made.body['displayName']]).toEqual([201, 'App']);
  expect((await writer.write('POST', 'servicePrincipals', body)).status).toBe(409);
  const path = `servicePrincipals/${text(made.body['id'])}`;
  expect((await writer.write('PATCH', path, { appId: body.appId })).status).toBe(400);
  expect((await writer.write('PATCH', path, { accountEnabled: false })).status).toBe(204);
  expect((await writer.get(`${path}?$select=accountEnabled`)).body['accountEnabled']).toBe(false);
  expect((await client.write('DELETE', path)).status).toBe(403);
  expect((await writer.write('DELETE', path)).status).toBe(204);
  expect((await writer.write('DELETE', path)).status).toBe(404);
  writer.close();
  simulator.configure({ roles });
});
