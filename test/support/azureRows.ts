// Rows of Azure Resource Graph as Microsoft's pages show them, with ids of this one subscription.
import type { JsonObject } from '../../src/model.ts';

export const subscription = '5b1fe1a0-0000-4000-8000-000000000001';
export const group = `/subscriptions/${subscription}/resourceGroups/Prod`;
export const machineId = `${group}/providers/Microsoft.Compute/virtualMachines/Web-1`;
const network = `${group}/providers/Microsoft.Network`;

export const resource = (type: string, name: string, fields: JsonObject = {}): JsonObject => ({
  id: `${group}/providers/${type}/${name}`,
  name,
  type: type.toLowerCase(),
  tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
  location: 'westeurope',
  resourceGroup: 'prod',
  subscriptionId: subscription,
  tags: {},
  zones: null,
  ...fields,
});

/** A machine with these interfaces, by name; the first is primary by the machine's word where `primary` says so. */
export const machine = (interfaces: readonly string[], primary: readonly string[] = []): JsonObject =>
  resource('Microsoft.Compute/virtualMachines', 'Web-1', {
    tags: { owner: 'ana', Env: 'prod' },
    zones: ['1'],
    properties: {
      timeCreated: '2026-01-02T03:04:05Z',
      vmId: '0f0f0f0f-1111-4222-8333-444444444444',
      osProfile: { computerName: 'web1' },
      storageProfile: {
        osDisk: { osType: 'Linux', managedDisk: { id: `${group}/providers/Microsoft.Compute/disks/Web-1-os` } },
        imageReference: { publisher: 'canonical', sku: '22_04-lts' },
      },
      networkProfile: {
        networkInterfaces: interfaces.map((name) => ({
          id: `${network}/networkInterfaces/${name}`,
          ...(primary.includes(name) ? { properties: { primary: true } } : {}),
        })),
      },
    },
  });

/** Ids of interfaces and addresses come back in another case than they are named in. */
export const networkInterface = (name: string, publicIp: string | null, primary = false): JsonObject => ({
  id: `${network}/networkInterfaces/${name}`.toLowerCase(),
  properties: {
    primary,
    macAddress: `00-0D-3A-00-00-0${name.at(-1) ?? ''}`,
    ipConfigurations: [
      {
        properties: {
          primary: true,
          ...(publicIp === null ? {} : { publicIPAddress: { id: `${network}/publicIPAddresses/${publicIp}` } }),
        },
      },
    ],
  },
});

export const publicIp = (name: string, ipAddress: string): JsonObject => ({
  id: `${network}/publicIPAddresses/${name}`.toUpperCase(),
  properties: { ipAddress },
});

/** An assessment of a resource; `properties` are merged over what is usual. */
export const assessmentRow = (resourceId: string, key: string, properties: JsonObject = {}): JsonObject => ({
  id: `${resourceId}/providers/Microsoft.Security/assessments/${key}`,
  name: key,
  tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
  subscriptionId: subscription,
  resourceGroup: 'prod',
  properties: {
    displayName: 'Disks should be encrypted',
    status: { code: 'Unhealthy', statusChangeDate: '2026-08-28T04:11:02Z', firstEvaluationDate: '2026-08-01T04:11:02Z' },
    metadata: { severity: 'High', assessmentType: 'BuiltIn', description: 'Why it matters.', remediationDescription: 'What to do.' },
    resourceDetails: {
      Source: 'Azure',
      ResourceType: 'microsoft.compute/virtualmachines',
      ResourceName: resourceId.split('/').at(-1) ?? '',
      Id: resourceId,
      NativeResourceId: resourceId,
    },
    ...properties,
  },
});
