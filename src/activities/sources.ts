// The sources of the connections, built from their pinned configuration and kept between slices: one pool and one token each.
// MUST NOT give a credential to an origin that neither the cloud nor this worker's configuration allows (I16).
import type { Budget } from '../clients/budget.ts';
import { createGraphSource } from '../clients/graph.ts';
import { createHttp, type Http } from '../clients/http.ts';
import { readSecret } from '../clients/secrets/index.ts';
import type { Source } from '../clients/source.ts';
import { createTokenProvider, type Credential } from '../clients/token.ts';
import type { Config } from '../config.ts';
import { endpointsOf } from '../connectors/clouds.ts';
import { isLoopback } from '../connectors/input.ts';
import { type ConnectionSpec, specHash } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { Budgets } from './budgets.ts';

export interface Sources {
  /** The source of a connection, built once per configuration. @throws CONFIG_INVALID, SECRET_UNAVAILABLE */
  sourceFor(spec: ConnectionSpec): Promise<Source>;
  close(): Promise<void>;
}

interface Entry {
  readonly hash: string;
  readonly http: Http;
  readonly source: Promise<Source>;
  usedAtMs: number;
}

/** Longer than any activity that reads. A fleet's daily pulls would otherwise keep a pool and a token each all day. */
const idleMs = 30 * 60_000;

type SourceConfig = Pick<Config, 'secrets' | 'allowedOrigins' | 'proxy'>;

/** `now`: milliseconds of a clock that never goes back. */
export function createSources(config: SourceConfig, budgetOf: Budgets, now: () => number = () => performance.now()): Sources {
  const entries = new Map<string, Entry>();
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
      const http = createHttp({ ca: endpointsOf(spec).ca, proxy: config.proxy });
      const source = build(spec, http, config, budgetOf(spec));
      entries.set(spec.name, { hash, http, source, usedAtMs: now() });
      // What could not be built is built anew the next time.
      source.catch(() => entries.delete(spec.name));
      return source;
    },
    async close() {
      await Promise.all([...entries.values()].map(({ http }) => http.close()));
      entries.clear();
    },
  };
}

type Kind = Credential['kind'];

interface Held {
  readonly value: string;
  readonly source: Source;
}

async function build(spec: ConnectionSpec, http: Http, config: SourceConfig, budget: Budget): Promise<Source> {
  checkOrigins(spec, config.allowedOrigins);
  const { login, graph } = endpointsOf(spec);
  const { tenantId, clientId, clientSecret, clientCertificate } = spec.credentials;
  const kind: Kind = clientSecret === null ? 'certificate' : 'secret';
  const references = clientSecret ?? clientCertificate ?? [];
  const hold = (value: string): Held => {
    const credential: Credential = kind === 'secret' ? { kind, secret: value } : { kind, pem: value };
    const token = createTokenProvider({ login, tenantId, clientId, credential, scope: `${new URL(graph).origin}/.default`, http });
    return { value, source: createGraphSource({ base: graph, token, http, budget }) };
  };
  const [first = ''] = await readAll(references, config);
  return withRotation(hold(first), async (refused) => {
    const next = (await readAll(references, config)).find((value) => !refused.has(value));
    return next === undefined ? null : hold(next);
  });
}

/** All that can be read, in their order; the failure of the first one when none can. */
async function readAll(references: readonly string[], { secrets }: Pick<Config, 'secrets'>): Promise<string[]> {
  const read = await Promise.allSettled(references.map((reference) => readSecret(reference, secrets)));
  const values = read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = read.find((result) => result.status === 'rejected');
  if (values.length === 0 && failed !== undefined) throw failed.reason;
  return values;
}

/** A source that, once its credential is refused, goes on with one that was not refused yet: a rotated secret, or the next of the list. */
function withRotation(first: Held, next: (refused: ReadonlySet<string>) => Promise<Held | null>): Source {
  let held = first;
  const refused = new Set<string>();
  const rotating = async <T>(ask: (source: Source) => Promise<T>): Promise<T> => {
    const used = held;
    try {
      return await ask(used.source);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== 'SOURCE_AUTH_FAILED') throw error;
      refused.add(used.value);
      // Another stream may have gone on already.
      if (held === used) held = (await next(refused)) ?? used;
      if (held === used) {
        // The next run asks with all of them again: what was wrong may have been mended at the source.
        refused.clear();
        throw error;
      }
      return rotating(ask);
    }
  };
  return {
    link: (of) => held.source.link(of),
    page: (link, options) => rotating((source) => source.page(link, options)),
    gone: (of, options) => rotating((source) => source.gone(of, options)),
    hasMembers: (of, options) => rotating((source) => source.hasMembers(of, options)),
  };
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
