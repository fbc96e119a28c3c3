// The registry of connectors.
import { TidemarkError } from '../errors.ts';
import { type AssetClass, isFinding } from '../model.ts';
import type { ConnectorDefinition, StreamDefinition } from './definition.ts';
import { defenderForCloud } from './defender-for-cloud/index.ts';
import { entraDevices } from './entra-devices/index.ts';
import { entraDirectorySync } from './entra-directory-sync/index.ts';
import { entraIdentity } from './entra-identity/index.ts';
import { identityManager } from './identity-manager/index.ts';

export const connectors: readonly ConnectorDefinition[] = [
  entraIdentity,
  entraDirectorySync,
  entraDevices,
  identityManager,
  defenderForCloud,
];

const classes = (): AssetClass[] => [...new Set(connectors.flatMap(({ streams }) => streams.flatMap((stream) => stream.class ?? [])))];

/** The classes of assets that there can be, in the connectors' order. */
export const assetClasses = (): AssetClass[] => classes().filter((one) => !isFinding(one));

/** The streams whose records tell findings. */
export function findingStreams(): string[] {
  return [...new Set(connectors.flatMap(({ streams }) => streams.filter((stream) => isFinding(stream.class)).map(({ name }) => name)))];
}

/** @throws CONFIG_INVALID when no connector has this name. */
export function connectorNamed(name: string): ConnectorDefinition {
  const found = connectors.find((connector) => connector.name === name);
  if (found === undefined) {
    throw new TidemarkError('CONFIG_INVALID', `There is no connector "${name}".`, {
      hint: `Known connectors: ${connectors.map((connector) => connector.name).join(', ')}.`,
    });
  }
  return found;
}

/** @throws CONFIG_INVALID when the connector has no stream of this name. */
export function streamNamed(connector: ConnectorDefinition, name: string): StreamDefinition {
  const found = connector.streams.find((stream) => stream.name === name);
  if (found === undefined) {
    throw new TidemarkError('CONFIG_INVALID', `Connector "${connector.name}" has no stream "${name}".`, {
      hint: `Its streams: ${connector.streams.map((stream) => stream.name).join(', ')}.`,
    });
  }
  return found;
}
