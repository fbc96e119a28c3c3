// What a virtual machine and a device show of themselves, and that they are found to be one.
import { virtualMachines } from '../../../src/mappings/defender/virtualMachines.ts';
import { joinAssets } from '../../../src/mappings/identity/join.ts';
import { identityKeys } from '../../../src/mappings/identity/keys.ts';
import { deviceFacts, machineFacts } from '../../../src/mappings/identity/records.ts';
import { rules } from '../../../src/mappings/identity/rules.ts';
import type { JsonObject } from '../../../src/model.ts';
import { machine, machineId, networkInterface, subscription } from '../../support/azureRows.ts';

const [body = {}] = virtualMachines([machine(['nic-1'])], { networkInterfaces: [networkInterface('nic-1', null)] }).objects;
const ofMachine = machineFacts({ id: String(body['id']), body });
const device = (fields: JsonObject) => deviceFacts({ id: 'd', body: fields });

test('a machine shows its id, VM id, address, hostname and subscription', () => {
  expect(ofMachine).toEqual({
    resourceId: machineId.toLowerCase(),
    vmId: '0f0f0f0f-1111-4222-8333-444444444444',
    biosUuid: null,
    macs: ['00-0D-3A-00-00-01'],
    hostname: 'web1',
    subscription,
  });
  expect(machineFacts({ id: 'i', body: { name: 'web2' } })).toMatchObject({
    vmId: null,
    macs: [],
    hostname: 'web2',
  });
});

test.each<[string, JsonObject, number]>([
  ['that names the machine', { displayName: 'other', physicalIds: ['[USER-GID]:x', `[AzureResourceId]:${machineId}`] }, 1],
  ['of the same name alone', { displayName: 'web1' }, 2],
  ['without anything', {}, 2],
  ['with physical ids of no use', { displayName: 'web1', physicalIds: [null, 7, '[AzureResourceId]:'] }, 2],
])('a device %s', (_name, fields, identities) => {
  const assets = [ofMachine, device(fields)].map((facts, place) => {
    const source = String(place);
    return { asset: source, source, keys: identityKeys(facts).keys };
  });
  expect(joinAssets(assets, rules).identities).toHaveLength(identities);
});
