// What the reconciler goes through: connections in slices, and runs that nobody holds any more.
import type { Connection } from './connection.ts';
import type { Database } from './database.ts';

export type Reconciled = Pick<Connection, 'name' | 'spec' | 'fence' | 'saved' | 'changedAt'>;

/** The next connections by name; none after the last. */
export function connectionsAfter(database: Database, of: { readonly after: string | null; readonly limit: number }): Promise<Reconciled[]> {
  return database.query<Reconciled>(
    `select name, with_maps(spec) as spec, fence, state as saved, changed_at as "changedAt" from connection
     where deleted_at is null and name > $1 order by name limit $2`,
    [of.after ?? '', of.limit],
  );
}

/** The end of the last complete pull of each of these profiles, by `CONNECTION PROFILE`; ISO-8601 UTC. */
export async function lastSuccesses(database: Database, connections: readonly string[]): Promise<Map<string, string>> {
  const rows = await database.query<{ connection: string; profile: string; finishedAt: string }>(
    `select w.connection, w.profile, r.finished_at as "finishedAt" from watch w, lateral (
       select finished_at from run where connection = w.connection and profile = w.profile and verdict = 'complete' and mode <> 'settle'
       order by run desc limit 1 offset 0
     ) as r where w.connection = any ($1)`,
    [connections],
  );
  return new Map(rows.map(({ connection, profile, finishedAt }) => [`${connection} ${profile}`, finishedAt]));
}

export interface LostRun {
  readonly run: number;
  readonly connection: string;
}

/**
 * Runs without a verdict that no entity will end by itself: a later run of their connection has been opened since, or their connection is deleted.
 * Whether their workflow still runs is to be asked.
 */
export function overtakenRuns(database: Database): Promise<LostRun[]> {
  return database.query<LostRun>(
    `select r.run, r.connection from run r left join connection c on c.name = r.connection
     where r.verdict is null and r.started_at < now() - interval '2 minutes' and (c.name is null or c.deleted_at is not null or r.run < c.fence)
     order by r.run limit 1000`,
  );
}
