// Connections of Defender for Cloud pulled from rows that a test gives, through the connector's own queries, maps and scores: without servers of Azure.
import { randomUUID } from 'node:crypto';
import type { Source } from '../../src/clients/source.ts';
import { shippedTimings } from '../../src/config.ts';
import { completeSpec } from '../../src/connectors/complete.ts';
import { queriesFor } from '../../src/connectors/defender-for-cloud/queries.ts';
import { connectionInput } from '../../src/connectors/input.ts';
import { type ConnectionSpec, specHash } from '../../src/connectors/spec.ts';
import type { KnownLists } from '../../src/pull/score.ts';
import type { JsonObject } from '../../src/model.ts';
import { noteFindings } from '../../src/pull/findings.ts';
import { pinTags } from '../../src/pull/include.ts';
import { settleRun } from '../../src/pull/settle.ts';
import { streamPins, streamTargets } from '../../src/pull/target.ts';
import { walkStream } from '../../src/pull/walk.ts';
import { putConnection } from '../../src/store/connection.ts';
import type { Database } from '../../src/store/database.ts';
import { finishRun, openRun, planRun } from '../../src/store/run.ts';
import { listTags } from '../../src/store/tag.ts';

/** By the name of a query; those that are not named answer nothing. */
export type Rows = Readonly<Record<string, readonly JsonObject[]>>;

export interface Given {
  readonly name: string;
  readonly connector?: string;
  readonly settings?: JsonObject;
}

const client = { tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11', clientId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a12' };

export async function putGiven(
  database: Database,
  { name, connector = 'defender-for-cloud', settings = {} }: Given,
): Promise<ConnectionSpec> {
  const input = connectionInput.parse({
    name,
    connector,
    credentials: { ...client, clientSecret: 'env:TIDEMARK_SECRET_TEST' },
    settings,
    guard: { absolute: 1_000_000, percent: 100, minimum: 1_000_000, dailyPercent: 100 },
    profiles: [{ name: 'default' }],
  });
  const { spec, faults } = completeSpec(input, { now: new Date(), previous: null, maps: {}, ca: null });
  if (spec === null) throw new Error(JSON.stringify(faults));
  await putConnection(database, { name, spec: asJson(spec), specHash: specHash(spec) });
  return spec;
}

/** One full run over these rows. `objects`: by a collection's path, objects as they are, for connectors without queries. */
export async function pullRows(
  database: Database,
  spec: ConnectionSpec,
  rows: Rows,
  more: { readonly lists?: KnownLists; readonly objects?: Rows } = {},
): Promise<void> {
  const { name } = spec;
  const opened = await openRun(database, {
    requestId: randomUUID(),
    connection: name,
    profile: 'default',
    trigger: 'manual',
    scheduledAt: null,
    highestRunSeen: 0,
    revision: 1,
    spec: asJson(spec),
    streams: streamPins(spec, 'default', pinTags(spec, await listTags(database), new Date())),
  });
  const { run } = opened;
  const targets = streamTargets(spec, 'default', opened.streams, more.lists);
  const streams = targets.map(({ definition }) => ({ stream: definition.name, mode: 'full', reason: 'first run' }) as const);
  await planRun(database, { run, connection: name, plan: { mode: 'full', reason: 'first run', baselineOverdue: false, streams } });
  const source = sourceOf(rows, more.objects ?? {});
  const signal = new AbortController().signal;
  for (const target of targets.toSorted((a, b) => Number(a.definition.after !== undefined) - Number(b.definition.after !== undefined))) {
    const slice = { run, target, rejects: spec.rejects, timings: shippedTimings, signal, alive: () => undefined, retryDelayMs: 0 };
    const end = await walkStream({ database, source, registries: null }, slice);
    // There are no registries: images have what findings say of them.
    if (end.kind !== 'done' && end.kind !== 'partial') throw new Error(JSON.stringify(end));
  }
  const options = { signal, longestWaitMs: 0 };
  await settleRun({ database, source }, { run, connection: name, guard: spec.guard, targets, options, maxWaitMs: 0, lastTry: true });
  await noteFindings(database, { run, connection: name, connector: spec.connector, alive: () => undefined });
  await finishRun(database, { run, verdict: 'complete', error: null });
}

function sourceOf(rows: Rows, objects: Rows): Source {
  const queries = queriesFor({ assetTypes: ['host', 'container-image', 'container-instance', 'serverless'], environmentValues: false });
  return {
    link: ({ path }) => path,
    page: (path) =>
      Promise.resolve({
        objects: objects[path] ?? queries[path]?.objects(rows[path] ?? [], joinedOf(rows)).objects ?? [],
        next: null,
        cursor: null,
        requests: 1,
        bytes: 0,
        throttledMs: 0,
      }),
    gone: ({ ids }) => Promise.resolve({ gone: new Set(ids), requests: 0 }),
    hasMembers: ({ pairs }) => Promise.resolve({ present: pairs.map(() => true), requests: 0 }),
    holds: () => Promise.resolve(true),
  };
}

/** Rows of joins stand under the names of the joins. */
const joinedOf = ({ networkInterfaces = [], publicIps = [], sites = [] }: Rows): Rows => ({ networkInterfaces, publicIps, sites });

const asJson = (spec: ConnectionSpec): JsonObject => JSON.parse(JSON.stringify(spec)) as JsonObject;
