// The sources of the connections, built from their pinned configuration and kept between slices: one pool and one token each.
// MUST NOT give a credential to an origin that neither the cloud nor this worker's configuration allows (I16).
import { z } from 'zod';
import type { Budget } from '../clients/budget.ts';
import { createGraphSource, createGraphWriter } from '../clients/graph.ts';
import type { Writer } from '../clients/graphWrite.ts';
import { createHttp, type Http } from '../clients/http.ts';
import { createRotation, type LoginMemory, newLoginMemory } from '../clients/rotation.ts';
import type { Source } from '../clients/source.ts';
import { createRegistries, type Registries } from '../clients/registry/registries.ts';
import type { Scope } from '../clients/resourceGraph/scopes.ts';
import { createResourceGraphSource } from '../clients/resourceGraph/source.ts';
import { createTokenProvider, type TokenProvider } from '../clients/token.ts';
import type { Config } from '../config.ts';
import { apiOf } from '../connectors/api.ts';
import { endpointsOf } from '../connectors/clouds.ts';
import { writingSpec } from '../connectors/identity-manager/fulfil.ts';
import { connectorNamed } from '../connectors/index.ts';
import { isLoopback } from '../connectors/input.ts';
import { type ConnectionSpec, specHash } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { Budgets } from './budgets.ts';
import type { Credentials } from './credentials.ts';

export interface Sources {
  /** The source of a connection, built once per configuration. @throws CONFIG_INVALID */
  sourceFor(spec: ConnectionSpec): Source;
  /** The container registries that it reads besides; null for a connector that reads none. @throws CONFIG_INVALID */
  registriesFor(spec: ConnectionSpec): Registries | null;
  /** What writes the orders of a connection, by the credentials that it has for them. @throws CONFIG_INVALID */
  writerFor(spec: ConnectionSpec): Writer;
  /** The same for a test: anew, with a token of its own, so that consent given a moment ago counts. Its caller closes `http`. @throws CONFIG_INVALID */
  connectAnew(spec: ConnectionSpec): Connected;
  close(): Promise<void>;
}

interface Entry extends Connected {
  readonly hash: string;
  usedAtMs: number;
}

/** Longer than any activity that reads. A fleet's daily pulls would otherwise keep a pool and a token each all day. */
const idleMs = 30 * 60_000;

type SourceConfig = Pick<Config, 'allowedOrigins' | 'proxy'>;

/** `now`: milliseconds of a clock that never goes back. */
export function createSources(
  config: SourceConfig,
  budgetOf: Budgets,
  credentials: Credentials,
  now: () => number = () => performance.now(),
): Sources {
  const entries = new Map<string, Entry>();
  const memories = new Map<string, LoginMemory>();
  const memoryOf = (key: string): LoginMemory => {
    const memory = memories.get(key) ?? newLoginMemory();
    memories.set(key, memory);
    return memory;
  };
  const forgetIdle = (): void => {
    for (const [name, { http, usedAtMs }] of entries) {
      if (now() - usedAtMs <= idleMs) continue;
      void http.close();
      entries.delete(name);
    }
  };
  const connectedFor = (key: string, spec: ConnectionSpec, watched: Credentials): Connected => {
    forgetIdle();
    const hash = specHash(spec);
    const known = entries.get(key);
    if (known?.hash === hash) {
      known.usedAtMs = now();
      return known;
    }
    // Runs of one connection follow one another: nobody reads by its former configuration any more.
    void known?.http.close();
    const entry = { ...connect(spec, config, budgetOf(spec), { credentials: watched, memory: memoryOf(key), now }), hash, usedAtMs: now() };
    entries.set(key, entry);
    return entry;
  };
  const unwatched = { ...credentials, saw: () => undefined };
  return {
    sourceFor: (spec) => connectedFor(spec.name, spec, credentials).source,
    registriesFor: (spec) => connectedFor(spec.name, spec, credentials).registries,
    // No name holds a blank. What is shown of a connection's credentials is of those that it reads by.
    writerFor: (spec) => connectedFor(`${spec.name} fulfil`, writingSpec(spec), unwatched).writer,
    // What is tested may never be applied: how its credentials fare is not recorded.
    connectAnew: (spec) => connect(spec, config, budgetOf(spec), { credentials: unwatched, memory: newLoginMemory(), now }),
    async close() {
      await Promise.all([...entries.values()].map(({ http }) => http.close()));
      entries.clear();
    },
  };
}

/** What a connection reads its source by. */
interface Connected {
  readonly http: Http;
  readonly token: TokenProvider;
  readonly source: Source;
  readonly registries: Registries | null;
  readonly writer: Writer;
}

/** How a connection logs in. */
interface Login {
  readonly credentials: Credentials;
  readonly memory: LoginMemory;
  readonly now: () => number;
}

/** Nothing is read or sent before something is asked for. @throws CONFIG_INVALID */
function connect(spec: ConnectionSpec, config: SourceConfig, budget: Budget, { credentials, memory, now }: Login): Connected {
  checkOrigins(spec, config.allowedOrigins);
  const { login, graph, ca } = endpointsOf(spec);
  const api = apiOf(spec);
  const { tenantId } = spec.credentials;
  const http = createHttp({ ca, proxy: config.proxy });
  const given = spec.settings['scope'];
  const tokenFor = (scope: string): TokenProvider =>
    createRotation({
      read: () => credentials.read(spec),
      providerOf: ({ clientId, credential }) => createTokenProvider({ login, tenantId, clientId, credential, scope, http }),
      memory,
      saw: (outcome) => credentials.saw(spec, outcome, http),
      now,
    });
  const token = tokenFor(typeof given === 'string' ? given : `${api.origin}/.default`);
  const writer = createGraphWriter({ base: graph, token, http, budget });
  const { queries } = connectorNamed(spec.connector);
  if (queries === undefined)
    return { http, token, source: createGraphSource({ base: graph, token, http, budget }), registries: null, writer };
  const source = createResourceGraphSource({
    base: api.base,
    token,
    http,
    budget,
    queries: (types) => queries(spec.settings, types),
    scope: scopeOf(spec.settings),
  });
  // Of the registries' own audience: management's token would be worth more to a registry than it may have.
  const credential = { kind: 'entra', token: tokenFor(registryScope), tenantId } as const;
  const known = { endpoints: spec.registries ?? [], cloud: spec.cloud };
  return { http, token, source, registries: createRegistries({ http, credential, known }), writer };
}

const registryScope = 'https://containerregistry.azure.net/.default';

const scopeSettings = z.object({ subscriptions: z.union([z.literal('all'), z.array(z.string())]), managementGroups: z.array(z.string()) });

/** Management groups where there are some; subscriptions that are named are asked for by name. */
function scopeOf(settings: ConnectionSpec['settings']): Scope {
  const { subscriptions, managementGroups } = scopeSettings.parse(settings);
  return managementGroups.length > 0 && subscriptions === 'all' ? { managementGroups } : { subscriptions };
}

function checkOrigins(spec: ConnectionSpec, allowed: readonly string[]): void {
  if (spec.endpoints === null) return;
  const { login, graph, arm = graph } = spec.endpoints;
  for (const [name, address] of Object.entries({ login, graph, arm })) {
    const { origin, hostname } = new URL(address);
    if (isLoopback(hostname) || allowed.includes(origin)) continue;
    throw new TidemarkError('CONFIG_INVALID', `The worker may not send credentials to endpoints.${name} (${origin}).`, {
      hint: `Add ${origin} to TIDEMARK_ALLOWED_ORIGINS of the worker, or correct the connection.`,
    });
  }
}
