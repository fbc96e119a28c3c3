// What records of the sources show of themselves: facts by which assets of different connections are one. Pure.
import type { Json, JsonObject } from '../../model.ts';
import type { AssetFacts } from './facts.ts';

interface AssetRecord {
  /** Unique among all assets. */
  readonly asset: string;
  /** The connection: its records are told apart by their own ids. */
  readonly connection: string;
  readonly id: string;
  readonly body: JsonObject;
}

/** Of a virtual machine of Resource Graph. */
export function machineFacts({ asset, connection, id, body }: AssetRecord): AssetFacts {
  const { vmId, osProfile } = objectAt(body['properties']);
  return {
    asset,
    source: connection,
    sourceKey: id,
    resourceId: id,
    vmId: textOf(vmId),
    biosUuid: null,
    macs: [textOf(objectAt(objectAt(body['primaryNetworkInterface'])['nicProperties'])['macAddress']) ?? []].flat(),
    hostname: textOf(objectAt(osProfile)['computerName']) ?? textOf(body['name']),
    subscription: textOf(body['subscriptionId']),
  };
}

const resourceLabel = '[AzureResourceId]:';

/** Of a device of Entra ID. A device of an Azure machine names the machine among its physical ids, where these are selected. */
export function deviceFacts({ asset, connection, id, body }: AssetRecord): AssetFacts {
  const physicalIds = Array.isArray(body['physicalIds']) ? body['physicalIds'] : [];
  const resourceId = physicalIds.flatMap((one) =>
    typeof one === 'string' && one.startsWith(resourceLabel) ? [one.slice(resourceLabel.length)] : [],
  )[0];
  return {
    asset,
    source: connection,
    sourceKey: id,
    resourceId: resourceId ?? null,
    vmId: null,
    biosUuid: null,
    macs: [],
    hostname: textOf(body['displayName']),
    subscription: /^\/subscriptions\/([^/]+)\//i.exec(resourceId ?? '')?.[1] ?? null,
  };
}

const objectAt = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const textOf = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
