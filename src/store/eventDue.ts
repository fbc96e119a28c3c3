// Which documents that relations decide are to be looked at (decision 37): those that changes are about, in slices; or all, where what they are made of
// changed. MUST cost by what changed. What is due stays due until it was looked at.
import type { EdgeKind } from '../connectors/definition.ts';
import type { Database, Statement } from './database.ts';
import { byNum, numKey } from './params.ts';

/** The documents of a stream, and the edges without which they are not there. */
export interface EventStream {
  readonly run: number;
  readonly connection: string;
  /** Of the records that have documents. */
  readonly stream: string;
  readonly edge: EdgeKind;
  /** Of the records at the edges' `from` ends. */
  readonly from: string;
  /** Whether an edge leads on to the edges of its `from` end. */
  readonly nested: boolean;
}

/** The fence: a run that was overtaken writes nothing. */
export const guard = ({ run, connection }: EventStream): Statement => ({
  sql: 'select guard_fence($1, $2)',
  params: [run, connection],
});

/** Documents in one slice: what keeps its transaction below a second. */
const atOnce = 2_000;
/** Beyond so many changes all documents are due: to look at all is then no dearer. */
const mostChanges = 200_000;

interface Mark {
  readonly run: number;
  readonly madeOf: string;
}

export async function readEventMark(database: Database, connection: string): Promise<Mark | null> {
  const [row] = await database.query<Mark>('select run, made_of as "madeOf" from event_mark where connection = $1', [connection]);
  return row ?? null;
}

/** By what the stream's records are chosen, once this run has settled it: as `judgeStored` left them. `tags`: as this run chose. */
export async function chosenBy(database: Database, { run, connection, from }: EventStream, tags: string): Promise<string> {
  const [row] = await database.query<{ tags: string }>(
    `select coalesce(
       (select $4::text from checkpoint where run = $1 and stream = $3 and outcome = 'complete'),
       (select tags from cursor where connection = $2 and stream = $3), '') as tags`,
    [run, connection, from, tags],
  );
  return row?.tags ?? '';
}

/** How much the connection's runs changed since the mark; `many` also where it is forgotten. */
export async function changesSince(database: Database, { run, connection }: EventStream, mark: Mark): Promise<'none' | 'some' | 'many'> {
  const [row] = await database.query<{ changes: number; forgotten: boolean }>(
    `select coalesce(sum(cardinality(c.nums)), 0)::bigint + (select count(*) from edge_lost where connection = $1) as changes,
       exists (select from run where connection = $1 and run > $2 and run <= (select run from change_horizon)) as forgotten
     from run r join run_change c on c.run = r.run where r.connection = $1 and r.run > $2 and r.run <= $3`,
    [connection, mark.run, run],
  );
  if (row?.forgotten === true) return 'many';
  const changes = row?.changes ?? 0;
  return changes === 0 ? 'none' : changes > mostChanges ? 'many' : 'some';
}

/** Makes every document due, in slices, and moves the mark. @throws STALE_ATTEMPT when another run has been opened. */
export async function makeAllDue(database: Database, of: EventStream, madeOf: string, alive: () => void): Promise<void> {
  const { connection, stream } = of;
  await database.batch([
    guard(of),
    { sql: 'delete from event_due where connection = $1', params: [connection] },
    { sql: 'delete from edge_lost where connection = $1', params: [connection] },
  ]);
  for (let after: number | null = 0; after !== null; alive()) {
    const [, slice]: { last: number | null }[][] = await database.batch<{ last: number | null }>([
      guard(of),
      {
        sql: `with slice as (select num from record where ${byNum} = $2 and num > $3 order by num limit $4),
            due as (insert into event_due (connection, nums) select $1, array_agg(num) from slice having count(*) > 0)
          select max(num) as last from slice`,
        params: [connection, numKey(connection, stream), after, atOnce],
      },
    ]);
    after = slice?.[0]?.last ?? null;
  }
  await database.batch([guard(of), moveMark(of, madeOf)]);
}

/**
 * Makes due what the changes since the mark are about, and moves the mark: the records that changed, the `to` ends of edges that came or went, and
 * those of every edge of a `from` end that changed; where edges lead on, all that are below. @throws STALE_ATTEMPT.
 */
export async function makeChangedDue(database: Database, of: EventStream, mark: Mark): Promise<void> {
  const { run, connection, stream, edge, from, nested } = of;
  await database.batch([
    guard(of),
    {
      sql: `with recursive lost as (delete from edge_lost where connection = $1 and stream = $5 returning to_ids),
          changed as (
            select c.stream, c.kind, unnest(c.nums) as num from run r join run_change c on c.run = r.run
            where r.connection = $1 and r.run > $2 and r.run <= $3 and c.stream in ($4, $5)
          ), below (id, leads) as (
            select f.id, true from changed n cross join lateral (select id from record where ${byNum} = $8 and num = n.num offset 0) f
            where n.stream = $5 and n.kind = 'record'
            union
            select e.to_id, $7 from changed n cross join lateral (select to_id, kind from edge where ${byNum} = $8 and num = n.num offset 0) e
            where n.stream = $5 and n.kind = 'edge' and e.kind = $6
            union
            select unnest(to_ids), $7 from lost
            union
            select e.to_id, $7 from below
            cross join lateral (select to_id from edge where from_id = below.id and kind = $6 and connection = $1 and stream = $5 offset 0) e
            where below.leads
          ), concerned as (
            select num from changed where stream = $4 and kind in ('record', 'asset')
            union
            select r.num from (select distinct id from below) b
            cross join lateral (select num from record where connection = $1 and stream = $4 and id = b.id offset 0) r
          )
        insert into event_due (connection, nums)
        select $1, array_agg(num) from (select num, (row_number() over (order by num) - 1) / $9::integer as slice from concerned) s group by slice`,
      params: [connection, mark.run, run, stream, from, edge, nested, numKey(connection, from), atOnce],
    },
    moveMark(of, mark.madeOf),
  ]);
}

function moveMark({ run, connection }: EventStream, madeOf: string): Statement {
  return {
    sql: `insert into event_mark (connection, run, made_of) values ($1, $2, $3)
      on conflict (connection) do update set run = excluded.run, made_of = excluded.made_of`,
    params: [connection, run, madeOf],
  };
}

/** The next slice that is due; null when none is. */
export async function nextDue(database: Database, connection: string): Promise<number | null> {
  const [row] = await database.query<{ num: number }>('select num from event_due where connection = $1 order by num limit 1', [connection]);
  return row?.num ?? null;
}
