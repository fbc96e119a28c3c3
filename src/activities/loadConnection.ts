// What the entity starts from: the row of its connection, the runs that the database knows, and what Temporal has for it.
import { schedulePlan, whyNoneComes } from '../clients/schedules.ts';
import { registeredAttributes } from '../clients/searchAttributes.ts';
import { type ProfileSpec, readSpec } from '../connectors/spec.ts';
import type { HeldSet, RunBrief } from '../model.ts';
import { briefOfRow } from '../store/brief.ts';
import { type Connection, getConnection } from '../store/connection.ts';
import { heldSet } from '../store/held.ts';
import { listRuns, openRuns } from '../store/run.ts';
import type { Shared } from './dependencies.ts';
import { readSaved, savedLastFull, savedSettled } from './saved.ts';
import type { LoadedConnection, LoadedProfile } from './types.ts';

/** Enough lines that the last run of each profile is mostly among them; what is not comes from the saved state. */
const lines = 100;

/** null when there is no such connection, or it is deleted. @throws CONFIG_INVALID, STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function loadConnection(shared: Shared, { name }: { readonly name: string }): Promise<LoadedConnection | null> {
  const { database, config } = shared;
  const connection = await getConnection(database, name);
  if (connection === null) return null;
  const spec = readSpec(connection.spec);
  const history = (await listRuns(database, { connection: name, limit: lines })).flatMap((line) => briefOfRow(line) ?? []);
  const unfinished = await openRuns(database, name);
  const held = await heldSet(database, name);
  return {
    connector: spec.connector,
    profiles: await Promise.all(spec.profiles.map((profile) => loadProfile(shared, connection, profile, { history, held }))),
    history: history.slice(0, 20),
    highestRun: connection.fence,
    unfinished: unfinished.map(({ run, profile, startedAt }) => ({ run, profile, startedAt })),
    held,
    saved: readSaved(connection.saved),
    searchAttributes: await attributes(shared),
    timings: config.timings,
  };
}

async function loadProfile(
  { client }: Shared,
  connection: Connection,
  { name, status, schedule }: ProfileSpec,
  { history, held }: { readonly history: readonly RunBrief[]; readonly held: HeldSet },
): Promise<LoadedProfile> {
  const own = history.filter(({ profile }) => profile === name);
  const scheduled = schedule !== null && status === 'active';
  const now = new Date();
  const plan = scheduled && client !== null ? await schedulePlan(client, { name: connection.name, profile: name, now }) : null;
  return {
    name,
    status,
    scheduled,
    settled: settledBy(own, held) ?? savedSettled(connection.saved, name) ?? (scheduled ? 'scheduled' : 'registered'),
    lastRun: own[0] ?? null,
    lastFull:
      own.find(({ mode, verdict }) => mode === 'full' && verdict === 'complete')?.finishedAt ?? savedLastFull(connection.saved, name),
    upcoming: plan?.next.slice(0, 5) ?? [],
    nextRunReason: scheduled ? whyNoneComes(schedule, plan?.paused ?? null, now.getTime()) : null,
  };
}

/** A cancelled or superseded run, and one that removed what was approved, leaves the state before it (decision 13). */
function settledBy(newestFirst: readonly RunBrief[], held: HeldSet): LoadedProfile['settled'] | null {
  const decisive = newestFirst.find(({ mode, verdict }) => mode !== 'settle' && verdict !== 'cancelled' && verdict !== 'superseded');
  if (decisive === undefined) return null;
  if (decisive.verdict !== 'complete') return 'errored';
  return held.count > 0 && (decisive.held?.count ?? 0) > 0 ? 'held' : 'processed';
}

/** Setting none is always safe: a server that does not tell is taken to have none. */
async function attributes({ client, logger }: Shared): Promise<Record<string, string>> {
  if (client === null) return {};
  try {
    return await registeredAttributes(client);
  } catch (error) {
    logger.info('The namespace does not tell its search attributes; none are set.', { error });
    return {};
  }
}
