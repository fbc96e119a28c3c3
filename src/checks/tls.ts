// The check `tls`: the handshake with every host, through the proxy's tunnel where there is one, with what the pulls trust.
import { type Handshake, openSocket, openTunnel, shakeHands } from '../clients/reach.ts';
import { codeOf } from '../clients/thrown.ts';
import type { Advice } from '../model.ts';
import type { CauseName } from './causes.ts';
import { addressOf, type Host } from './hosts.ts';
import { plain, say } from './words.ts';

/** By the runtime's code of an untrusted certificate. */
const untrusted: Readonly<Record<string, CauseName>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'notYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrongName',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'selfSigned',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknownIssuer',
  UNABLE_TO_GET_ISSUER_CERT: 'unknownIssuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknownIssuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknownIssuer',
};

/** By the runtime's code of a handshake that failed. */
const broken: Readonly<Record<string, CauseName>> = {
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'oldProtocol',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'oldProtocol',
  ERR_SSL_WRONG_SSL_VERSION: 'oldProtocol',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'noCipher',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'noCipher',
  ERR_SSL_WRONG_VERSION_NUMBER: 'noTls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'noTls',
};

/** null when the host's certificate is trusted; by http, which only loopback may have, there is none. Never rejects. */
export async function findTrust(host: Host, signal: AbortSignal): Promise<Advice | null> {
  const { url, proxy, ca } = host;
  const facts = { host: addressOf(url), proxy: proxy === null ? '' : addressOf(proxy) };
  if (url.protocol === 'http:') return null;
  try {
    const way = proxy === null ? { socket: await openSocket(url, signal) } : await openTunnel({ proxy, to: url, ca }, signal);
    if ('status' in way) return say('proxyForbids', { ...facts, status: way.status });
    const shaken = await shakeHands({ socket: way.socket, url, ca }, signal);
    return shaken.untrusted === null ? null : distrust(shaken, shaken.untrusted, facts);
  } catch (error) {
    const reason = codeOf(error) ?? 'UNKNOWN';
    return say(signal.aborted ? 'handshakeSilent' : (broken[reason] ?? 'handshakeBroken'), { ...facts, reason });
  }
}

function distrust(shaken: Handshake, reason: string, facts: { readonly host: string; readonly proxy: string }): Advice {
  const { issuer, names, validFrom: from, validTo: until } = shaken;
  const name = untrusted[reason] ?? 'otherCertificate';
  const shown = { issuer: plain(issuer), names: names.slice(0, 3).map(plain).join(', '), from, until, reason };
  return say(name === 'unknownIssuer' && facts.proxy !== '' ? 'intercepted' : name, { ...facts, ...shown });
}
