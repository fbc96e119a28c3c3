// A slice of connections, one after another: each has its entity and its Schedules, and each occurrence its row (design 5).
// One connection that cannot be reconciled MUST NOT keep the others from it. Terminates nothing, and undoes no operator's pause.
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { asTidemarkError } from '../errors.ts';
import { connectionsAfter, lastSuccesses, type Reconciled } from '../store/reconcile.ts';
import { readWatches, type Watch } from '../store/watch.ts';
import { connectionId } from '../workflows/ids.ts';
import { runningWorkflow, tellEntity } from './entity.ts';
import { type ProfileDone, reconcileProfile, type Tools } from './profile.ts';

interface SliceCounts {
  readonly connections: number;
  /** Entities that did not run. */
  readonly started: number;
  /** Schedules that were missing or changed. */
  readonly repaired: number;
  /** Occurrences that did not run, and have their row now. */
  readonly skipped: number;
  /** Profiles without success for two periods. */
  readonly overdue: number;
  /** Connections that could not be reconciled; the log says why. */
  readonly failed: number;
}

export interface Slice extends SliceCounts {
  /** The last connection of the slice; null when it was the last of all. */
  readonly after: string | null;
}

interface SliceTools extends Tools {
  /** This worker's build; null without versions. */
  readonly build: string | null;
}

export interface Pace {
  readonly limit: number;
  /** When this long has passed it ends after the connection under way: an attempt that runs out of time would begin with the slice's first again. */
  readonly lastsMs: number;
  /** Called after each connection. */
  readonly alive: () => void;
  /** Aborted: ends after the connection under way. */
  readonly signal: AbortSignal;
}

/** Reconciles the next connections by name. May be repeated. @throws STORE_UNAVAILABLE */
export async function reconcileConnections(
  tools: SliceTools,
  after: string | null,
  { limit, lastsMs, alive, signal }: Pace,
): Promise<Slice> {
  const startedAt = performance.now();
  const connections = await connectionsAfter(tools.database, { after, limit });
  const names = connections.map(({ name }) => name);
  const { now, watches } = await readWatches(tools.database, names);
  const successes = await lastSuccesses(tools.database, names);
  let counts: SliceCounts = { connections: 0, started: 0, repaired: 0, skipped: 0, overdue: 0, failed: 0 };
  let last: string | null = null;
  for (const connection of connections) {
    if (signal.aborted) return { ...counts, after: last ?? after };
    if (last !== null && performance.now() - startedAt >= lastsMs) return { ...counts, after: last };
    const known = { watches: watches.filter((watch) => watch.connection === connection.name), successes, nowMs: Date.parse(now) };
    counts = added(counts, await tried(tools, connection, known));
    last = connection.name;
    alive();
  }
  return { ...counts, after: connections.length < limit ? null : last };
}

interface Known {
  readonly watches: readonly Watch[];
  readonly successes: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

async function tried(tools: SliceTools, connection: Reconciled, known: Known): Promise<Partial<SliceCounts>> {
  try {
    return await reconcileConnection(tools, connection, known);
  } catch (error) {
    // Without its database nothing can be reconciled; all else is this connection's own.
    if (asTidemarkError(error).code === 'STORE_UNAVAILABLE') throw error;
    tools.logger.warn('A connection could not be reconciled; the others are.', { connection: connection.name, error });
    return { connections: 1, failed: 1 };
  }
}

async function reconcileConnection(tools: SliceTools, { name, spec: stored, saved }: Reconciled, known: Known): Promise<SliceCounts> {
  const spec = readSpec(stored);
  const done: ProfileDone[] = [];
  for (const { profile, schedule } of scheduledOf(spec)) {
    const watch = known.watches.find((candidate) => candidate.profile === profile) ?? null;
    const lastSuccess = known.successes.get(`${name} ${profile}`) ?? null;
    const connectionPaused = saved?.paused === true;
    done.push(await reconcileProfile(tools, { name, profile, schedule, watch, lastSuccess, connectionPaused, nowMs: known.nowMs }));
  }
  const entity = await runningWorkflow(tools.client, connectionId(name));
  if (entity === null) tools.logger.warn('The entity of a connection did not run and is started.', { connection: name });
  // This worker's build is the current one: the reconciler has just been started on it. An idle entity moves to it once it is woken.
  const elsewhere = entity !== null && entity.build !== tools.build;
  if (entity === null || elsewhere || done.some(({ timesChanged }) => timesChanged)) await tellEntity(tools.client, name);
  return {
    connections: 1,
    started: entity === null ? 1 : 0,
    repaired: done.filter(({ repaired }) => repaired).length,
    skipped: done.reduce((sum, { skipped }) => sum + skipped, 0),
    overdue: done.filter(({ overdue }) => overdue).length,
    failed: 0,
  };
}

function scheduledOf({ profiles }: ConnectionSpec) {
  return profiles.flatMap(({ name, status, schedule }) =>
    status === 'inactive' || schedule === null ? [] : [{ profile: name, schedule }],
  );
}

function added(counts: SliceCounts, more: Partial<SliceCounts>): SliceCounts {
  return {
    connections: counts.connections + (more.connections ?? 0),
    started: counts.started + (more.started ?? 0),
    repaired: counts.repaired + (more.repaired ?? 0),
    skipped: counts.skipped + (more.skipped ?? 0),
    overdue: counts.overdue + (more.overdue ?? 0),
    failed: counts.failed + (more.failed ?? 0),
  };
}
