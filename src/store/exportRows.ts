// The rows of an export, page by page in key order: all that lives, or what changed since a run, derived from what runs noted (run_change).
// MUST stay flat in memory. An edge is exported while its container lives and, where its other end is of a type that is exported too, that end lives.
import type { EdgeKind } from '../connectors/definition.ts';
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { byNum, jsonb, numKey } from './params.ts';
import { escapeText } from './text.ts';

export type Command = 'insert' | 'update' | 'delete';

export interface ObjectRow {
  readonly command: Command;
  readonly id: string;
  /** null for one that is gone. */
  readonly body: JsonObject | null;
}

export interface EdgeRow {
  readonly command: Exclude<Command, 'update'>;
  readonly from: string;
  readonly to: string;
}

interface Scope {
  readonly connection: string;
  readonly stream: string;
}

export interface EdgeScope extends Scope {
  readonly kind: EdgeKind;
  /** By `@odata.type`, the streams of the types that are exported. */
  readonly types: Readonly<Record<string, string>>;
}

/** Runs after `after`, up to and with `upTo`. */
export interface Since {
  readonly after: number;
  readonly upTo: number;
}

const objectsAtOnce = 1_000;

/** The live records of a stream, by id. */
export async function* allObjects(database: Database, { connection, stream }: Scope): AsyncGenerator<ObjectRow[]> {
  for (let after = ''; ;) {
    const page: ObjectRow[] = await database.query<ObjectRow>(
      `select 'insert' as command, id, body from record
       where connection = $1 and stream = $2 and tombstoned_at is null and id > $3 order by id limit ${objectsAtOnce}`,
      [connection, stream, escapeText(after)],
    );
    if (page.length > 0) yield page;
    if (page.length < objectsAtOnce) return;
    after = page.at(-1)?.id ?? after;
  }
}

// Whether a thing was there before: its first change since then is no addition. Within a run what is added is added before it is removed.
const was = `min(c.run) filter (where c.change = 'added') is distinct from min(c.run) as was`;
const since = `run u join run_change c on c.run = u.run cross join unnest(c.nums) as num where u.connection = $1 and u.run > $2 and u.run <= $3`;

const changesAtOnce = 5_000;

/** The records of a stream that runs added, changed or removed, by id; what came and went between is no row. */
export async function* changedObjects(
  database: Database,
  { connection, stream }: Scope,
  { after: from, upTo }: Since,
): AsyncGenerator<ObjectRow[]> {
  for (let after = ''; ;) {
    const page: ObjectRow[] = await database.query<ObjectRow>(
      `with changed as (select num, ${was} from ${since} and c.stream = $4 and c.kind = 'record' group by num)
       select case when not r.live then 'delete' when n.was then 'update' else 'insert' end as command, r.id, r.body
       from changed n cross join lateral (
         select id, tombstoned_at is null as live, case when tombstoned_at is null then body end as body from record where ${byNum} = $5 and num = n.num offset 0
       ) r
       where (n.was or r.live) and r.id > $6 order by r.id limit ${changesAtOnce}`,
      [connection, from, upTo, stream, numKey(connection, stream), escapeText(after)],
    );
    if (page.length > 0) yield page;
    if (page.length < changesAtOnce) return;
    after = page.at(-1)?.id ?? after;
  }
}

const containersAtOnce = 100;
const edgesAtOnce = 2_000;

/** Whether the end of a type lives; one of a type that is not exported counts as living. */
const lives = (id: string, type: string): string =>
  `(not $1::jsonb ? ${type} or exists (select from record where connection = $2 and stream = $1::jsonb ->> ${type} and id = ${id} and tombstoned_at is null))`;

/** The edges of a kind that are exported, by container and end. */
export async function* allEdges(database: Database, { connection, stream, kind, types }: EdgeScope): AsyncGenerator<EdgeRow[]> {
  for (let last = ''; ;) {
    const containers: { readonly id: string }[] = await database.query<{ id: string }>(
      `select id from record where connection = $1 and stream = $2 and tombstoned_at is null and id > $3 order by id limit ${containersAtOnce}`,
      [connection, stream, escapeText(last)],
    );
    for (let [from, to] = ['', '']; ;) {
      const page: EdgeRow[] = await database.query<EdgeRow>(
        `select 'insert' as command, g.id as from, e.to_id as to
         from unnest($5::text[]) with ordinality as g (id, at) cross join lateral (
           select to_id from edge
           where from_id = g.id and to_id > case when g.id = $6 then $7 else '' end and kind = $4 and key = '' and connection = $2 and stream = $3
             and ${lives('to_id', `coalesce(properties ->> '@odata.type', '')`)}
           order by to_id limit ${edgesAtOnce}
         ) e
         where g.id >= $6 order by g.at, e.to_id limit ${edgesAtOnce}`,
        [jsonb(types), connection, stream, kind, containers.map(({ id }) => escapeText(id)), escapeText(from), escapeText(to)],
      );
      if (page.length > 0) yield page;
      if (page.length < edgesAtOnce) break;
      ({ from, to } = page.at(-1) ?? { from, to });
    }
    if (containers.length < containersAtOnce) return;
    last = containers.at(-1)?.id ?? last;
  }
}

/**
 * The edges of a kind that are exported now and were not, or the other way round, by container and end: those that came or went, and those of records
 * that came or went.
 */
export async function* changedEdges(
  database: Database,
  { connection, stream, kind, types }: EdgeScope,
  { after, upTo }: Since,
): AsyncGenerator<EdgeRow[]> {
  for (let [from, to] = ['', '']; ;) {
    const page: EdgeRow[] = await database.query<EdgeRow>(changedEdgesSql, [
      connection,
      after,
      upTo,
      stream,
      kind,
      jsonb(types),
      numKey(connection, stream),
      escapeText(from),
      escapeText(to),
    ]);
    if (page.length > 0) yield page;
    if (page.length < edgesAtOnce) return;
    ({ from, to } = page.at(-1) ?? { from, to });
  }
}

const changedEdgesSql = `
  with turned as materialized (
    select r.stream, r.id, n.was
    from (
      select c.stream, num, ${was} from ${since} and c.kind = 'record' and c.change <> 'updated'
        and (c.stream = $4 or c.stream in (select value from jsonb_each_text($6::jsonb))) group by c.stream, num
    ) n
    cross join lateral (select n.stream, id, tombstoned_at is null as live from record where ${byNum} = $1 || ' ' || n.stream and num = n.num offset 0) r
    where n.was <> r.live
  ), changed as materialized (
    select num, ${was} from ${since} and c.kind = 'edge' and c.change <> 'updated' and c.stream = $4 group by num
  ), concerned as (
    select e.from_id, e.to_id, e.properties, n.was, true as here
    from changed n cross join lateral (select * from edge where ${byNum} = $7 and num = n.num offset 0) e where e.kind = $5
    union all
    select e.from_id, e.to_id, e.properties, n.was, false
    from changed n cross join lateral (select * from removed_edge where num = n.num offset 0) e where e.kind = $5
    union all
    select e.from_id, e.to_id, e.properties, coalesce(n.was, true), true
    from turned t cross join lateral (
      select * from edge where from_id = t.id and kind = $5 and connection = $1 and stream = $4
      union all
      select * from edge where to_id = t.id and kind = $5 and connection = $1 and stream = $4
      offset 0
    ) e
    left join changed n on n.num = e.num
  ), judged as (
    select e.from_id, e.to_id,
      bool_or(e.was and coalesce(f.was, a.live) and coalesce(t.was, b.live)) as was,
      bool_or(e.here and a.live and b.live) as here
    from (select from_id, to_id, was, here, coalesce(properties ->> '@odata.type', '') as type from concerned) e
    cross join lateral (
      select exists (select from record where connection = $1 and stream = $4 and id = e.from_id and tombstoned_at is null) as live
    ) a
    cross join lateral (
      select not $6::jsonb ? e.type or exists (
        select from record where connection = $1 and stream = $6::jsonb ->> e.type and id = e.to_id and tombstoned_at is null) as live
    ) b
    left join turned f on f.stream = $4 and f.id = e.from_id
    left join turned t on t.stream = $6::jsonb ->> e.type and t.id = e.to_id
    where (e.from_id, e.to_id) > ($8, $9)
    group by e.from_id, e.to_id
  )
  select case when here then 'insert' else 'delete' end as command, from_id as from, to_id as to
  from judged where was <> here order by from_id, to_id limit ${edgesAtOnce}`;

/** How many things runs changed, counted no further than it matters. */
export async function changesBetween(database: Database, connection: string, { after, upTo }: Since): Promise<number> {
  const [row] = await database.query<{ changes: number }>(
    `select coalesce(sum(cardinality(c.nums)), 0)::bigint as changes from run u join run_change c on c.run = u.run
     where u.connection = $1 and u.run > $2 and u.run <= $3 and c.kind in ('record', 'edge')`,
    [connection, after, upTo],
  );
  return row?.changes ?? 0;
}

/** Of a stream's edges, the kinds that it has. */
export async function edgeKinds(database: Database, { connection, stream }: Scope): Promise<Set<string>> {
  const rows = await database.query<{ kind: string }>(
    `select kind from tally where connection = $1 and stream = $2 and kind <> 'record' and live > 0`,
    [connection, stream],
  );
  return new Set(rows.map(({ kind }) => kind));
}
