// The statements of a page's transaction, in order. Pure.
import type { Statement } from './database.ts';
import { judgeStatement } from './include.ts';
import type { EdgeId, PageCommit } from './page.ts';
import type { Write } from './pageNotes.ts';
import { answers, changes, documentChanges, rejects, removals, seen, staleness, takenBack, tally } from './pageNotes.ts';
import { alike, bigints, byKey, jsonb, lines, listed, orFirst, texts } from './params.ts';
import { escapeJson, escapeText } from './text.ts';

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
      select t.num, ${orFirst('t.class', '$2::text[]')}, t.document::jsonb, t.hash, ${orFirst('t.map_hash', '$5::text[]')}
      from unnest($1::bigint[], $2::text[], ${listed('$3')}, $4::text[], $5::text[]) as t (num, class, document, hash, map_hash)
      ${orUpdate(rows, 'num', 'class = excluded.class, document = excluded.document, hash = excluded.hash, map_hash = excluded.map_hash')}`,
    params: [
      bigints(rows.map((row) => row.num)),
      texts(alike(rows.map((row) => row.class))),
      escapeJson(lines(rows.map((row) => row.document))),
      texts(rows.map((row) => row.hash)),
      texts(alike(rows.map((row) => row.mapHash))),
    ],
  };
};

const included: Write = ({ connection, stream, records: recordWrites, assets: assetWrites, include }) => {
  const nums = [...new Set([...recordWrites, ...assetWrites].map(({ num }) => num))];
  return include === null || nums.length === 0 ? null : judgeStatement({ connection, stream }, include, nums);
};

const evidence: Write = ({ connection, evidence: given }) => {
  if (given.length === 0) return null;
  const rows = [...given].sort((a, b) => a.num - b.num);
  return {
    sql: `insert into evidence (num, connection, key, asset_class, asset_id, status, severity, qds, cve)
      select t.num, $1, t.key, t.asset_class, t.asset_id, t.status, t.severity, t.qds, t.cve
      from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::smallint[], $9::text[])
        as t (num, key, asset_class, asset_id, status, severity, qds, cve)
      on conflict (num) do update set key = excluded.key, asset_class = excluded.asset_class, asset_id = excluded.asset_id,
        status = excluded.status, severity = excluded.severity, qds = excluded.qds, cve = excluded.cve`,
    params: [
      connection,
      bigints(rows.map((row) => row.num)),
      texts(rows.map((row) => row.key)),
      texts(rows.map((row) => row.assetClass)),
      texts(rows.map((row) => row.assetId)),
      texts(rows.map((row) => row.status)),
      bigints(rows.map((row) => row.severity)),
      bigints(rows.map((row) => row.qds)),
      texts(rows.map((row) => row.cve)),
    ],
  };
};

/** Nothing is written where the keys are those that are stored. */
const identityKeys: Write = ({ identities }) => {
  if (identities.length === 0) return null;
  const rows = identities.flatMap(({ num, keys }) => keys.map(({ rule, key }) => ({ num, rule, key })));
  return {
    sql: `with given as materialized (
        select * from unnest($2::bigint[], $3::text[], $4::text[]) as t (num, rule, key)
      ), gone as (
        delete from identity_key where num = any ($1::bigint[]) and (num, rule, key) not in (select num, rule, key from given)
      )
      insert into identity_key (num, rule, key) select num, rule, key from given order by rule, key, num on conflict do nothing`,
    params: [
      bigints(identities.map(({ num }) => num)),
      bigints(rows.map(({ num }) => num)),
      texts(rows.map(({ rule }) => rule)),
      texts(rows.map(({ key }) => key)),
    ],
  };
};

/** In the place of the hash of what a record says: when it is told again, it differs. */
export const coveredHash = 'covered';

/** Their own words stay as they were last told; that they are suppressed is the cover's. */
const coveredRecords: Write = ({ covered }) =>
  covered.length === 0
    ? null
    : { sql: `update record set hash = '${coveredHash}' where num = any ($1::bigint[])`, params: [bigints(covered)] };

const coveredEvidence: Write = ({ covered }) =>
  covered.length === 0
    ? null
    : { sql: `update evidence set status = 'suppressed' where num = any ($1::bigint[])`, params: [bigints(covered)] };

const edges: Write = ({ connection, stream, edges: given }) => {
  if (given.length === 0) return null;
  const rows = byKey(given, edgeKey);
  // No JSON is empty: that stands for none.
  const properties = `string_to_array($8, E'\\n')`;
  return {
    sql: `insert into edge (connection, stream, num, kind, from_id, to_id, key, properties)
      select $1, $2, t.num, ${orFirst('t.kind', '$4::text[]')}, t.from_id, t.to_id, ${orFirst('t.key', '$7::text[]')},
        nullif(${orFirst('t.properties', properties)}, '')::json
      from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], ${properties}) as t (num, kind, from_id, to_id, key, properties)
      ${orUpdate(rows, 'from_id, to_id, kind, key, connection, stream', 'properties = excluded.properties')}`,
    params: [
      connection,
      stream,
      bigints(rows.map((row) => row.num)),
      texts(alike(rows.map((row) => row.kind))),
      texts(rows.map((row) => row.from)),
      texts(rows.map((row) => row.to)),
      texts(alike(rows.map((row) => row.key))),
      escapeText(lines(alike(rows.map((row) => row.properties ?? '')))),
    ],
  };
};

const edgeKey = (edge: EdgeId): string => `${edge.from}\n${edge.to}\n${edge.kind}\n${edge.key}`;

const writes: readonly Write[] = [
  records,
  assets,
  included,
  evidence,
  coveredRecords,
  coveredEvidence,
  identityKeys,
  edges,
  takenBack,
  removals,
  seen,
  changes,
  documentChanges,
  tally,
  rejects,
  staleness,
  answers,
];
