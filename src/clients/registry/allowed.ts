// Which hosts may get the connection's token as a registry (invariant I16). Pure.
import type { Cloud } from '../../connectors/clouds.ts';
import { isHost } from './references.ts';

/** The registries of each cloud: tokens of one are worth nothing in another. */
const suffixes: Readonly<Record<Cloud, string | null>> = {
  global: 'azurecr.io',
  usgov: 'azurecr.us',
  'usgov-dod': 'azurecr.us',
  china: 'azurecr.cn',
  custom: null,
};

export interface KnownRegistries {
  /** The login servers that Resource Graph lists under the configured subscriptions. */
  readonly listed: readonly string[];
  /** `endpoints.registries` of the connection. */
  readonly endpoints: readonly string[];
  readonly cloud: Cloud;
}

/** Whether a host that a finding names may be asked with the connection's identity (decision 55). */
export function allowedRegistry(host: string, { listed, endpoints, cloud }: KnownRegistries): boolean {
  const name = host.toLowerCase();
  if (!isHost(name)) return false;
  const isIn = (names: readonly string[]): boolean => names.some((each) => each.toLowerCase() === name);
  const suffix = suffixes[cloud];
  const ofCloud = suffix !== null && name.endsWith(`.${suffix}`) && !name.slice(0, -suffix.length - 1).includes('.');
  return isIn(endpoints) || (ofCloud && isIn(listed));
}
