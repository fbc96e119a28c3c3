// What a page's transaction notes beside the inventory: what it saw and changed, what is to be removed, how much lives, what was set aside. Pure.
import type { Statement } from './database.ts';
import type { PageCommit } from './page.ts';
import { bigints, byKey, inBlocks, lines, listed, texts } from './params.ts';
import { escapeJson } from './text.ts';

/** The statement that writes a part of the page; null when there is nothing of it. */
export type Write = (page: PageCommit) => Statement | null;

/**
 * What reappears is no longer to be removed: neither by this run, where the row stays because the source may contradict itself within one round
 * (settle.ts), nor by approval. One statement, so that the numbers are sent once: a probe a number, and nothing at all where nothing is staged or held.
 */
export const takenBack: Write = ({ run, connection, stream, removals: some, seen: { records: nums, edges: edgeNums } }) => {
  if (!some || nums.length + edgeNums.length === 0) return null;
  return {
    sql: `with back as (
        update pending_removal set back = true
        where run = $1 and stream = $2 and not back and ((kind = 'record' and num = any ($3::bigint[])) or (kind = 'edge' and num = any ($4::bigint[])))
      )
      delete from held_removal where ctid = any (array(
        select h.ctid from (select 'record' as kind, unnest($3::bigint[]) as num union all select 'edge', unnest($4::bigint[])) n
        cross join lateral (
          select ctid from held_removal where connection = $5 and stream = $2 and kind = n.kind and num = n.num offset 0
        ) h))`,
    params: [run, stream, bigints(nums), bigints(edgeNums), connection],
  };
};

export const removals: Write = ({ run, stream, removed }) => {
  const kinds = [...removed.records.map(() => 'record'), ...removed.edges.map(() => 'edge')];
  if (kinds.length === 0) return null;
  return {
    sql: `insert into pending_removal (run, stream, kind, num, why)
      select distinct $1::bigint, $2, t.kind, t.num, 'source' from unnest($3::text[], $4::bigint[]) as t (kind, num)
      on conflict (run, stream, kind, num) do update set why = 'source', back = false`,
    params: [run, stream, kinds, bigints([...removed.records, ...removed.edges])],
  };
};

export const seen: Write = ({ run, stream, walk, page, seen: { records: nums, edges: edgeNums } }) => {
  const rows = [
    ...[...inBlocks(nums)].map(([block, of]) => ({ kind: 'record', block, nums: bigints(of) })),
    ...[...inBlocks(edgeNums)].map(([block, of]) => ({ kind: 'edge', block, nums: bigints(of) })),
  ];
  if (rows.length === 0) return null;
  return {
    sql: `insert into seen (run, stream, walk, page, kind, block, nums)
      select $1, $2, $3, $4, t.kind, t.block, t.nums::bigint[] from unnest($5::text[], $6::bigint[], $7::text[]) as t (kind, block, nums)`,
    params: [
      run,
      stream,
      walk,
      page,
      texts(rows.map((row) => row.kind)),
      bigints(rows.map((row) => row.block)),
      texts(rows.map((row) => row.nums)),
    ],
  };
};

export const changes: Write = ({ run, stream, records: recordWrites, assets: assetWrites, edges: edgeWrites, covered }) => {
  const rows = [
    { kind: 'record', writes: recordWrites },
    { kind: 'asset', writes: assetWrites },
    { kind: 'edge', writes: edgeWrites },
  ].flatMap(({ kind, writes: of }) => [
    { kind, change: 'added', nums: of.flatMap(({ change, num }) => (change === 'added' || change === 'returned' ? [num] : [])) },
    { kind, change: 'updated', nums: of.flatMap(({ change, num }) => (change === 'updated' ? [num] : [])) },
  ]);
  const some = [...rows, { kind: 'record', change: 'updated', nums: covered }].filter((row) => row.nums.length > 0);
  if (some.length === 0) return null;
  return {
    sql: `insert into run_change (run, stream, kind, change, nums)
      select $1, $2, t.kind, t.change, t.nums::bigint[] from unnest($3::text[], $4::text[], $5::text[]) as t (kind, change, nums)`,
    params: [run, stream, some.map((row) => row.kind), some.map((row) => row.change), some.map((row) => bigints(row.nums))],
  };
};

/** What the run has made of the documents that this page changed: an earlier page's row is replaced by what both did. */
export const documentChanges: Write = ({ run, assets: assetWrites }) => {
  const rows = assetWrites
    .flatMap(({ num, changed }) => (changed === undefined ? [] : [{ num, ...changed }]))
    .sort((a, b) => a.num - b.num);
  if (rows.length === 0) return null;
  return {
    sql: `insert into asset_change (run, num, paths, more)
      select $1, t.num, t.paths::jsonb, t.more from unnest($2::bigint[], ${listed('$3')}, $4::integer[]) as t (num, paths, more)
      on conflict (run, num) do update set paths = excluded.paths, more = excluded.more`,
    params: [
      run,
      bigints(rows.map((row) => row.num)),
      escapeJson(lines(rows.map((row) => JSON.stringify(row.paths)))),
      bigints(rows.map((row) => row.more)),
    ],
  };
};

/** What lives more than before, by kind: where a record or an edge is added or returns. */
export const tally: Write = ({ connection, stream, records: recordWrites, edges: edgeWrites }) => {
  const more = new Map<string, number>();
  const add = (kind: string, change: string): void => void (change === 'updated' || more.set(kind, (more.get(kind) ?? 0) + 1));
  for (const { change } of recordWrites) add('record', change);
  for (const { kind, change } of edgeWrites) add(kind, change);
  if (more.size === 0) return null;
  return {
    sql: `insert into tally (connection, stream, kind, live)
      select $1, $2, t.kind, t.more from unnest($3::text[], $4::bigint[]) as t (kind, more)
      on conflict (connection, stream, kind) do update set live = tally.live + excluded.live`,
    params: [connection, stream, [...more.keys()], bigints([...more.values()])],
  };
};

/** Which last good assets are stale from now on, and which no longer: both are rare. */
export const staleness: Write = ({ stale: { begins, ends } }) => {
  if (begins.length + ends.length === 0) return null;
  return {
    sql: `update asset set stale_since = case when num = any ($1::bigint[]) then coalesce(stale_since, now()) end
      where num = any ($1::bigint[]) or num = any ($2::bigint[])`,
    params: [bigints(begins), bigints(ends)],
  };
};

export const rejects: Write = ({ run, connection, stream, rejects: given }) => {
  if (given.length === 0) return null;
  const rows = byKey([...new Map(given.map((reject) => [reject.id, reject])).values()], (reject) => reject.id);
  return {
    sql: `insert into rejected (run, connection, stream, id, code, reason)
      select $1, $2, $3, t.id, t.code, t.reason from unnest($4::text[], $5::text[], $6::text[]) as t (id, code, reason)
      on conflict (run, stream, id) do update set code = excluded.code, reason = excluded.reason, rejected_at = now()`,
    params: [
      run,
      connection,
      stream,
      texts(rows.map((row) => row.id)),
      texts(rows.map((row) => row.code)),
      texts(rows.map((row) => row.reason)),
    ],
  };
};

/** How much each collection answered, of streams where it matters: the checkpoint is this transaction's already. */
export const answers: Write = ({ run, stream, progress: { collection, read, passedOver } }) => {
  if (collection === null || read === 0) return null;
  return {
    sql: `update checkpoint set passed_over = passed_over + $4,
        answered = answered || jsonb_build_object($3::text, coalesce((answered ->> $3)::bigint, 0) + $5::bigint)
      where run = $1 and stream = $2`,
    params: [run, stream, collection, passedOver, read],
  };
};
