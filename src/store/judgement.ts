// What the guard needs to know of a run's staged removals, and its decision, taken once per run and kept in its row (decision 3).
// MUST cost by what was staged: how much lives is read from the tally, never counted.
import type { RemovalGroup } from '../pull/guard.ts';
import type { Database } from './database.ts';
import { byNum, jsonb } from './params.ts';

export type RemovalDecision = 'apply' | 'hold';

interface RunPlace {
  readonly run: number;
  readonly connection: string;
}

/** What a cursor is bound to, but for the selection: another one is another scope (decision 4). */
const scope = (binding: string): string =>
  `(${['tenantId', 'clientId', 'cloud', 'origin'].map((key) => `${binding} ->> '${key}'`).join(', ')})`;

/** null: nothing was decided yet. */
export async function readDecision(database: Database, run: number): Promise<RemovalDecision | null> {
  const [row] = await database.query<{ removals: RemovalDecision | null }>('select removals from run where run = $1', [run]);
  return row?.removals ?? null;
}

/** The removals staged by the run's complete streams (or by one of them), by stream and kind. */
export function stagedGroups(database: Database, { run, connection }: RunPlace, stream: string | null = null): Promise<RemovalGroup[]> {
  return database.query<RemovalGroup>(
    `with staged as materialized (
       select p.stream, p.kind, p.num, p.why, c.mode,
         (select coalesce(h.rejected or c.mode = 'full', false) from held_removal h
          where h.connection = $2 and h.stream = p.stream and h.kind = p.kind and h.num = p.num) as again
       from pending_removal p join checkpoint c on c.run = p.run and c.stream = p.stream and c.outcome = 'complete'
       where p.run = $1 and not p.back and ($3::text is null or p.stream = $3)
     ), object as (
       select stream, 'record' as kind, why, mode, again, true as counts from staged where kind = 'record'
       union all
       select s.stream, e.kind, s.why, s.mode, s.again, edge_counts($1, $2, e.from_id, e.to_id)
       from staged s cross join lateral (
         select kind, from_id, to_id from edge where ${byNum} = $2 || ' ' || s.stream and num = s.num offset 0
       ) e where s.kind = 'edge'
     ), grouped as (
       select stream, kind, min(mode) as mode, count(*) filter (where counts) as counted,
         count(*) filter (where why = 'absent') as absent, coalesce(bool_or(again), false) as again
       from object group by stream, kind
     )
     select g.stream, g.kind, g.counted, g.absent, coalesce(t.live, 0) as live, greatest(t.live, d.live, 0) as largest,
       coalesce(d.applied, 0) as applied, g.again as "asksAgain",
       g.mode = 'delta' and exists (
         select from held_removal h
         where h.connection = $2 and h.stream = g.stream and coalesce(h.edge_kind, 'record') = g.kind and not h.rejected offset 0) as joins,
       exists (
         select from cursor k join run r on r.run = $1
         join lateral jsonb_to_recordset(r.streams) as p (stream text, binding jsonb) on p.stream = k.stream
         where k.connection = $2 and k.stream = g.stream and k.binding is not null
           and ${scope('k.binding')} is distinct from ${scope('p.binding')}
       ) as "scopeChanged"
     from grouped g
     left join tally t on t.connection = $2 and t.stream = g.stream and t.kind = g.kind
     left join lateral (
       select max(live) as live, sum(applied)::bigint as applied from removal_day
       where connection = $2 and stream = g.stream and kind = g.kind and at > now() - interval '24 hours'
     ) d on true
     order by g.stream, g.kind`,
    [run, connection, stream],
  );
}

/**
 * Keeps the guard's decision about the run's staged removals and does what it says at once: held ones move to the pending set. Idempotent: the
 * first decision stands and is answered. `unasked` names the lists whose absent records were not asked for.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function decideRemovals(
  database: Database,
  of: RunPlace & {
    readonly decision: RemovalDecision;
    readonly groups: readonly RemovalGroup[];
    readonly unasked: readonly string[];
    /** A line for the log, and its facts, when they are held. */
    readonly said: string;
    readonly because: readonly object[];
  },
): Promise<RemovalDecision> {
  const judged = of.groups.map(({ stream, kind, live, counted }) => ({ stream, kind, live, counted }));
  const [row] = await database.query<{ stands: RemovalDecision }>('select decide_removals($1, $2, $3, $4, $5, $6, $7) as stands', [
    of.run,
    of.connection,
    of.decision,
    of.unasked,
    jsonb(judged),
    of.said,
    jsonb({ because: of.because }),
  ]);
  return row?.stands ?? of.decision;
}
