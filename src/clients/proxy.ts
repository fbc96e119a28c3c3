// Which requests go by the proxy: HTTPS_PROXY and NO_PROXY as the configuration hands them over. Reads no environment.
import { isIP } from 'node:net';

export interface ProxyConfig {
  /** null: none is configured. */
  readonly url: string | null;
  /** NO_PROXY: hosts that are reached directly, separated by commas or blanks. */
  readonly except: string | null;
}

/** The proxy that stands between here and the address; null when it is reached directly. Loopback always is: it stays on this machine. */
export function proxyFor(url: URL, { url: proxy, except }: ProxyConfig): URL | null {
  if (proxy === null || isLoopback(url.hostname)) return null;
  const host = hostOf(url).replace(/\.$/, '');
  const port = portOf(url);
  const entries = (except ?? '').toLowerCase().split(/[,\s]+/);
  return entries.some((entry) => excepts(entry, host, port)) ? null : new URL(proxy);
}

/** `host`, `host:port`, `.domain`, `*.domain` (its subdomains only) or `*`. A host stands for its subdomains too. */
function excepts(entry: string, host: string, port: number): boolean {
  const address = isIP(entry) === 6 ? [entry] : /^(.+?)(?::(\d+))?$/.exec(entry)?.slice(1);
  const [written, wanted] = address ?? [];
  if (written === undefined || (wanted !== undefined && Number(wanted) !== port)) return false;
  if (written === '*') return true;
  const domain = written
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^\*?\./, '')
    .replace(/\.$/, '');
  return host.endsWith(`.${domain}`) || (host === domain && !written.startsWith('*'));
}

/** The host of an address, of IPv6 without its brackets. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');

/** The port of an address, its protocol's own when it names none. */
export function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** As WHATWG writes it. */
export function isLinkLocal(hostname: string): boolean {
  return /^169\.254\.\d+\.\d+$/.test(hostname);
}
