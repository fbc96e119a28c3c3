// The workers of an installation: each refreshes its row while it lives, so that a dead one is known without asking Temporal.
// Ages are by the database's clock (decision 63).
import type { Database } from './database.ts';

export interface WorkerIdentity {
  /** Of this process alone. */
  readonly id: string;
  readonly namespace: string;
  readonly host: string;
  readonly pid: number;
  readonly build: string;
  /** The task queues that it serves. */
  readonly queues: readonly string[];
}

/** A worker refreshes its row every ten seconds; one that missed three is gone. */
const aliveFor = `interval '40 seconds'`;
const keptFor = `interval '1 day'`;

/** Refreshes the worker's row, and drops those that nobody refreshed for a day. */
export async function reportWorker(database: Database, of: WorkerIdentity): Promise<void> {
  await database.batch([
    {
      sql: `insert into worker (id, namespace, host, pid, build, queues) values ($1, $2, $3, $4, $5, $6)
        on conflict (id) do update set seen_at = now()`,
      params: [of.id, of.namespace, of.host, of.pid, of.build, of.queues],
    },
    { sql: `delete from worker where seen_at < now() - ${keptFor}`, params: [] },
  ]);
}

/** The worker has drained: from now on it is not there, and when it left is known. */
export async function endWorker(database: Database, id: string): Promise<void> {
  await database.query('update worker set seen_at = now(), ended_at = now() where id = $1', [id]);
}

export interface Presence {
  /** How many workers of that queue live. */
  readonly workers: number;
  /** When the last one was seen. */
  readonly seenAt: string;
}

/** By task queue; one that no worker of the namespace has served for a day is missing. */
export async function readPresence(database: Database, namespace: string): Promise<ReadonlyMap<string, Presence>> {
  const rows = await database.query<Presence & { queue: string }>(
    `select queue, count(*) filter (where ended_at is null and seen_at > now() - ${aliveFor})::int as workers, max(seen_at) as "seenAt"
     from worker, unnest(queues) as queue where namespace = $1 group by queue`,
    [namespace],
  );
  return new Map(rows.map(({ queue, workers, seenAt }) => [queue, { workers, seenAt }]));
}
