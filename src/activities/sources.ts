// The sources of the connections, built from their pinned configuration and kept between slices: one pool and one token each.
// MUST NOT give a credential to an origin that neither the cloud nor this worker's configuration allows (I16).
import type { Budget } from '../clients/budget.ts';
import { createGraphSource } from '../clients/graph.ts';
import { createHttp, type Http } from '../clients/http.ts';
import { createRotation, type LoginMemory, newLoginMemory } from '../clients/rotation.ts';
import type { Source } from '../clients/source.ts';
import { createTokenProvider, type TokenProvider } from '../clients/token.ts';
import type { Config } from '../config.ts';
import { endpointsOf } from '../connectors/clouds.ts';
import { isLoopback } from '../connectors/input.ts';
import { type ConnectionSpec, specHash } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { Budgets } from './budgets.ts';
import type { Credentials } from './credentials.ts';

export interface Sources {
  /** The source of a connection, built once per configuration. @throws CONFIG_INVALID */
  sourceFor(spec: ConnectionSpec): Source;
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
  const memoryOf = ({ name }: ConnectionSpec): LoginMemory => {
    const memory = memories.get(name) ?? newLoginMemory();
    memories.set(name, memory);
    return memory;
  };
  const forgetIdle = (): void => {
    for (const [name, { http, usedAtMs }] of entries) {
      if (now() - usedAtMs <= idleMs) continue;
      void http.close();
      entries.delete(name);
    }
  };
  return {
    sourceFor(spec) {
      forgetIdle();
      const hash = specHash(spec);
      const known = entries.get(spec.name);
      if (known?.hash === hash) {
        known.usedAtMs = now();
        return known.source;
      }
      // Runs of one connection follow one another: nobody reads by its former configuration any more.
      void known?.http.close();
      const entry = { ...connect(spec, config, budgetOf(spec), { credentials, memory: memoryOf(spec), now }), hash, usedAtMs: now() };
      entries.set(spec.name, entry);
      return entry.source;
    },
    // What is tested may never be applied: how its credentials fare is not recorded.
    connectAnew: (spec) =>
      connect(spec, config, budgetOf(spec), { credentials: { ...credentials, saw: () => undefined }, memory: newLoginMemory(), now }),
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
  const { tenantId } = spec.credentials;
  const http = createHttp({ ca, proxy: config.proxy });
  const scope = `${new URL(graph).origin}/.default`;
  const token = createRotation({
    read: () => credentials.read(spec),
    providerOf: ({ clientId, credential }) => createTokenProvider({ login, tenantId, clientId, credential, scope, http }),
    memory,
    saw: (outcome) => credentials.saw(spec, outcome, http),
    now,
  });
  return { http, token, source: createGraphSource({ base: graph, token, http, budget }) };
}

function checkOrigins(spec: ConnectionSpec, allowed: readonly string[]): void {
  if (spec.endpoints === null) return;
  for (const [name, address] of Object.entries({ login: spec.endpoints.login, graph: spec.endpoints.graph })) {
    const { origin, hostname } = new URL(address);
    if (isLoopback(hostname) || allowed.includes(origin)) continue;
    throw new TidemarkError('CONFIG_INVALID', `The worker may not send credentials to endpoints.${name} (${origin}).`, {
      hint: `Add ${origin} to TIDEMARK_ALLOWED_ORIGINS of the worker, or correct the connection.`,
    });
  }
}
