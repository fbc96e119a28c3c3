// Where a registry may send for a blob: its storage is another origin, and the redirect is followed by hand (invariant I16).
import { BlockList, isIP } from 'node:net';
import { TidemarkError } from '../../errors.ts';
import { isLoopback } from '../proxy.ts';
import { requestName } from '../redact.ts';

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

/**
 * Where a registry sends for a blob. MUST be https without a user, and no address inside this network unless the registry itself is on loopback.
 * A name may well resolve to an inside address (a private endpoint): it has to show a certificate of that name, and gets no credential.
 */
export function storageOf(origin: URL, from: URL, location: string | undefined): URL {
  const url = location && URL.canParse(location, from.href) ? new URL(location, from) : null;
  const near = isLoopback(origin.hostname);
  if (url !== null && url.username === '' && url.password === '') {
    const isSecure = url.protocol === 'https:' || (near && url.protocol === 'http:' && isLoopback(url.hostname));
    if (isSecure && (!isInside(url.hostname) || (near && isLoopback(url.hostname)))) return url;
  }
  throw new TidemarkError('LINK_REFUSED', `${requestName('GET', from)}: sends to an address that is never asked; nothing was sent there.`, {
    hint: 'A registry sends for blobs to its storage, by https and on the public network or by name.',
    details: { registry: origin.host },
  });
}
