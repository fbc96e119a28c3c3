// Removals: staged by pages and by what a complete full walk did not see, applied after the streams (design 3.7, I4, I5).
// MUST remove nothing of a stream that is not complete, and nothing without the run's fence. All of it may run again after a crash.
import type { EdgeKind } from '../connectors/definition.ts';
import type { Database } from './database.ts';
import { bigints, seenBlock } from './params.ts';
import type { StreamPlace } from './walk.ts';

/** Numbers a slice of the sweep covers, and removals applied in one transaction: what keeps a slice below a second. */
const sweptAtOnce = 4 * seenBlock;
const appliedAtOnce = 5_000;
/** Contradictions of one round that a run asks about (decision 9). */
const askedAtMost = 100;

const tables = { record: { table: 'record', live: 'x.tombstoned_at is null' }, edge: { table: 'edge', live: 'true' } } as const;
type Kind = keyof typeof tables;

/**
 * Stages the live records and edges that the stream's last walk did not see, if that was a full one and is complete; else nothing.
 * A rejected record counts as seen, and so do its edges (decision 5).
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function stageUnseen(database: Database, place: StreamPlace): Promise<void> {
  for (const kind of ['record', 'edge'] as const) {
    for (let from = await nextNum(database, place, kind, 0); from !== null;) {
      const to = Math.floor(from / seenBlock) * seenBlock + sweptAtOnce;
      await stageSlice(database, place, kind, from, to);
      from = await nextNum(database, place, kind, to);
    }
  }
}

/** The stream's first number from here on; null when there is none. Blocks that hold other streams' numbers are leapt over. */
async function nextNum(database: Database, { connection, stream }: StreamPlace, kind: Kind, from: number): Promise<number | null> {
  const [row] = await database.query<{ num: number | null }>(
    `select min(num) as num from ${tables[kind].table} where connection = $1 and stream = $2 and num >= $3`,
    [connection, stream, from],
  );
  return row?.num ?? null;
}

async function stageSlice(
  database: Database,
  { run, connection, stream }: StreamPlace,
  kind: Kind,
  from: number,
  to: number,
): Promise<void> {
  const { table, live } = tables[kind];
  const owner = kind === 'record' ? 'x.id' : 'x.from_id';
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    {
      sql: `insert into pending_removal (run, stream, kind, num, why)
        select c.run, c.stream, '${kind}', x.num, 'absent'
        from checkpoint c join ${table} x on x.connection = $2 and x.stream = c.stream and x.num >= $4 and x.num < $5 and ${live}
        where c.run = $1 and c.stream = $3 and c.mode = 'full' and c.outcome = 'complete'
          and not exists (
            select from seen s, unnest(s.nums) as n
            where s.run = c.run and s.stream = c.stream and s.kind = '${kind}' and s.walk = c.walk
              and s.block >= $4 / ${seenBlock} and s.block <= $5 / ${seenBlock} and n = x.num)
          and not exists (select from rejected j where j.run = c.run and j.stream = c.stream and j.id = ${owner})
        on conflict do nothing`,
      params: [run, connection, stream, from, to],
    },
  ]);
}

export interface Candidate {
  readonly num: number;
  readonly id: string;
}

/** Records staged because a full walk did not see them, in order of number: lists are no snapshot, so these are asked for by id. */
export function removalCandidates(
  database: Database,
  { run, connection, stream, after, limit }: StreamPlace & { readonly after: number; readonly limit: number },
): Promise<Candidate[]> {
  return database.query<Candidate>(
    `select p.num, r.id from pending_removal p join record r on r.connection = $2 and r.stream = p.stream and r.num = p.num
     where p.run = $1 and p.stream = $3 and p.kind = 'record' and p.why = 'absent' and p.num > $4 order by p.num limit $5`,
    [run, connection, stream, after, limit],
  );
}

/** Takes staged removals back, by number: what turned out to exist. */
export async function keepRemovals(
  database: Database,
  { run, stream, records, edges }: StreamPlace & { readonly records: readonly number[]; readonly edges: readonly number[] },
): Promise<void> {
  if (records.length + edges.length === 0) return;
  await database.query(
    `delete from pending_removal where run = $1 and stream = $2
       and ((kind = 'record' and num = any ($3::bigint[])) or (kind = 'edge' and num = any ($4::bigint[])))`,
    [run, stream, bigints(records), bigints(edges)],
  );
}

export interface EdgePair {
  readonly num: number;
  readonly from: string;
  readonly to: string;
}

/**
 * Edges that this walk both had and was told to be removed, at most 100 in order of number. They are to be asked for: what is not taken back
 * by `keepRemovals` is removed. Of those beyond, the source's last word holds.
 */
export function conflictingEdges(
  database: Database,
  { run, connection, stream, kind }: StreamPlace & { readonly kind: EdgeKind },
): Promise<EdgePair[]> {
  return database.query<EdgePair>(
    `update pending_removal p set back = false
     from (
       select e.num, e.from_id, e.to_id
       from pending_removal q
       join checkpoint c on c.run = q.run and c.stream = q.stream
       join edge e on e.connection = $2 and e.stream = q.stream and e.num = q.num and e.kind = $4
       where q.run = $1 and q.stream = $3 and q.kind = 'edge' and q.why = 'source' and exists (
         select from seen s where s.run = q.run and s.stream = q.stream and s.kind = 'edge' and s.walk = c.walk
           and s.block = q.num / ${seenBlock} and q.num = any (s.nums))
       order by e.num limit ${askedAtMost}
     ) as pair
     where p.run = $1 and p.stream = $3 and p.kind = 'edge' and p.num = pair.num
     returning p.num, pair.from_id as "from", pair.to_id as "to"`,
    [run, connection, stream, kind],
  );
}

/**
 * Applies the staged removals of a complete stream, in slices of one transaction each: records become tombstones, edges are deleted, and each is
 * noted as changed. The edges of a tombstoned record stay: they count again when it comes back. After a crash the rest is applied.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function applyRemovals(database: Database, { run, connection, stream }: StreamPlace): Promise<void> {
  for (;;) {
    const [, , rows] = await database.batch<{ applied: number }>([
      { sql: 'select guard_fence($1, $2)', params: [run, connection] },
      { sql: `select from checkpoint where run = $1 and stream = $2 and outcome = 'complete' for update`, params: [run, stream] },
      { sql: applySlice, params: [run, connection, stream] },
    ]);
    if ((rows?.[0]?.applied ?? 0) < appliedAtOnce) return;
  }
}

const applySlice = `
  with slice as (
    delete from pending_removal p using (
      select q.kind, q.num from pending_removal q join checkpoint c on c.run = q.run and c.stream = q.stream and c.outcome = 'complete'
      where q.run = $1 and q.stream = $3 and not q.back order by q.kind, q.num limit ${appliedAtOnce}
    ) as due
    where p.run = $1 and p.stream = $3 and p.kind = due.kind and p.num = due.num
    returning p.kind, p.num, p.why
  ), tombstoned as (
    update record r set tombstoned_at = now(), last_changed = now(), changed_run = $1
    from slice where slice.kind = 'record' and r.connection = $2 and r.stream = $3 and r.num = slice.num and r.tombstoned_at is null
    returning r.num, slice.why
  ), deleted as (
    delete from edge e using slice where slice.kind = 'edge' and e.connection = $2 and e.stream = $3 and e.num = slice.num returning e.num
  ), noted as (
    insert into run_change (run, stream, kind, change, nums)
    select $1, $3, 'record', case why when 'source' then 'removed' else 'swept' end, array_agg(num) from tombstoned group by why
    union all
    select $1, $3, 'asset', 'removed', array_agg(t.num) from tombstoned t join asset a on a.num = t.num having count(*) > 0
    union all
    select $1, $3, 'edge', 'removed', array_agg(num) from deleted having count(*) > 0
  )
  select count(*) as applied from slice`;
