// Which hosts may get the connection's token as a registry, and which addresses a redirect may name (invariant I16). Pure.
import { BlockList, isIP } from 'node:net';
import type { Cloud } from '../../connectors/clouds.ts';
import { isLoopback } from '../proxy.ts';
import { isHost } from './references.ts';

/** The registries of each cloud: tokens of one are worth nothing in another. */
const suffixes: Readonly<Record<Cloud, string | null>> = {
  global: 'azurecr.io',
  usgov: 'azurecr.us',
  'usgov-dod': 'azurecr.us',
  china: 'azurecr.cn',
  custom: null,
};

interface KnownRegistries {
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

const inside = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // The address by which Azure's machines reach their host.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  inside.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(network, prefix, 'ipv6');
}

/** Whether a URL's host names this machine or its network: private, link-local or loopback. As WHATWG writes it. */
export function isInside(hostname: string): boolean {
  const plain = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const version = isIP(plain);
  if (version === 0) return isLoopback(plain) || plain.endsWith('.localhost');
  return inside.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}
