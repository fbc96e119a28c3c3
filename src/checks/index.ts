// Test Connection (document 002): five checks in sequence, by what this machine can reach and read. One deadline for all of them.
import type { Http } from '../clients/http.ts';
import type { ProxyConfig } from '../clients/proxy.ts';
import type { Source } from '../clients/source.ts';
import type { TokenProvider } from '../clients/token.ts';
import { rolesOf } from '../clients/tokenClaims.ts';
import { apiOf } from '../connectors/api.ts';
import { writingSpec } from '../connectors/identity-manager/fulfil.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { asTidemarkError } from '../errors.ts';
import type { Advice, ConnectionTest } from '../model.ts';
import type { CauseName } from './causes.ts';
import { fetchSamples } from './data.ts';
import { adviceOf, type Asked } from './failures.ts';
import { addressOf, contactedOf, distinct, type Host, hostsOf } from './hosts.ts';
import { findWay } from './network.ts';
import { judgeOrders, writesOrders } from './orders.ts';
import { judgePermissions, testedStreams } from './permissions.ts';
import { failedAtOnce, type Found, report } from './report.ts';
import { findTrust } from './tls.ts';
import { say } from './words.ts';

export interface Means {
  /** The connection as a pull would have it, but with a token of its own. @throws CONFIG_INVALID */
  readonly connect: (spec: ConnectionSpec) => {
    readonly http: Pick<Http, 'close'>;
    readonly token: TokenProvider;
    readonly source: Source;
  };
  readonly proxy: ProxyConfig;
  readonly withinMs: number;
}

/** Answers, whatever fails on the way to the source. @throws CONFIG_INVALID when the configuration itself cannot be read, STORE_UNAVAILABLE, INTERNAL */
export async function testConnection(spec: ConnectionSpec, { connect, proxy, withinMs }: Means): Promise<ConnectionTest> {
  const { name } = spec;
  const streams = testedStreams(spec);
  const hosts = hostsOf(spec, proxy);
  let connected: ReturnType<typeof connect>;
  let writing: ReturnType<typeof connect> | null = null;
  try {
    const writer = writesOrders(spec) ? writingSpec(spec) : spec;
    connected = connect(spec);
    if (writer !== spec) writing = connect(writer);
  } catch (error) {
    // Where a credential may not go, nothing else is sent either.
    const { message, hint } = asTidemarkError(error);
    return failedAtOnce(name, { cause: message, fix: hint });
  }
  const signal = AbortSignal.timeout(withinMs);
  const all = distinct(hosts);
  let token = '';
  let writingToken: string | null = null;
  try {
    return await report(name, [
      { check: 'network', contacted: contactedOf(all), run: () => first(all, (host) => findWay(host, signal)) },
      {
        check: 'tls',
        contacted: contactedOf(all.filter(({ url }) => url.protocol === 'https:')),
        run: () => first(all, (host) => findTrust(host, signal)),
      },
      {
        check: 'credentials',
        contacted: contactedOf([hosts.login]),
        run: () =>
          asking({ who: 'The login', host: addressOf(hosts.login.url) }, { signal, silent: 'loginSilent' }, async () => {
            token = await connected.token.token(signal);
            writingToken = writing === null ? token : await writing.token.token(signal);
            return {};
          }),
      },
      {
        check: 'permissions',
        contacted: null,
        run: async () => ({
          ...judgePermissions(spec, rolesOf(token)),
          note: writesOrders(spec) ? judgeOrders(rolesOf(writingToken ?? token)) : null,
        }),
      },
      {
        check: 'data',
        contacted: contactedOf([hosts.api]),
        run: () => {
          const asked = { who: apiOf(spec).name, host: addressOf(hosts.api.url) };
          return asking(asked, { signal, silent: 'sourceSilent' }, () => fetchSamples(connected.source, streams, { asked, signal }));
        },
      },
    ]);
  } finally {
    await Promise.all([connected.http.close(), writing?.http.close()]);
  }
}

/** What is wrong with the first of the hosts that has something wrong. */
async function first(hosts: readonly Host[], find: (host: Host) => Promise<Advice | null>): Promise<Found> {
  const found = await Promise.all(hosts.map(find));
  return { failed: found.find((advice) => advice !== null) ?? null };
}

/** What is thrown, in words. */
async function asking(
  asked: Asked,
  { signal, silent }: { readonly signal: AbortSignal; readonly silent: CauseName },
  ask: () => Promise<Found>,
): Promise<Found> {
  try {
    return await ask();
  } catch (error) {
    return { failed: signal.aborted ? say(silent, { ...asked }) : adviceOf(error, asked) };
  }
}
