// What the reconciler has seen of each schedule: up to when every occurrence has its row, and what Temporal said of it then.
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import type { Database, Transaction } from './database.ts';
import { jsonb } from './params.ts';
import { escapeText } from './text.ts';

export interface Watch {
  readonly connection: string;
  readonly profile: string;
  /** Since when the schedule is what it is, ISO-8601 UTC like all times here. */
  readonly since: string;
  /** Every occurrence up to here has its row. */
  readonly lookedTill: string;
  /** The operator's note on the paused Schedule when it was last looked at; null when it was not paused. */
  readonly paused: string | null;
  /** Temporal's counters then: occurrences it came too late for, and those it left out because the tick before them was open. */
  readonly late: number;
  readonly overlapped: number;
  readonly overdueSince: string | null;
}

const columns = `connection, profile, since, looked_till as "lookedTill", paused, late, overlapped, overdue_since as "overdueSince"`;

/** Every profile with a schedule of its own time, as a connection's spec names them. */
const scheduled = (parameter: string): string =>
  `select p ->> 'name' as profile, p -> 'schedule' as schedule from jsonb_path_query(${parameter}::jsonb, '$.profiles[*]') as p
   where p ->> 'status' = 'active' and jsonb_typeof(p -> 'schedule') = 'object' and p ->> 'name' is not null`;

/**
 * Watches the schedules of a connection that is being written: those that are new or changed from now on, the others from where they were.
 * `before`: null for a new connection.
 */
export async function watchSchedules(
  transaction: Transaction,
  of: { readonly connection: string; readonly before: JsonObject | null; readonly after: JsonObject },
): Promise<void> {
  await transaction.query(
    `insert into watch (connection, profile)
     select $1, a.profile from (${scheduled('$2')}) as a
     where not exists (select from (${scheduled('$3')}) as b where b.profile = a.profile and b.schedule = a.schedule)
     on conflict (connection, profile) do update set since = now(), looked_till = now(), paused = null, overdue_since = null`,
    [of.connection, jsonb(of.after), jsonb(of.before)],
  );
}

/** The watches of these connections, and the time by the database's clock. */
export async function readWatches(
  database: Database,
  connections: readonly string[],
): Promise<{ readonly now: string; readonly watches: readonly Watch[] }> {
  const watches = await database.query<Watch>(`select ${columns} from watch where connection = any ($1)`, [connections]);
  const [clock] = await database.query<{ now: string }>('select now()');
  return { now: clock?.now ?? new Date().toISOString(), watches };
}

/** Watches a schedule that nobody did, from now on. Idempotent. */
export async function watchSchedule(database: Database, of: { readonly connection: string; readonly profile: string }): Promise<Watch> {
  await database.query('insert into watch (connection, profile) values ($1, $2) on conflict do nothing', [of.connection, of.profile]);
  const [watch] = await database.query<Watch>(`select ${columns} from watch where connection = $1 and profile = $2`, [
    of.connection,
    of.profile,
  ]);
  if (watch === undefined) throw new TidemarkError('INTERNAL', `The schedule of ${of.connection}:${of.profile} is not watched.`);
  return watch;
}

export interface Look extends Pick<Watch, 'connection' | 'profile' | 'lookedTill' | 'paused' | 'late' | 'overlapped'> {
  /** Occurrences that did not run and have no row yet, with the reason. */
  readonly skipped: readonly { readonly scheduledAt: string; readonly reason: string }[];
}

/**
 * Records a look at a schedule: the rows of what did not run, and how far it reached. Answers how many rows are new: one that is there says more than
 * the reconciler knows. A watch that was begun anew meanwhile, because the schedule has changed, stays as it is. Idempotent.
 */
export async function recordLook(database: Database, watch: Watch, look: Look): Promise<number> {
  const { connection, profile, lookedTill, paused, late, overlapped, skipped } = look;
  const [rows = []] = await database.batch([
    {
      sql: `insert into occurrence (connection, profile, scheduled_at, outcome, reason)
        select $1, $2, t.at, 'skipped', t.reason from unnest($3::timestamptz[], $4::text[]) as t (at, reason)
        on conflict do nothing returning scheduled_at`,
      params: [connection, profile, skipped.map(({ scheduledAt }) => scheduledAt), skipped.map(({ reason }) => escapeText(reason))],
    },
    {
      sql: `update watch set looked_till = $3, paused = $4, late = $5, overlapped = $6
        where connection = $1 and profile = $2 and since = $7`,
      params: [connection, profile, lookedTill, paused === null ? null : escapeText(paused), late, overlapped, watch.since],
    },
  ]);
  return rows.length;
}

/** Marks a profile as without success for too long, or no longer. */
export async function markOverdue(
  database: Database,
  of: { readonly connection: string; readonly profile: string; readonly since: string | null },
): Promise<void> {
  await database.query('update watch set overdue_since = $3 where connection = $1 and profile = $2', [of.connection, of.profile, of.since]);
}

/** Watches of schedules that are no longer: the connection is deleted, or the profile is gone, inactive or on demand only. */
export function orphanedWatches(database: Database): Promise<{ readonly connection: string; readonly profile: string }[]> {
  return database.query(`select connection, profile from watch w where ${orphaned} order by connection, profile limit 1000`);
}

/** Ends a watch, unless the schedule is back. */
export async function endWatch(database: Database, of: { readonly connection: string; readonly profile: string }): Promise<void> {
  await database.query(`delete from watch w where connection = $1 and profile = $2 and ${orphaned}`, [of.connection, of.profile]);
}

const orphaned = `not exists (
  select from connection c, lateral (${scheduled('c.spec')}) as s
  where c.name = w.connection and c.deleted_at is null and s.profile = w.profile)`;
