// Virtual machines with their network interfaces and public addresses, which are rows of their own and found by id.
import type { Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { at, isTrue, list, present, text } from './fields.ts';
import { externalTags, normalise, type Normalised } from './rows.ts';

type ById = ReadonlyMap<string, JsonObject>;

/** The ids of the network interfaces that a machine names. */
export function networkInterfaceIds(row: JsonObject): string[] {
  return list(at(row, 'properties', 'networkProfile', 'networkInterfaces')).flatMap((entry) => text(at(entry, 'id')) ?? []);
}

/** The ids of the public addresses that a network interface names. */
export function publicIpIds(row: JsonObject): string[] {
  return configurationsOf(row).flatMap((configuration) => publicIpId(configuration) ?? []);
}

export function virtualMachines(rows: readonly JsonObject[], joined: Readonly<Record<string, readonly JsonObject[]>>): Normalised {
  const interfaces = byId(joined['networkInterfaces'] ?? []);
  const addresses = byId(joined['publicIps'] ?? []);
  return normalise(rows, (row, id) => {
    const primary = primaryInterface(row, interfaces);
    const made = present({
      osDiskId: at(row, 'properties', 'storageProfile', 'osDisk', 'managedDisk', 'id'),
      primaryNetworkInterface: primary === undefined ? undefined : interfaceOf(primary, addresses),
    });
    return { objects: [{ ...row, id, resourceId: row['id'] ?? null, ...made, externalTags: externalTags(row['tags']) }] };
  });
}

function byId(rows: readonly JsonObject[]): ById {
  return new Map(rows.flatMap((row) => [[(text(row['id']) ?? '').toLowerCase(), row] as const]));
}

/** The interface that is primary, by the machine's word or its own; else the only one (decision 49). */
function primaryInterface(row: JsonObject, interfaces: ById): JsonObject | undefined {
  const entries = list(at(row, 'properties', 'networkProfile', 'networkInterfaces'));
  const found = entries.flatMap((entry) => {
    const nic = interfaces.get((text(at(entry, 'id')) ?? '').toLowerCase());
    return nic === undefined
      ? []
      : [{ nic, primary: isTrue(at(entry, 'properties', 'primary')) || isTrue(at(nic, 'properties', 'primary')) }];
  });
  return found.find(({ primary }) => primary)?.nic ?? (found.length === 1 ? found[0]?.nic : undefined);
}

function interfaceOf(nic: JsonObject, addresses: ById): JsonObject {
  const configurations = configurationsOf(nic);
  const configuration = configurations.find((one) => isTrue(at(one, 'properties', 'primary'))) ?? configurations[0];
  const address = addresses.get((publicIpId(configuration) ?? '').toLowerCase());
  const ipAddress = at(address, 'properties', 'ipAddress');
  const properties = at(nic, 'properties');
  return present({
    nicId: text(nic['id'])?.toLowerCase(),
    nicProperties: isObject(properties) ? { macAddress: at(properties, 'macAddress') ?? null } : undefined,
    publicIpProperties: ipAddress === undefined ? undefined : { ipAddress },
  });
}

function configurationsOf(nic: JsonObject): readonly Json[] {
  return list(at(nic, 'properties', 'ipConfigurations'));
}

function publicIpId(configuration: Json | undefined): string | undefined {
  return text(at(configuration, 'properties', 'publicIPAddress', 'id'));
}
