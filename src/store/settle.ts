// Removals: staged by pages and by what a complete full walk did not see, applied after the streams (design 3.7, I4, I5).
// MUST remove nothing of a stream that is not complete, and nothing without the run's fence. All of it may run again after a crash.
import type { EdgeKind } from '../connectors/definition.ts';
import type { Database } from './database.ts';
import { bigints, byNum, numKey, seenBlock, texts } from './params.ts';
import type { StreamPlace } from './walk.ts';

/** Numbers a slice of the sweep covers, and removals applied in one transaction: what keeps a slice below a second. */
const sweptAtOnce = 64 * seenBlock;
const appliedAtOnce = 5_000;
/** Contradictions of one round that a run asks about (decision 9). */
export const conflictsAskedAtMost = 100;

const tables = {
  record: { table: 'record', live: 'tombstoned_at is null', owner: 'id' },
  edge: { table: 'edge', live: 'true', owner: 'from_id' },
} as const;
type Kind = keyof typeof tables;

/**
 * Stages the live records and edges that the stream's last walk did not see, if that was a full one and is complete; else nothing.
 * A rejected record counts as seen, and so do its edges (decision 5).
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function stageUnseen(
  database: Database,
  place: StreamPlace,
  { hidden = [], silent = [], types }: Unproved = {},
): Promise<void> {
  for (const kind of ['record', 'edge'] as const) {
    if (await isAllAdded(database, place, kind)) continue;
    for (let from = await nextNum(database, place, kind, 0); from !== null;) {
      const to = Math.floor(from / seenBlock) * seenBlock + sweptAtOnce;
      const of = kind === 'edge' ? { hidden, silent: [] } : { hidden: [], silent, ...(types === undefined ? {} : { types }) };
      await stageSlice(database, place, kind, { from, to, ...of });
      from = await nextNum(database, place, kind, to);
    }
  }
}

/** What a complete walk says nothing of. */
export interface Unproved {
  /** Records whose edges the source did not show (decision 59). */
  readonly hidden?: readonly string[];
  /** Collections that answered nothing at all: whose records have ids like this, or unlike it. */
  readonly silent?: readonly IdPattern[];
  /** The classes of assets that it was limited to: it says nothing of findings on others (decision 52). Absent: it was not. */
  readonly types?: readonly string[];
}

export interface IdPattern {
  readonly like: string;
  readonly not?: true;
}

/** Whether all that lives in the stream was added by this walk, the run's first one: then it saw all of it, as the first pull does. */
async function isAllAdded(database: Database, { run, connection, stream }: StreamPlace, kind: Kind): Promise<boolean> {
  const [row] = await database.query<{ all: boolean }>(
    `select (select walk from checkpoint where run = $1 and stream = $3) = 1
       and (select coalesce(sum(live), 0) from tally where connection = $2 and stream = $3 and (kind = 'record') = ($4 = 'record'))
         = (select coalesce(sum(cardinality(nums)), 0) from run_change where run = $1 and stream = $3 and kind = $4 and change = 'added') as all`,
    [run, connection, stream, kind],
  );
  return row?.all === true;
}

/** The stream's first number from here on; null when there is none. Blocks that hold other streams' numbers are leapt over. */
async function nextNum(database: Database, { connection, stream }: StreamPlace, kind: Kind, from: number): Promise<number | null> {
  const [row] = await database.query<{ num: number | null }>(
    `select min(num) as num from ${tables[kind].table} where ${byNum} = $1 and num >= $2`,
    [numKey(connection, stream), from],
  );
  return row?.num ?? null;
}

async function stageSlice(
  database: Database,
  { run, connection, stream }: StreamPlace,
  kind: Kind,
  { from, to, hidden = [], silent = [], types }: Unproved & { readonly from: number; readonly to: number },
): Promise<void> {
  const { table, live, owner } = tables[kind];
  const ofStream = `run = $1 and stream = $2`;
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    {
      // A difference of two sets: hashed or sorted whatever the planner thinks of tables it has not analysed.
      sql: `insert into pending_removal (run, stream, kind, num, why)
        select $1, $2, '${kind}', num, 'absent' from (
          select num from ${table}
          where ${byNum} = $3 and num >= $4 and num < $5 and ${live}
            and exists (select from checkpoint where ${ofStream} and mode = 'full' and outcome = 'complete')
            and ${owner} not in (select id from rejected where ${ofStream} union all select unnest($6::text[]))
            ${kind === 'record' ? withinRejected : ''}
            and not exists (select from unnest($7::text[], $8::boolean[]) as s (pattern, otherwise) where (${owner} like s.pattern) <> s.otherwise)
            ${types === undefined ? '' : `and ${ofTypes('$9')}`}
          except
          select unnest(nums) from seen
          where ${ofStream} and kind = '${kind}' and walk = (select walk from checkpoint where ${ofStream})
            and block >= $4 / ${seenBlock} and block < $5 / ${seenBlock}
        ) as unseen
        on conflict do nothing`,
      params: [
        run,
        stream,
        numKey(connection, stream),
        from,
        to,
        texts(hidden),
        texts(silent.map(({ like }) => like)),
        silent.map(({ not }) => String(not === true)),
        ...(types === undefined ? [] : [texts(types)]),
      ],
    },
  ]);
}

/** A row that was set aside may be what several records come from: their ids begin with its own. */
const withinRejected = `and not exists (
              select from rejected x where x.run = $1 and x.stream = $2 and (starts_with(record.id, x.id || '#') or starts_with(record.id, x.id || '/')))`;

const ofTypes = (parameter: string): string => `body #>> '{finding,assetClass}' = any (${parameter}::text[])`;

/** How many live records of the stream have ids of this pattern; `types`: and are of findings on these. */
export async function countLike(
  database: Database,
  { connection, stream }: StreamPlace,
  { like, not }: IdPattern,
  types?: readonly string[],
): Promise<number> {
  const [row] = await database.query<{ records: number }>(
    `select count(*) as records from record where connection = $1 and stream = $2 and tombstoned_at is null and (id like $3) <> $4
       ${types === undefined ? '' : `and ${ofTypes('$5')}`}`,
    [connection, stream, like, not === true, ...(types === undefined ? [] : [texts(types)])],
  );
  return row?.records ?? 0;
}

/** The live records of the stream that have this value in this property. */
export async function recordsWith(
  database: Database,
  { connection, stream }: StreamPlace,
  { property, value }: { readonly property: string; readonly value: string },
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select id from record where connection = $1 and stream = $2 and tombstoned_at is null and body ->> $3 = $4 order by id`,
    [connection, stream, property, value],
  );
  return rows.map(({ id }) => id);
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
    `select p.num, r.id from pending_removal p
     cross join lateral (select id from record where ${byNum} = $2 and num = p.num offset 0) r
     where p.run = $1 and p.stream = $3 and p.kind = 'record' and p.why = 'absent' and not p.back and p.num > $4 order by p.num limit $5`,
    [run, numKey(connection, stream), stream, after, limit],
  );
}

/**
 * Takes staged removals back, by number: what turned out to exist. A record's row stays, so that staging again does not bring it back; a pair's
 * goes, so that it is not asked for again.
 */
export async function keepRemovals(
  database: Database,
  { run, stream, records, edges }: StreamPlace & { readonly records: readonly number[]; readonly edges: readonly number[] },
): Promise<void> {
  if (records.length + edges.length === 0) return;
  const kept = (kind: Kind): string => `where run = $1 and stream = $2 and kind = '${kind}' and num = any ($3::bigint[])`;
  await database.batch([
    { sql: `update pending_removal set back = true ${kept('record')}`, params: [run, stream, bigints(records)] },
    { sql: `delete from pending_removal ${kept('edge')}`, params: [run, stream, bigints(edges)] },
  ]);
}

export interface EdgePair {
  readonly num: number;
  readonly from: string;
  readonly to: string;
}

/**
 * Edges that this walk both had and was told to be removed, at most 100 in order of number. They are to be asked for: what is not taken back
 * by `keepRemovals` is removed. Of those beyond the source's last word holds until the next full pull, of ends of the `unlisted` type for good.
 */
export function conflictingEdges(
  database: Database,
  { run, connection, stream, kind, unlisted }: StreamPlace & { readonly kind: EdgeKind; readonly unlisted: string | null },
): Promise<EdgePair[]> {
  return database.query<EdgePair>(
    `update pending_removal p set back = false
     from (
       select q.num, e.from_id, e.to_id from pending_removal q
       cross join lateral (
         select from_id, to_id from edge where ${byNum} = $2 and num = q.num and kind = $4 and (properties::json ->> '@odata.type') is distinct from coalesce($5::text, '') offset 0
       ) e
       where q.run = $1 and q.stream = $3 and q.kind = 'edge' and q.why = 'source' and exists (
         select from seen s
         where s.run = $1 and s.stream = $3 and s.kind = 'edge' and s.walk = (select walk from checkpoint where run = $1 and stream = $3)
           and s.block = q.num / ${seenBlock} and q.num = any (s.nums))
       order by q.num limit ${conflictsAskedAtMost}
     ) as pair
     where p.run = $1 and p.stream = $3 and p.kind = 'edge' and p.num = pair.num
     returning p.num, pair.from_id as "from", pair.to_id as "to"`,
    [run, numKey(connection, stream), stream, kind, unlisted],
  );
}

/**
 * Applies the staged removals of a complete stream, in slices of one transaction each: records become tombstones, edges are deleted, and each is
 * noted as changed. The edges of a tombstoned record stay: they count again when it comes back. After a crash the rest is applied.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function applyRemovals(database: Database, { run, connection, stream }: StreamPlace): Promise<void> {
  for (;;) {
    const [row] = await database.query<{ applied: number }>('select apply_removals($1, $2, $3, $4) as applied', [
      run,
      connection,
      stream,
      appliedAtOnce,
    ]);
    if ((row?.applied ?? 0) < appliedAtOnce) return;
  }
}
