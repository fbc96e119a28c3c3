// The hosts that a connection talks to, each with the way there, and how they are shown.
import { type ProxyConfig, portOf, proxyFor } from '../clients/proxy.ts';
import { apiOf } from '../connectors/api.ts';
import { endpointsOf } from '../connectors/clouds.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';

export interface Host {
  readonly url: URL;
  /** null: it is reached directly. */
  readonly proxy: URL | null;
  readonly ca: string | null;
}

export interface Hosts {
  readonly login: Host;
  readonly api: Host;
}

export function hostsOf(spec: ConnectionSpec, proxy: ProxyConfig): Hosts {
  const { login, ca } = endpointsOf(spec);
  const hostOf = (address: string): Host => ({ url: new URL(address), proxy: proxyFor(new URL(address), proxy), ca });
  return { login: hostOf(login), api: hostOf(apiOf(spec).base) };
}

/** Each host once: login and API of a custom cloud may be one. */
export function distinct({ login, api }: Hosts): Host[] {
  return login.url.host === api.url.host && login.url.protocol === api.url.protocol ? [login] : [login, api];
}

/** `host:port`, without the user that a proxy's address may hold. */
export const addressOf = (url: URL): string => `${url.hostname}:${portOf(url)}`;

/** Who is contacted, and for whom where a proxy stands between; null for nobody. */
export function contactedOf(hosts: readonly Host[]): string | null {
  const byProxy = hosts.filter(({ proxy }) => proxy !== null);
  const direct = hosts.filter(({ proxy }) => proxy === null).map(({ url }) => addressOf(url));
  const proxies = [...new Set(byProxy.map(({ proxy }) => (proxy === null ? '' : addressOf(proxy))))].map(
    (proxy) => `proxy ${proxy} for ${byProxy.map(({ url }) => addressOf(url)).join(' and ')}`,
  );
  return hosts.length === 0 ? null : [...direct, ...proxies].join(', ');
}
