// Findings: one row per flaw and asset, made of all that records say of it (document 004). After each run's removals, before its verdict.
// MUST be repeatable at any point, and cost by what the run changed: only flaws of which a record changed are looked at.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { texts } from './params.ts';
import type { IdPattern } from './settle.ts';
import type { StreamPlace } from './walk.ts';

/** Notes of changes that are looked at together: each holds the numbers of a page, or of a slice of removals. */
const notesAtOnce = 4;

export interface FindingCounts {
  readonly opened: number;
  readonly reopened: number;
  readonly fixed: number;
  readonly suppressed: number;
}

/**
 * Makes the findings of what the run changed in this stream. A flaw is open while a live record says so, suppressed while one says that, and else fixed:
 * records go only by proof (design 3.7), so what a run did not read stays as it is. @throws STALE_ATTEMPT when another run has been opened.
 */
export async function judgeFindings(database: Database, place: StreamPlace, alive: () => void): Promise<FindingCounts> {
  const { run, connection, stream } = place;
  const notes = await database.query<{ note: string }>(
    `select ctid::text as note from run_change where run = $1 and stream = $2 and kind = 'record' order by ctid`,
    [run, stream],
  );
  const counts = { opened: 0, reopened: 0, fixed: 0, suppressed: 0 };
  for (let from = 0; from < notes.length; from += notesAtOnce) {
    const some = notes.slice(from, from + notesAtOnce).map(({ note }) => note);
    const [, turned = []] = await database.batch<{ turn: keyof FindingCounts; findings: number }>([
      { sql: 'select guard_fence($1, $2)', params: [run, connection] },
      { sql: judgeSql, params: [run, connection, stream, some] },
    ]);
    for (const { turn, findings } of turned) counts[turn] += findings;
    alive();
  }
  return counts;
}

// Of several records that say the same the first shows it: a live one, the worst of them, the oldest. One probe of an index for each (`offset 0`).
const judgeSql = `
  with changed as (
    select distinct unnest(nums) as num from run_change where ctid = any ($4::text[]::tid[]) and run = $1
  ), touched as (
    select key from changed n cross join lateral (select key from evidence where num = n.num offset 0) e
    union
    select key from changed n cross join lateral (select key from finding where num = n.num offset 0) f
  ), told as (
    select distinct on (t.key) t.key, e.num, e.asset_class, e.asset_id, e.severity, e.qds, e.cve, e.status
    from touched t cross join lateral (
      select e.*, array_position(array['open', 'suppressed', 'fixed'], e.status) as rank
      from (select * from evidence where connection = $2 and key = t.key offset 0) e
      cross join lateral (select from record where num = e.num and tombstoned_at is null offset 0) r
      where not e.retired or not exists (select from evidence o where o.connection = $2 and o.key = t.key and not o.retired)
    ) e
    order by t.key, e.rank, e.num
  ), judged as (
    select t.key, coalesce(told.num, f.num) as num, coalesce(told.asset_class, f.asset_class) as asset_class,
      coalesce(told.asset_id, f.asset_id) as asset_id, coalesce(told.severity, f.severity) as severity, coalesce(told.qds, f.qds) as qds, coalesce(told.cve, f.cve) as cve,
      coalesce(told.status, 'fixed') as status, f.status as before
    from touched t left join told on told.key = t.key
    left join lateral (select * from finding where connection = $2 and key = t.key offset 0) f on true
    -- What was never open is no finding: a healthy record that is kept says only that one ended.
    where f.key is not null or told.status <> 'fixed'
  ), written as (
    insert into finding (connection, key, num, asset_class, asset_id, status, severity, qds, cve, changed_run)
    select $2, key, num, asset_class, asset_id, status, severity, qds, cve, $1 from judged order by key
    on conflict (connection, key) do update set
      num = excluded.num, asset_class = excluded.asset_class, asset_id = excluded.asset_id, severity = excluded.severity, qds = excluded.qds, cve = excluded.cve,
      status = excluded.status, changed_run = excluded.changed_run,
      status_since = case when finding.status = excluded.status then finding.status_since else now() end,
      reopened = finding.reopened + case when finding.status = 'fixed' and excluded.status <> 'fixed' then 1 else 0 end,
      last_seen = case when excluded.status <> 'fixed' then null when finding.status = 'fixed' then finding.last_seen
        else coalesce((select last_full_at from cursor where connection = $2 and stream = $3), finding.status_since) end
    where (finding.num, finding.status, finding.severity, finding.qds) is distinct from (excluded.num, excluded.status, excluded.severity, excluded.qds)
  ), turned as (
    select num, case when status = 'fixed' then 'fixed' when status = 'suppressed' then 'suppressed' when before = 'fixed' then 'reopened' else 'opened' end as turn
    from judged where status is distinct from before
  ), noted as (
    insert into run_change (run, stream, kind, change, nums)
    select $1, $3, 'finding', turn, array_agg(num order by num) from turned group by turn
  )
  select turn, count(*) as findings from turned group by turn`;

/** Evidence in one transaction. */
const retiredAtOnce = 5_000;

/**
 * Notes that the source of the records whose ids meet the pattern answers nothing any more, or answers again. What that changes is looked at with what
 * else the run changed. `types`: only of findings on these. Costs nothing while it stays as it is. @throws STALE_ATTEMPT when another run has been opened.
 */
export async function retireEvidence(
  database: Database,
  { run, connection, stream }: StreamPlace,
  { like, not }: IdPattern,
  { retired, types, alive }: { readonly retired: boolean; readonly types: readonly string[] | undefined; readonly alive: () => void },
): Promise<void> {
  for (let turned = retiredAtOnce; turned === retiredAtOnce; alive()) {
    const [, rows = []] = await database.batch<{ turned: number }>([
      { sql: 'select guard_fence($1, $2)', params: [run, connection] },
      {
        sql: `with slice as (
            select e.num from evidence e cross join lateral (select stream, id from record where num = e.num offset 0) r
            where e.connection = $2 and ${retired ? 'not e.retired' : 'e.retired'} and r.stream = $3 and (r.id like $4) <> $5
              ${types === undefined ? '' : 'and e.asset_class = any ($6::text[])'} limit ${retiredAtOnce}
          ), turned as (update evidence set retired = ${retired} where num in (select num from slice) returning num),
          noted as (
            insert into run_change (run, stream, kind, change, nums) select $1, $3, 'record', 'updated', array_agg(num) from turned having count(*) > 0
          )
          select count(*) as turned from turned`,
        params: [run, connection, stream, like, not === true, ...(types === undefined ? [] : [texts(types)])],
      },
    ]);
    turned = rows[0]?.turned ?? 0;
  }
}

/** An asset that evidence is about. */
export interface NamedAsset {
  readonly id: string;
  /** A live record that names it, the first in order of number; null: none does any more, or another stream has the asset. */
  readonly body: JsonObject | null;
}

/** Which of these ids are of assets that live records name, but for those that are fixed. */
export async function namedIds(
  database: Database,
  { connection, of, ids }: { readonly connection: string; readonly of: string; readonly ids: readonly string[] },
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select id from unnest($3::text[]) as asked (id) where exists (
       select from evidence e cross join lateral (select from record where num = e.num and tombstoned_at is null offset 0) r
       where e.connection = $1 and e.asset_class = $2 and e.asset_id = asked.id and e.status <> 'fixed')`,
    [connection, of, texts(ids)],
  );
  return rows.map(({ id }) => id);
}

/** So many assets of the class after this one that evidence is about, in order of id. `knownTo`: streams that have the asset itself. */
export function namedAssets(
  database: Database,
  of: {
    readonly connection: string;
    readonly of: string;
    /** An id, '' at the beginning. */
    readonly after: string;
    readonly knownTo: readonly string[];
    /** Only what records of this stream say counts. @default all streams' */
    readonly toldBy?: string;
    readonly limit: number;
  },
): Promise<NamedAsset[]> {
  // From one asset to the next by the index, however much evidence each has and other classes have.
  const next = (after: string): string =>
    `select asset_id from evidence where connection = $1 and asset_class = $2 and asset_id > ${after} order by asset_id limit 1`;
  return database.query<NamedAsset>(
    `with recursive named as (
       (select asset_id, 1 as place from (${next('$3')}) first)
       union all
       select n.asset_id, place + 1 from named cross join lateral (${next('named.asset_id')}) n where place < $5
     )
     select named.asset_id as id, told.body
     from named left join lateral (
       -- In order of number, so that the first live one ends the search.
       select r.body
       from (
         select num from evidence where connection = $1 and asset_class = $2 and asset_id = named.asset_id and status <> 'fixed' order by num offset 0
       ) e cross join lateral (select stream, body from record where num = e.num and tombstoned_at is null offset 0) r
       where ($6::text is null or r.stream = $6)
         and not exists (
           select from unnest($4::text[]) as s (stream) cross join lateral (
             (select from record where connection = $1 and stream = s.stream and id = named.asset_id and tombstoned_at is null offset 0)
             union all
             -- What is within it: the containers of a group (decision 50). No character is between "/" and "0".
             (select from record where connection = $1 and stream = s.stream and id > named.asset_id || '/' and id < named.asset_id || '0'
                and tombstoned_at is null limit 1)
           ) known
         )
       order by e.num limit 1
     ) told on true
     order by place`,
    [of.connection, of.of, of.after, of.knownTo, of.limit, of.toldBy ?? null],
  );
}
