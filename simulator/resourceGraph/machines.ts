// Virtual machines with their network interfaces and public addresses: three kinds of rows that name each other.
import type { JsonObject } from '../../src/model.ts';
import type { Overlay } from './overlay.ts';
import { locations, type Places, timeOf } from './places.ts';
import { pad } from './shape.ts';
import type { Strand } from './strands.ts';

export const vmName = (vm: number): string => `vm-${pad(vm, 6)}`;
/** Most interfaces of one machine. */
const interfaces = 2;

/** One, but none for a tenth and two for a fifth. */
const interfaceCount = (vm: number): number => (vm % 10 === 8 ? 0 : vm % 5 === 2 ? 2 : 1);
/** Of two, the second for every other machine; for some, neither says so. */
const isPrimary = (vm: number, nic: number): boolean => interfaceCount(vm) === 1 || (vm % 50 !== 47 && nic === vm % interfaces);
/** Every third machine has an address, at its first interface. */
const hasAddress = (vm: number): boolean => vm % 3 === 0 && interfaceCount(vm) > 0;
/** An interface of a machine that is switched off has no MAC address. */
const isOff = (vm: number): boolean => vm % 12 === 11;

const computeGroup = (places: Places, vm: number): string =>
  `/subscriptions/${places.subscriptions[places.subscriptionOf(vm, places.shape.vms)] ?? ''}/resourceGroups/rg-compute/providers`;

export const machineId = (places: Places, vm: number): string =>
  `${computeGroup(places, vm)}/Microsoft.Compute/virtualMachines/${vmName(vm)}`;

export function machines(places: Places, overlay: Overlay): Strand[] {
  const { shape, subscriptions, tenantId } = places;
  const count = (): number => shape.vms + overlay.createdVms;
  const subscriptionOf = (vm: number): number => places.subscriptionOf(vm, shape.vms);
  const group = (vm: number): string => computeGroup(places, vm);
  const idOf = (vm: number): string => machineId(places, vm);
  const nicId = (vm: number, nic: number): string => `${group(vm)}/Microsoft.Network/networkInterfaces/${vmName(vm)}-nic${nic}`;
  const addressId = (vm: number): string => `${group(vm)}/Microsoft.Network/publicIPAddresses/${vmName(vm)}-ip`;
  const row = (vm: number, id: string, type: string, more: JsonObject): JsonObject => ({
    id,
    name: id.slice(id.lastIndexOf('/') + 1),
    type,
    tenantId,
    kind: '',
    location: locations[vm % locations.length] ?? '',
    resourceGroup: 'rg-compute',
    subscriptionId: subscriptions[subscriptionOf(vm)] ?? '',
    managedBy: '',
    sku: null,
    plan: null,
    tags: {},
    identity: null,
    zones: null,
    extendedLocation: null,
    ...more,
  });

  const machine = (vm: number): JsonObject =>
    row(vm, idOf(vm), 'microsoft.compute/virtualmachines', {
      tags: vm % 4 === 3 ? {} : { env: vm % 2 === 0 ? 'production' : 'test', owner: `team-${vm % 7}` },
      zones: vm % 3 === 1 ? [String(1 + (vm % 2))] : null,
      properties: {
        provisioningState: 'Succeeded',
        timeCreated: timeOf(places.dice(1, vm)),
        vmId: places.guid(1, vm),
        hardwareProfile: { vmSize: 'Standard_D2s_v5' },
        osProfile: { computerName: vmName(vm), adminUsername: 'azureuser' },
        storageProfile: {
          osDisk: {
            name: `${vmName(vm)}-os`,
            osType: vm % 3 === 2 ? 'Windows' : 'Linux',
            managedDisk: { id: `${group(vm)}/Microsoft.Compute/disks/${vmName(vm)}-os` },
          },
          // Machines of an own image tell neither publisher nor sku.
          imageReference:
            vm % 13 === 12
              ? { id: `${group(vm)}/Microsoft.Compute/images/golden` }
              : { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
        },
        networkProfile: {
          networkInterfaces: Array.from({ length: interfaceCount(vm) }, (_, nic) => ({
            id: nicId(vm, nic).replace('rg-compute', 'RG-COMPUTE'),
            ...(interfaceCount(vm) === 1 ? {} : { properties: { primary: isPrimary(vm, nic) } }),
          })),
        },
        extended: { instanceView: { powerState: { code: isOff(vm) ? 'PowerState/deallocated' : 'PowerState/running' } } },
      },
    });

  const networkInterface = (vm: number, nic: number): JsonObject =>
    row(vm, nicId(vm, nic), 'microsoft.network/networkinterfaces', {
      properties: {
        primary: isPrimary(vm, nic),
        macAddress: isOff(vm) ? null : `00-0D-3A-${hex(vm >> 12)}-${hex(vm >> 4)}-${hex((vm << 4) + nic)}`,
        virtualMachine: { id: idOf(vm) },
        ipConfigurations: [
          {
            name: 'ipconfig1',
            properties: {
              primary: true,
              privateIPAddress: `10.${(vm >> 8) & 255}.${vm & 255}.${nic + 4}`,
              ...(nic === 0 && hasAddress(vm) ? { publicIPAddress: { id: addressId(vm) } } : {}),
            },
          },
        ],
      },
    });

  const address = (vm: number): JsonObject =>
    row(vm, addressId(vm), 'microsoft.network/publicipaddresses', {
      sku: { name: 'Standard', tier: 'Regional' },
      properties: { ipAddress: `20.${(vm >> 16) & 255}.${(vm >> 8) & 255}.${vm & 255}`, publicIPAllocationMethod: 'Static' },
    });

  const common = { table: 'resources', kind: 'vm', every: 1, count, subscriptionOf, find: vmOf } as const;
  return [
    {
      ...common,
      name: 'virtualMachines',
      slots: () => [{ key: 'row', fixed: { type: 'microsoft.compute/virtualmachines', kind: '' }, row: machine }],
    },
    {
      ...common,
      name: 'networkInterfaces',
      slots: () =>
        Array.from({ length: interfaces }, (_, nic) => ({
          key: `nic${nic}`,
          fixed: { type: 'microsoft.network/networkinterfaces', kind: '' },
          isAbsent: (vm: number) => nic >= interfaceCount(vm),
          row: (vm: number) => networkInterface(vm, nic),
        })),
    },
    {
      ...common,
      name: 'publicIpAddresses',
      slots: () => [
        { key: 'ip', fixed: { type: 'microsoft.network/publicipaddresses', kind: '' }, isAbsent: (vm) => !hasAddress(vm), row: address },
      ],
    },
  ];
}

/** The machine that an id of it, of its interface or of its address names. */
function vmOf(id: string): number | null {
  const found = /\/vm-(\d+)(-nic\d|-ip)?$/i.exec(id);
  return found === null ? null : Number(found[1]);
}

const hex = (value: number): string => (value & 255).toString(16).padStart(2, '0').toUpperCase();
