// A connection's status as far as the database knows: for when its entity cannot be asked.
import { readSpec } from '../connectors/spec.ts';
import { briefOfRow } from '../store/brief.ts';
import type { Connection } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { heldSet } from '../store/held.ts';
import { listRuns, openRuns } from '../store/run.ts';
import type { ConnectionStatus } from '../workflows/messages.ts';
import { stateOf } from './connectionView.ts';

/** The same as the entity would say, but for what only Temporal knows: when the next run comes. */
export async function storedStatus(database: Database, connection: Connection): Promise<ConnectionStatus> {
  const spec = readSpec(connection.spec);
  const { state, since } = stateOf(connection, spec);
  const [current] = await openRuns(database, connection.name);
  const lines = await listRuns(database, { connection: connection.name, limit: 50 });
  const history = lines.flatMap((line) => briefOfRow(line) ?? []);
  const held = await heldSet(database, connection.name);
  return {
    state,
    since,
    connector: spec.connector,
    profiles: spec.profiles.map((profile) => ({
      name: profile.name,
      status: profile.status,
      state,
      lastRun: history.find((brief) => brief.profile === profile.name) ?? null,
      lastFull:
        history.find((brief) => brief.profile === profile.name && brief.mode === 'full' && brief.verdict === 'complete')?.finishedAt ??
        null,
      nextRun: null,
    })),
    current: current === undefined ? null : { run: current.run, profile: current.profile, since: current.startedAt },
    held: held.count === 0 ? null : held,
    lastError: connection.saved?.lastError ?? null,
    history: history.slice(0, 20),
  };
}
