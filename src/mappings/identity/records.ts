// What records of the sources show of themselves: facts by which assets of different connections are one. Pure.
import type { Json, JsonObject } from '../../model.ts';
import type { AssetFacts } from './facts.ts';

/** What a record shows. MUST NOT throw, whatever the source sent. */
export type FactsOf = (record: { readonly id: string; readonly body: JsonObject }) => AssetFacts;

/** Of a virtual machine of Resource Graph. */
export const machineFacts: FactsOf = ({ id, body }) => {
  const { vmId, osProfile } = objectAt(body['properties']);
  return {
    resourceId: id,
    vmId: textOf(vmId),
    biosUuid: null,
    macs: [textOf(objectAt(objectAt(body['primaryNetworkInterface'])['nicProperties'])['macAddress']) ?? []].flat(),
    hostname: textOf(objectAt(osProfile)['computerName']) ?? textOf(body['name']),
    subscription: textOf(body['subscriptionId']),
  };
};

const resourceLabel = '[AzureResourceId]:';

/** Of a device of Entra ID. A device of an Azure machine names the machine among its physical ids. */
export const deviceFacts: FactsOf = ({ body }) => {
  const physicalIds = Array.isArray(body['physicalIds']) ? body['physicalIds'] : [];
  const resourceId = physicalIds.flatMap((one) =>
    typeof one === 'string' && one.startsWith(resourceLabel) ? [one.slice(resourceLabel.length)] : [],
  )[0];
  return {
    resourceId: resourceId ?? null,
    vmId: null,
    biosUuid: null,
    macs: [],
    hostname: textOf(body['displayName']),
    subscription: /^\/subscriptions\/([^/]+)\//i.exec(resourceId ?? '')?.[1] ?? null,
  };
};

const objectAt = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const textOf = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
