// Devices: what an organization's look like, how they change, and who may read them.
import type { JsonObject } from '../../src/model.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { mutateDeviceMix } from '../../simulator/deviceMix.ts';
import { mutateMix } from '../../simulator/mix.ts';
import { Tenant } from '../../simulator/tenant.ts';
import { truth } from '../../simulator/truth.ts';
import { codeOf, openClient, text } from './client.ts';
import type { Client } from './client.ts';

let simulator: Simulator;
let client: Client;

beforeEach(async () => {
  simulator = await startSimulator({ users: 300, devices: 1000, settings: { quota: null } });
  client = openClient(simulator);
});
afterEach(async () => {
  client.close();
  await simulator.close();
});

const device = (index: number): string => simulator.idOf('device', index);

async function latest(select: string): Promise<string> {
  const reply = await client.get(`devices/delta?$select=${select}&$deltatoken=latest`);
  expect(reply.value).toEqual([]);
  return text(reply.body['@odata.deltaLink']);
}

/** How often each value of a property occurs. */
function counted(objects: Iterable<JsonObject>, property: string): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const object of objects) counts.set(object[property], (counts.get(object[property]) ?? 0) + 1);
  return counts;
}

test('what a manager would say of a device is null on those that nobody manages', () => {
  const all = [...simulator.truth('devices')];
  expect([...counted(all, 'isManaged').keys()]).toEqual(expect.arrayContaining([true, null]));
  expect([...counted(all, 'isCompliant').keys()]).toEqual(expect.arrayContaining([true, false, null]));
  for (const each of all)
    if (each['isManaged'] === null) expect(each).toMatchObject({ isCompliant: null, mdmAppId: null, enrollmentType: null });
});

test('values are those of the documentation, and ids are distinct', () => {
  const all = [...simulator.truth('devices')];
  expect(new Set(counted(all, 'trustType').keys())).toEqual(new Set(['AzureAd', 'ServerAd', 'Workplace', null]));
  expect(new Set(counted(all, 'operatingSystem').keys())).toEqual(new Set(['Windows', 'iOS', 'Android', 'macOS', 'Linux']));
  expect(new Set(counted(all, 'profileType').keys())).toEqual(new Set(['RegisteredDevice', 'SecureVM']));
  for (const name of ['id', 'deviceId']) expect(counted(all, name).size).toBe(all.length);
  for (const each of all) {
    expect(each['id']).not.toBe(each['deviceId']);
    expect(text(each['approximateLastSignInDateTime']) >= text(each['registrationDateTime'])).toBe(true);
    if (each['trustType'] !== 'ServerAd') expect(each['onPremisesSyncEnabled']).toBeNull();
  }
});

test('there are as many as users unless said otherwise, and never fewer than groups, whose members some are', () => {
  expect(new Tenant({ users: 50 }).count('device')).toBe(50);
  expect(new Tenant({ users: 50, devices: 70 }).count('device')).toBe(70);
  expect(new Tenant({ users: 5, groups: 40 }).count('device')).toBe(40);
});

test('a first round brings pages of 200; later ones bring what changed of the selection, null where it was cleared', async () => {
  const first = await client.walk('devices/delta?$select=displayName,trustType');
  expect(first).toMatchObject({ pages: 5, objects: { length: 1000 } });
  simulator.mutate([
    { do: 'updateDevice', id: device(1), set: { displayName: 'RENAMED' } },
    { do: 'updateDevice', id: device(2), set: { trustType: null } },
    { do: 'updateDevice', id: device(3), set: { accountEnabled: false } },
    { do: 'createDevice', set: { displayName: 'NEW-HOST' } },
    { do: 'deleteDevice', id: device(4) },
  ]);
  const round = await client.walk(text(first.cursor));
  expect(round.objects).toEqual([
    expect.objectContaining({ id: device(1), displayName: 'RENAMED' }),
    expect.objectContaining({ id: device(2), trustType: null }),
    expect.objectContaining({ id: device(1000), displayName: 'NEW-HOST' }),
    { id: device(4), '@removed': { reason: 'deleted' } },
  ]);
});

test('return=minimal is not known here: a changed device comes with all that is selected', async () => {
  const cursor = await latest('displayName,operatingSystem');
  simulator.mutate([{ do: 'updateDevice', id: device(7), set: { displayName: 'RENAMED' } }]);
  const { value } = await client.get(cursor, { prefer: 'return=minimal' });
  expect(value).toEqual([{ id: device(7), displayName: 'RENAMED', operatingSystem: expect.any(String) }]);
});

test('a delta link ends after seven days', async () => {
  const cursor = await latest('displayName');
  simulator.advance(7 * 86_400_000 + 1_000);
  const fresh = openClient(simulator);
  expect(codeOf(await fresh.get(cursor))).toBe('syncStateNotFound');
  fresh.close();
});

test('deleting is for good: it is gone, from its groups too, and cannot be deleted again', async () => {
  const edge = [...simulator.truth('edges')].find(({ type }) => type === '#microsoft.graph.device');
  const [id, group] = [text(edge?.['to']), text(edge?.['from'])];
  const members = async (): Promise<unknown[]> => (await client.walk(`groups/${group}/members`)).objects.map((member) => member['id']);
  expect(await members()).toContain(id);
  expect((await client.get(`devices/${id}?$select=id`)).body).toMatchObject({ id });
  simulator.mutate([{ do: 'deleteDevice', id }]);
  expect((await client.get(`devices/${id}`)).status).toBe(404);
  expect(await members()).not.toContain(id);
  expect([...simulator.truth('edges')].filter(({ to }) => to === id)).toEqual([]);
  expect([...simulator.truth('devices', ['id'])]).toHaveLength(999);
  expect(() => simulator.mutate([{ do: 'deleteDevice', id }])).toThrow('is deleted already');
});

test.each([
  ['Device.Read.All', 200, 200],
  ['Device.ReadWrite.All', 200, 403],
  ['Directory.Read.All', 200, 403],
  ['User.Read.All', 403, 403],
])('%s: a list is answered with %i, its changes with %i', async (role, list, delta) => {
  simulator.configure({ roles: [role] });
  const reader = openClient(simulator);
  const replies = [await reader.get('devices?$top=1'), await reader.get('devices/delta?$deltatoken=latest')];
  reader.close();
  expect(replies.map(({ status }) => status)).toEqual([list, delta]);
});

test('a request costs one resource unit', async () => {
  for (const path of ['devices?$top=999', 'devices?$select=id', 'devices/delta?$deltatoken=latest', `devices/${device(1)}`]) {
    expect((await client.get(path)).headers['x-ms-resource-unit']).toBe('1');
  }
});

test('the mix of changes is the same for the same seed, size and history, and leaves the other mix as it is', () => {
  const [one, other] = [new Tenant({ users: 100 }), new Tenant({ users: 100 })];
  const changes = [...mutateDeviceMix(one, 13), ...mutateDeviceMix(one, 27)];
  expect(mutateDeviceMix(other, 40)).toEqual(changes);
  expect(new Set(changes.map((change) => change.do))).toEqual(new Set(['createDevice', 'updateDevice', 'deleteDevice']));
  expect(mutateMix(one, 40)).toEqual(mutateMix(new Tenant({ users: 100 }), 40));
  expect([...truth(one, 'devices')]).toHaveLength(100);
  expect(mutateDeviceMix(new Tenant({ users: 0, groups: 0 }), 1)).toEqual([expect.objectContaining({ do: 'createDevice' })]);
});
