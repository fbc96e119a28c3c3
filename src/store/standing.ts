// What the worker's metrics are made from: which ends were counted, and how every connection stands.
import type { ConnectionStanding } from '../metrics.ts';
import type { Database } from './database.ts';

/** The connector of a run that ended and was not counted yet, which from now on it is: asked again, null. */
export async function countRunOnce(database: Database, run: number): Promise<string | null> {
  const [row] = await database.query<{ connector: string }>(
    `update run set counted = true where run = $1 and not counted and verdict is not null returning spec ->> 'connector' as connector`,
    [run],
  );
  return row?.connector ?? null;
}

/** All connections. Costs an index probe or two for each, however many runs they had. */
export function readStandings(database: Database): Promise<ConnectionStanding[]> {
  return database.query<ConnectionStanding>(
    `select c.name as connection, extract(epoch from last.finished_at)::bigint as "lastSuccess", coalesce(held.count, 0)::int as held,
       (select greatest(0, extract(epoch from expires_at - now()))::bigint from credential where connection = c.name and in_use and expires_at is not null limit 1) as "secretExpires"
     from connection c
     left join lateral (
       select finished_at from run where connection = c.name and verdict = 'complete' and mode <> 'settle' order by run desc limit 1 offset 0
     ) last on true
     left join lateral (select count(*) as count from held_removal where connection = c.name and not rejected offset 0) held on true
     where c.deleted_at is null`,
  );
}
