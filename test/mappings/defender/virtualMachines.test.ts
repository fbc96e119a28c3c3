// Virtual machines with what other rows say of them (decision 49).
import { networkInterfaceIds, publicIpIds, virtualMachines } from '../../../src/mappings/defender/virtualMachines.ts';
import { machine, machineId, networkInterface, publicIp } from '../../support/azureRows.ts';

const joined = {
  networkInterfaces: [networkInterface('nic-1', null), networkInterface('nic-2', 'ip-2', true)],
  publicIps: [publicIp('ip-2', '203.0.113.7')],
};
const one = (row = machine(['nic-1', 'nic-2']), other = joined) => virtualMachines([row], other).objects[0];

test('its id is in lower case, and as it was sent beside it', () => {
  expect(one()).toMatchObject({ id: machineId.toLowerCase(), resourceId: machineId });
});

test('the disk, the tags by key, and the interface with its address are found whatever the case of their ids', () => {
  expect(one()).toMatchObject({
    osDiskId: expect.stringMatching(/\/disks\/Web-1-os$/) as string,
    externalTags: [
      { key: 'Env', value: 'prod' },
      { key: 'owner', value: 'ana' },
    ],
    primaryNetworkInterface: {
      nicId: expect.stringMatching(/\/networkinterfaces\/nic-2$/) as string,
      nicProperties: { macAddress: '00-0D-3A-00-00-02' },
      publicIpProperties: { ipAddress: '203.0.113.7' },
    },
  });
});

const two = [networkInterface('nic-1', null), networkInterface('nic-2', null)];
test.each<[string, readonly string[], readonly string[], typeof two, string | undefined]>([
  ['the one that the machine calls primary', ['nic-1', 'nic-2'], ['nic-2'], two, 'nic-2'],
  ['the one that calls itself primary', ['nic-1', 'nic-2'], [], joined.networkInterfaces, 'nic-2'],
  ['the only one', ['nic-1'], [], two, 'nic-1'],
  ['none of several that say nothing', ['nic-1', 'nic-2'], [], two, undefined],
  ['none where there is none', [], [], two, undefined],
  ['none that was not found', ['nic-9'], [], two, undefined],
])('the primary interface is %s', (_name, names, primary, networkInterfaces, expected) => {
  const found = one(machine(names, primary), { networkInterfaces, publicIps: [] })?.['primaryNetworkInterface'];
  expect(found).toEqual(
    expected === undefined ? undefined : expect.objectContaining({ nicId: expect.stringContaining(expected) as string }),
  );
});

test('the ids to ask for are those that rows name', () => {
  expect(networkInterfaceIds(machine(['nic-1', 'nic-2'])).map((id) => id.split('/').at(-1))).toEqual(['nic-1', 'nic-2']);
  expect(publicIpIds(networkInterface('nic-2', 'ip-2')).map((id) => id.split('/').at(-1))).toEqual(['ip-2']);
  expect([networkInterfaceIds({ id: 'x' }), publicIpIds({ id: 'x' })]).toEqual([[], []]);
});

test.each([[null], ['no object'], [[]], [7]])('a row whose properties are %j is an asset still', (properties) => {
  expect(virtualMachines([{ id: 'A', properties }], { networkInterfaces: [] })).toEqual({
    objects: [{ id: 'a', resourceId: 'A', properties, externalTags: [] }],
    rejects: [],
  });
});

test('a row without an id is set aside, and the others are not', () => {
  expect(virtualMachines([{ id: null }, machine([]), { id: ' ' }], joined)).toMatchObject({
    objects: [{ resourceId: machineId }],
    rejects: [
      { id: '', reason: 'id is missing' },
      { id: '', reason: 'id is missing' },
    ],
  });
});
