// A connection to test, and the machine it is tested on: the simulated tenant, changed in one place.
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createCredentials } from '../../src/activities/credentials.ts';
import { createSources } from '../../src/activities/sources.ts';
import { testConnection } from '../../src/checks/index.ts';
import { type Budget, createBudget } from '../../src/clients/budget.ts';
import type { ProxyConfig } from '../../src/clients/proxy.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import { createLogger } from '../../src/log.ts';
import type { ConnectionTest } from '../../src/model.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { Place } from './servers.ts';
import { secretSources } from '../support/secretSources.ts';

export interface Site {
  readonly simulator: Simulator;
  /** Closed after the test. */
  keep<P extends Place>(place: Promise<P>): Promise<P>;
  close(): Promise<void>;
}

/** What differs from a connection that works. */
export interface Given {
  readonly connector?: string;
  readonly login?: string;
  readonly graph?: string;
  /** Trusted in the place of the simulator's authority. */
  readonly ca?: string;
  readonly proxy?: ProxyConfig;
  readonly tenantId?: string;
  readonly clientId?: string;
  /** The value behind the reference; null: there is none. */
  readonly secret?: string | null;
  readonly certificate?: string;
  readonly profiles?: ConnectionSpec['profiles'];
  readonly withinMs?: number;
  /** In the place of the budget that the tenant's readers share. */
  readonly budget?: Budget;
}

export async function startSite(users = 10): Promise<Site> {
  const simulator = await startSimulator({ users });
  const places: Place[] = [];
  return {
    simulator,
    keep: async (place) => {
      const opened = await place;
      places.push(opened);
      return opened;
    },
    close: async () => {
      await Promise.all([simulator.close(), ...places.map((place) => place.close())]);
    },
  };
}

export const profile = (changed: Partial<ConnectionSpec['profiles'][number]> = {}): ConnectionSpec['profiles'][number] => ({
  name: 'default',
  description: '',
  status: 'active',
  streams: null,
  maps: {},
  schedule: null,
  baseline: null,
  ...changed,
});

/** Origins of names that only a proxy knows. */
export const proxied = { login: 'https://login.proxied.invalid', graph: 'https://graph.proxied.invalid/v1.0' } as const;

export async function testAt({ simulator }: Site, given: Given = {}): Promise<ConnectionTest> {
  const { secret = simulator.clientSecret, certificate, proxy = { url: null, except: null }, withinMs = 9_500 } = given;
  const { login = simulator.origin, graph = `${simulator.origin}/v1.0`, ca = simulator.caPem } = given;
  const env = { ...(secret === null ? {} : { TIDEMARK_SECRET_TEST: secret }), TIDEMARK_SECRET_PEM: certificate ?? '' };
  const sources = createSources(
    {
      allowedOrigins: [proxied.login, 'https://graph.proxied.invalid', 'https://no-such-host.invalid', 'https://255.255.255.255'],
      proxy,
    },
    () => given.budget ?? createBudget(),
    createCredentials({
      // None of these secrets is kept: it is never asked.
      database: openDatabase({ url: 'postgresql://127.0.0.1:1/none', applicationName: 'tidemark-test' }),
      logger: createLogger('silent'),
      config: { secrets: secretSources({ env }), allowedOrigins: [], proxy },
    }),
  );
  const spec: ConnectionSpec = {
    name: 'tested',
    title: 'tested',
    description: '',
    connector: given.connector ?? 'entra-identity',
    credentials: {
      tenantId: given.tenantId ?? simulator.tenantId,
      clientId: given.clientId ?? simulator.clientId,
      clientSecret: certificate === undefined ? ['env:TIDEMARK_SECRET_TEST'] : null,
      clientCertificate: certificate === undefined ? null : ['env:TIDEMARK_SECRET_PEM'],
      identity: null,
    },
    cloud: 'custom',
    endpoints: { login, graph, ca },
    settings: {},
    guard: { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 },
    rejects: { absolute: 1000, percent: 5 },
    customMaps: {},
    profiles: given.profiles ?? [profile()],
  };
  return testConnection(spec, { connect: (of) => sources.connectAnew(of), proxy, withinMs });
}
