// The way to a host, one step at a time, for the connection test: name and TCP, the proxy's tunnel, the TLS handshake. Sends no request to the host.
// Errors are those of the runtime, whose codes are fixed words; where the signal ends the wait they say nothing: its owner knows.
import { request } from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { hostOf, portOf } from './proxy.ts';
import { secureContextOf } from './trust.ts';

/** The code of an error that says that the name was not resolved before the wait was ended. */
export const unresolved = 'NAME_TIMEOUT';

/** A connection that stands. */
export async function openSocket(url: URL, signal: AbortSignal): Promise<net.Socket> {
  const host = hostOf(url);
  const socket = net.connect({ host, port: portOf(url) });
  let resolved = net.isIP(host) !== 0;
  socket.once('lookup', () => (resolved = true));
  try {
    return await settled(socket, 'connect', signal);
  } catch (error) {
    throw signal.aborted && !resolved ? Object.assign(new Error('The name was not resolved in time.'), { code: unresolved }) : error;
  }
}

/** What a proxy answered to CONNECT: the tunnel, or the status by which it refused. */
export type Tunnel = { readonly socket: net.Socket } | { readonly status: number };

/** Asks a proxy for a tunnel to the host. Rejects when the proxy itself cannot be reached, or answers nothing in time. */
export function openTunnel(
  { proxy, to, ca }: { readonly proxy: URL; readonly to: URL; readonly ca: string | null },
  signal: AbortSignal,
): Promise<Tunnel> {
  const target = `${to.hostname}:${portOf(to)}`;
  const asked = request({
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...authorizationOf(proxy) },
    signal,
    // Without an agent: a connection of its own.
    createConnection: () => (proxy.protocol === 'https:' ? secureTo(proxy, ca) : net.connect({ host: hostOf(proxy), port: portOf(proxy) })),
  });
  return new Promise((resolve, reject) => {
    asked.once('error', reject);
    asked.once('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve({ socket });
      socket.destroy();
      resolve({ status: statusCode });
    });
    asked.once('response', (response) => {
      response.destroy();
      resolve({ status: response.statusCode ?? 0 });
    });
    asked.end();
  });
}

function secureTo(url: URL, ca: string | null): tls.TLSSocket {
  const host = hostOf(url);
  return tls.connect({ host, port: portOf(url), ...servernameOf(host), secureContext: secureContextOf({ ca }) });
}

/** An address is no server name. */
const servernameOf = (host: string): { readonly servername?: string } => (net.isIP(host) === 0 ? { servername: host } : {});

function authorizationOf({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** A handshake that ended: whether the certificate is trusted, and what it says of itself. */
export interface Handshake {
  /** The runtime's code, e.g. CERT_HAS_EXPIRED; null when it is trusted. */
  readonly untrusted: string | null;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly validFrom: string;
  readonly validTo: string;
}

/**
 * Makes the handshake with what the pulls trust, and ends the connection. An untrusted certificate is let through to be described: nothing is sent over it.
 */
export async function shakeHands(
  { socket, url, ca }: { readonly socket: net.Socket; readonly url: URL; readonly ca: string | null },
  signal: AbortSignal,
): Promise<Handshake> {
  const host = hostOf(url);
  const secured = tls.connect({
    socket,
    host,
    ...servernameOf(host),
    secureContext: secureContextOf({ ca }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
  });
  try {
    await settled(secured, 'secureConnect', signal);
    const { issuer, subject, subjectaltname, valid_from: from, valid_to: to } = secured.getPeerCertificate();
    return {
      untrusted: secured.authorized ? null : String(secured.authorizationError),
      issuer: one(issuer?.CN) ?? one(issuer?.O) ?? '',
      names: namesOf(subjectaltname ?? '', one(subject?.CN)),
      validFrom: isoOf(from),
      validTo: isoOf(to),
    };
  } finally {
    secured.destroy();
    socket.destroy();
  }
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

function namesOf(alternatives: string, subject: string | undefined): string[] {
  const names = [...alternatives.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name = '']) => name);
  return names.length > 0 || subject === undefined ? names : [subject];
}

function isoOf(date: string): string {
  const parsed = new Date(date);
  return Number.isNaN(parsed.getTime()) ? 'an unknown time' : parsed.toISOString();
}

/** The socket once the event has come; destroyed when it does not come. */
function settled<S extends net.Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const end = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const abort = (): void => end(new Error('The wait was ended.'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    // Stays: a connection that breaks later must not end the process.
    socket.on('error', end);
  });
}
