// The check `network`: every host can be reached, by name and TCP, or by way of the proxy.
import { openSocket, openTunnel, unresolved } from '../clients/reach.ts';
import { codeOf } from '../clients/thrown.ts';
import type { Advice } from '../model.ts';
import type { CauseName } from './causes.ts';
import { addressOf, type Host } from './hosts.ts';
import { say } from './words.ts';

/** By the runtime's code. */
const direct: Readonly<Record<string, CauseName>> = {
  ENOTFOUND: 'nameUnknown',
  EAI_AGAIN: 'nameUnknown',
  [unresolved]: 'nameUnknown',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  ETIMEDOUT: 'noConnection',
};

/** null when the host can be reached. Never rejects. */
export async function findWay({ url, proxy, ca }: Host, signal: AbortSignal): Promise<Advice | null> {
  const host = addressOf(url);
  try {
    if (proxy === null) {
      (await openSocket(url, signal)).destroy();
      return null;
    }
    const tunnel = await openTunnel({ proxy, to: url, ca }, signal);
    if ('status' in tunnel) return say(refusalOf(tunnel.status), { host, proxy: addressOf(proxy), status: tunnel.status });
    tunnel.socket.destroy();
    return null;
  } catch (error) {
    const reason = codeOf(error) ?? 'UNKNOWN';
    if (proxy === null)
      return say(direct[reason] ?? (signal.aborted ? 'noConnection' : 'unreachable'), { host, name: url.hostname, reason });
    const name = signal.aborted ? 'proxySilent' : direct[reason] === 'nameUnknown' ? 'proxyNameUnknown' : 'proxyUnreachable';
    return say(name, { host, name: proxy.hostname, proxy: addressOf(proxy), reason });
  }
}

/** By the status that a proxy answers to CONNECT. https://www.rfc-editor.org/rfc/rfc9110#name-connect */
function refusalOf(status: number): CauseName {
  if (status === 407) return 'proxyAuthentication';
  return status >= 500 ? 'proxyFails' : 'proxyForbids';
}
