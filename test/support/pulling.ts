// A pull without Temporal, on a real database and the simulator: what the invariants and the guard are tested on.
import { randomUUID } from 'node:crypto';
import type { Credentials } from '../../src/activities/credentials.ts';
import { createSources } from '../../src/activities/sources.ts';
import { createBudget } from '../../src/clients/budget.ts';
import { createGraphSource } from '../../src/clients/graph.ts';
import { createHttp } from '../../src/clients/http.ts';
import type { Http } from '../../src/clients/http.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import { pinTags } from '../../src/pull/include.ts';
import { listTags } from '../../src/store/tag.ts';
import { createTokenProvider } from '../../src/clients/token.ts';
import { shippedTimings } from '../../src/config.ts';
import { connectorNamed } from '../../src/connectors/index.ts';
import { completeSpec } from '../../src/connectors/complete.ts';
import { connectionInput } from '../../src/connectors/input.ts';
import { specHash } from '../../src/connectors/spec.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import type { JsonObject, RunReport, SliceResult, Timings, Trigger } from '../../src/model.ts';
import type { Guard } from '../../src/pull/guard.ts';
import { settleApproved } from '../../src/pull/approve.ts';
import { noteEvents } from '../../src/pull/events.ts';
import { noteFindings } from '../../src/pull/findings.ts';
import type { StreamTarget } from '../../src/pull/page.ts';
import { settleRun } from '../../src/pull/settle.ts';
import { streamPins, streamTargets } from '../../src/pull/target.ts';
import { walkStream } from '../../src/pull/walk.ts';
import { putConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { TidemarkError } from '../../src/errors.ts';
import { finishRun, openRun, planRun } from '../../src/store/run.ts';
import type { OpenRun } from '../../src/store/run.ts';
import { decide } from '../../src/workflows/decide.ts';
import type { Simulator } from '../../simulator/simulator.ts';

export interface PullingOptions {
  readonly database: Database;
  readonly simulator: Simulator;
  /** Unique among the suites that share the database. */
  readonly name: string;
  /** @default entra-identity */
  readonly connector?: string;
  readonly streams?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Container registries besides those of Azure. */
  readonly registries?: readonly string[];
  /** @default all */
  readonly assetTypes?: readonly string[];
  /** By stream, maps in the place of the built-in ones, as files give them. */
  readonly maps?: Readonly<Record<string, JsonObject & { readonly name: string }>>;
  /** @default the shipped one */
  readonly guard?: Partial<Guard>;
  readonly rejects?: { readonly absolute: number; readonly percent: number };
  readonly timings?: Partial<Timings>;
  /** As if another client, or a client of another tenant, read the simulator's. */
  readonly scope?: { readonly tenantId?: string; readonly clientId?: string };
}

/** For suites whose tenants change more than a guard lets pass: only what leaves nothing is held. */
export const unguarded: Guard = { absolute: 1_000_000, percent: 100, minimum: 1_000_000, dailyPercent: 100 };

export interface Pulling {
  readonly spec: ConnectionSpec;
  readonly source: Source;
  /** One run from its opening to its verdict; failures that Temporal would retry are tried again at once, at most 50 times a stream. */
  pull(options?: { readonly forced?: boolean; readonly stopAfter?: AbortSignal }): Promise<RunReport>;
  /** A run of mode `settle`; `failed` when the digest is not the set's. */
  approve(digest: string | null): Promise<RunReport>;
  close(): Promise<void>;
}

const attempts = 50;

/** Applies a connection to the simulator's tenant, without a test of it and without a Schedule. */
export async function putSimulated(options: PullingOptions): Promise<ConnectionSpec> {
  const spec = specOf(options);
  await putConnection(options.database, { name: options.name, spec: asJson(spec), specHash: specHash(spec) });
  return spec;
}

/** Applies a connection to the simulator's tenant and pulls it in this process. */
export async function startPulling(options: PullingOptions): Promise<Pulling> {
  const { database, simulator, name } = options;
  const spec = await putSimulated(options);
  const http = createHttp({ ca: simulator.caPem });
  const sources = createSources(
    { allowedOrigins: [], proxy: { url: null, except: null } },
    () => createBudget({}),
    credentialsOf(simulator),
  );
  const queried = connectorNamed(spec.connector).queries !== undefined;
  const source = queried ? sources.sourceFor(spec) : sourceOf(simulator, http);
  const registries = sources.registriesFor(spec);
  const timings = { ...shippedTimings, ...options.timings };
  const signal = new AbortController().signal;
  let highestRunSeen = 0;
  const fetching: FetchOptions = { signal, longestWaitMs: timings.longWaitMs };
  const asking = { options: fetching, maxWaitMs: timings.maxWaitMs, lastTry: false };
  const open = async (trigger: Trigger): Promise<OpenRun> => {
    const opened = await openRun(database, {
      requestId: randomUUID(),
      connection: name,
      profile: 'default',
      trigger,
      scheduledAt: null,
      highestRunSeen,
      revision: 1,
      spec: asJson(spec),
      streams: streamPins(spec, 'default', pinTags(spec, await listTags(database), new Date())),
    });
    highestRunSeen = opened.run;
    return opened;
  };
  return {
    spec,
    source,
    pull: async ({ forced = false } = {}) => {
      const opened = await open(forced ? 'forced' : 'manual');
      const { run } = opened;
      const plan = decide({ ...opened, baseline: null, cursorMaxAgeMs: timings.cursorMaxAgeMs });
      await planRun(database, { run, connection: name, plan });
      const targets = streamTargets(spec, 'default', opened.streams);
      const slice = { run, rejects: spec.rejects, timings, signal, alive: () => undefined, retryDelayMs: 0 };
      const read = (some: readonly StreamTarget[]) =>
        Promise.all(some.map((target) => tried(() => walkStream({ database, source, registries }, { ...slice, target }))));
      // Streams that are read after others come after all of those that are not, in the connector's order.
      const ends = await read(targets.filter(({ definition }) => definition.after === undefined));
      for (const target of targets.filter(({ definition }) => definition.after !== undefined)) ends.push(...(await read([target])));
      await tried(async () => {
        await settleRun({ database, source }, { ...asking, run, connection: name, guard: spec.guard, targets });
        await noteEvents(database, { run, spec, profile: 'default', alive: () => undefined });
        await noteFindings(database, { run, connection: name, connector: spec.connector, alive: () => undefined });
        return { kind: 'done' };
      });
      const failed = ends.filter((end) => end.kind !== 'done').length;
      const verdict = failed === 0 ? 'complete' : failed === ends.length ? 'failed' : 'partial';
      return finishRun(database, { run, verdict, error: null });
    },
    approve: async (digest) => {
      const { run } = await open('manual');
      const { streams } = connectorNamed(spec.connector);
      const end = await tried(async () => {
        try {
          await settleApproved({ database, source }, { ...asking, run, connection: name, digest: digest ?? '', by: 'ana@host', streams });
          await noteEvents(database, { run, spec, profile: 'default', alive: () => undefined });
          return { kind: 'done' };
        } catch (error) {
          if (!(error instanceof TidemarkError) || error.code !== 'REMOVALS_HELD') throw error;
          return { kind: 'failed', error: { code: error.code, message: error.message, hint: error.hint } };
        }
      });
      const failed = end.kind === 'failed';
      return finishRun(database, { run, verdict: failed ? 'failed' : 'complete', error: failed ? end.error : null });
    },
    close: async () => {
      await Promise.all([http.close(), sources.close()]);
    },
  };
}

/** The simulator's client, whatever the connection refers to. */
function credentialsOf({ clientId, clientSecret }: Simulator): Credentials {
  const candidate = { reference: 'env:TIDEMARK_SECRET_TEST', clientId, credential: { kind: 'secret', secret: clientSecret } } as const;
  return { read: () => Promise.resolve([candidate]), saw: () => undefined, reveal: () => Promise.reject(new Error('Not asked for.')) };
}

function sourceOf(simulator: Simulator, http: Http): Source {
  const token = createTokenProvider({
    login: simulator.origin,
    tenantId: simulator.tenantId,
    clientId: simulator.clientId,
    credential: { kind: 'secret', secret: simulator.clientSecret },
    scope: `${simulator.origin}/.default`,
    http,
  });
  return createGraphSource({ base: `${simulator.origin}/v1.0`, token, http });
}

/** Calls a slice again and again, as its workflow would. */
async function tried(slice: () => Promise<SliceResult>): Promise<SliceResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await slice();
      if (result.kind !== 'more' && result.kind !== 'wait') return result;
    } catch (error) {
      if (attempt >= attempts) throw error;
    }
  }
}

function specOf({
  simulator,
  name,
  connector,
  streams,
  settings,
  assetTypes,
  registries,
  maps = {},
  guard,
  rejects,
  scope,
}: PullingOptions): ConnectionSpec {
  const names = Object.fromEntries(Object.entries(maps).map(([stream, map]) => [stream, map.name]));
  const customMaps = Object.fromEntries(Object.values(maps).map((map) => [map.name, map]));
  const input = connectionInput.parse({
    name,
    connector: connector ?? 'entra-identity',
    credentials: { tenantId: simulator.tenantId, clientId: simulator.clientId, clientSecret: 'env:TIDEMARK_SECRET_TEST', ...scope },
    cloud: 'custom',
    endpoints: { login: simulator.origin, graph: `${simulator.origin}/v1.0`, arm: simulator.managementOrigin, registries },
    ...(settings === undefined ? {} : { settings }),
    ...(guard === undefined ? {} : { guard }),
    ...(rejects === undefined ? {} : { rejects }),
    profiles: [{ name: 'default', maps: names, streams, assetTypes }],
  });
  const { spec, faults } = completeSpec(input, { now: new Date(), previous: null, maps: customMaps, ca: simulator.caPem });
  if (spec === null) throw new Error(JSON.stringify(faults));
  return spec;
}

const asJson = (spec: ConnectionSpec): JsonObject => JSON.parse(JSON.stringify(spec)) as JsonObject;
