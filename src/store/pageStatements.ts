// The statements of a page's transaction, in order. Pure.
import type { Statement } from './database.ts';
import type { EdgeId, PageCommit } from './page.ts';
import { bigints, byKey, inBlocks, jsonb, lines, listed, texts } from './params.ts';
import { escapeJson, escapeText } from './text.ts';

type Write = (page: PageCommit) => Statement | null;

/** First the guards, which also lock the stream's checkpoint: a refused page has done nothing yet, and no two pages of a stream are under way. */
export function pageStatements(page: PageCommit): Statement[] {
  return [checkpoint(page), ...writes.flatMap((write) => write(page) ?? [])];
}

function checkpoint({ run, connection, stream, walk, page, steps, cursor, progress }: PageCommit): Statement {
  const { read, requests, bytes, throttledMs, workedMs, fresh } = progress;
  return {
    sql: 'select advance_checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)',
    params: [
      run,
      connection,
      stream,
      walk,
      page,
      jsonb(steps),
      cursor === undefined ? null : escapeText(cursor),
      read,
      requests,
      bytes,
      Math.round(throttledMs),
      Math.round(workedMs),
      fresh,
    ],
  };
}

/**
 * What an insert does where the row is there already. Behind the guards nobody has added one since the page was compared with what is stored: where
 * all rows are new, not looking for them again saves a fifth.
 */
function orUpdate(writes: readonly { readonly change: string }[], key: string, update: string): string {
  return writes.every(({ change }) => change === 'added') ? '' : `on conflict (${key}) do update set ${update}`;
}

const records: Write = ({ run, connection, stream, records: given }) => {
  if (given.length === 0) return null;
  const rows = byKey(given, (record) => record.id);
  return {
    sql: `insert into record (connection, stream, num, id, body, hash, changed_run)
      select $1, $2, t.num, t.id, t.body::jsonb, t.hash, $3
      from unnest($4::bigint[], $5::text[], ${listed('$6')}, $7::text[]) as t (num, id, body, hash)
      ${orUpdate(
        rows,
        'connection, stream, id',
        'body = excluded.body, hash = excluded.hash, last_changed = now(), tombstoned_at = null, changed_run = excluded.changed_run',
      )}`,
    params: [
      connection,
      stream,
      run,
      bigints(rows.map((row) => row.num)),
      texts(rows.map((row) => row.id)),
      escapeJson(lines(rows.map((row) => row.body))),
      texts(rows.map((row) => row.hash)),
    ],
  };
};

const assets: Write = ({ assets: given }) => {
  if (given.length === 0) return null;
  const rows = [...given].sort((a, b) => a.num - b.num);
  return {
    sql: `insert into asset (num, class, document, hash, map_hash)
      select t.num, t.class, t.document::jsonb, t.hash, t.map_hash
      from unnest($1::bigint[], $2::text[], ${listed('$3')}, $4::text[], $5::text[]) as t (num, class, document, hash, map_hash)
      ${orUpdate(rows, 'num', 'class = excluded.class, document = excluded.document, hash = excluded.hash, map_hash = excluded.map_hash')}`,
    params: [
      bigints(rows.map((row) => row.num)),
      texts(rows.map((row) => row.class)),
      escapeJson(lines(rows.map((row) => row.document))),
      texts(rows.map((row) => row.hash)),
      texts(rows.map((row) => row.mapHash)),
    ],
  };
};

const edges: Write = ({ connection, stream, edges: given }) => {
  if (given.length === 0) return null;
  const rows = byKey(given, edgeKey);
  return {
    sql: `insert into edge (connection, stream, num, kind, from_id, to_id, key, properties)
      select $1, $2, t.num, t.kind, t.from_id, t.to_id, t.key, t.properties::json
      from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], ${listed('$8')}) as t (num, kind, from_id, to_id, key, properties)
      ${orUpdate(rows, 'from_id, to_id, kind, key, connection, stream', 'properties = excluded.properties')}`,
    params: [
      connection,
      stream,
      bigints(rows.map((row) => row.num)),
      texts(rows.map((row) => row.kind)),
      texts(rows.map((row) => row.from)),
      texts(rows.map((row) => row.to)),
      texts(rows.map((row) => row.key)),
      escapeText(lines(rows.map((row) => row.properties))),
    ],
  };
};

const edgeKey = (edge: EdgeId): string => `${edge.from}\n${edge.to}\n${edge.kind}\n${edge.key}`;

/**
 * What reappears is no longer to be removed: neither by this run, where the row stays because the source may contradict itself within one round
 * (settle.ts), nor by approval. One statement, so that the numbers are sent once; a set that is empty costs one look at its index.
 */
const takenBack: Write = ({ run, connection, stream, seen: { records: nums, edges: edgeNums } }) => {
  if (nums.length + edgeNums.length === 0) return null;
  return {
    sql: `with back as (update pending_removal set back = true where run = $1 and stream = $2 and not back and ${reappeared})
      delete from held_removal where connection = $5 and stream = $2 and ${reappeared}`,
    params: [run, stream, bigints(nums), bigints(edgeNums), connection],
  };
};

const reappeared = `((kind = 'record' and num = any ($3::bigint[])) or (kind = 'edge' and num = any ($4::bigint[])))`;

const removals: Write = ({ run, stream, removed }) => {
  const kinds = [...removed.records.map(() => 'record'), ...removed.edges.map(() => 'edge')];
  if (kinds.length === 0) return null;
  return {
    sql: `insert into pending_removal (run, stream, kind, num, why)
      select distinct $1::bigint, $2, t.kind, t.num, 'source' from unnest($3::text[], $4::bigint[]) as t (kind, num)
      on conflict (run, stream, kind, num) do update set why = 'source', back = false`,
    params: [run, stream, kinds, bigints([...removed.records, ...removed.edges])],
  };
};

const seen: Write = ({ run, stream, walk, page, seen: { records: nums, edges: edgeNums } }) => {
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

const changes: Write = ({ run, stream, records: recordWrites, assets: assetWrites, edges: edgeWrites }) => {
  const rows = [
    { kind: 'record', writes: recordWrites },
    { kind: 'asset', writes: assetWrites },
    { kind: 'edge', writes: edgeWrites },
  ].flatMap(({ kind, writes: of }) => [
    { kind, change: 'added', nums: of.flatMap(({ change, num }) => (change === 'updated' ? [] : [num])) },
    { kind, change: 'updated', nums: of.flatMap(({ change, num }) => (change === 'updated' ? [num] : [])) },
  ]);
  const some = rows.filter((row) => row.nums.length > 0);
  if (some.length === 0) return null;
  return {
    sql: `insert into run_change (run, stream, kind, change, nums)
      select $1, $2, t.kind, t.change, t.nums::bigint[] from unnest($3::text[], $4::text[], $5::text[]) as t (kind, change, nums)`,
    params: [run, stream, some.map((row) => row.kind), some.map((row) => row.change), some.map((row) => bigints(row.nums))],
  };
};

/** What lives more than before, by kind: where a record or an edge is added or returns. */
const tally: Write = ({ connection, stream, records: recordWrites, edges: edgeWrites }) => {
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

const rejects: Write = ({ run, connection, stream, rejects: given }) => {
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

const writes: readonly Write[] = [records, assets, edges, takenBack, removals, seen, changes, tally, rejects];
