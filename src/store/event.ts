// The events of documents that relations decide (decision 37): which documents are there, and what was done to each last.
// MUST be repeatable at any point: a document that says what it said before gets no event.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { type EventStream, guard } from './eventDue.ts';
import { byNum, jsonb, numKey, texts } from './params.ts';

/** What a document says of each record at the other end, and what it says besides. */
export interface EventParts {
  readonly properties: readonly string[];
  /** By the id or the displayName of the other end: what is said in its place. */
  readonly table: JsonObject;
  readonly constant: string;
  /** Whether documents say their event, and so what is told of them later. */
  readonly events: boolean;
}

/** Where a document says its last event. */
export const eventPath = 'eventType';

/**
 * Looks at the documents of a slice: one that is there and was not is CREATED, one that says something else UPDATED, one that is there no more DELETED.
 * What it finds is noted with the run, as what pages change is (run_change, asset_change). Asked again for the same slice it does nothing. @throws STALE_ATTEMPT when another run has been opened.
 */
export async function writeEvents(database: Database, of: EventStream, parts: EventParts, due: number): Promise<void> {
  const { run, connection, stream, edge, from, nested } = of;
  await database.batch([
    guard(of),
    { sql: 'select from event_due where num = $1 for update', params: [due] },
    {
      sql: `with recursive own as (
          select r.num, r.id, r.tombstoned_at is null as lives, a.hash
          from (select distinct unnest(nums) as num from event_due where num = $1) n
          cross join lateral (select num, id, tombstoned_at from record where ${byNum} = $4 and num = n.num offset 0) r
          cross join lateral (select hash from asset where num = r.num offset 0) a
        ), above (num, id) as (
          select own.num, e.from_id from own
          cross join lateral (select from_id from edge where to_id = own.id and kind = $5 and connection = $2 and stream = $6 offset 0) e
          where own.lives
          union
          select above.num, e.from_id from above
          cross join lateral (select from record where connection = $2 and stream = $6 and id = above.id and tombstoned_at is null offset 0) f
          cross join lateral (select from_id from edge where to_id = above.id and kind = $5 and connection = $2 and stream = $6 offset 0) e
          where $7
        ), chosen as materialized (
          select f.id, sha256(convert_to(jsonb_build_array(
              f.id, (select jsonb_object_agg(p, f.body -> p) from unnest($8::text[]) as p),
              coalesce($9::jsonb -> f.id, $9::jsonb -> (f.body ->> 'displayName')))::text, 'UTF8')) as said
          from (select distinct id from above) i
          cross join lateral (select num, id, body from record where connection = $2 and stream = $6 and id = i.id and tombstoned_at is null offset 0) f
          where not exists (select from asset where num = f.num and excluded)
        ), there as (
          select own.num, sha256(convert_to(own.hash || $10::text, 'UTF8') || string_agg(chosen.said, ''::bytea order by chosen.id)) as hash
          from own join above on above.num = own.num join chosen on chosen.id = above.id group by own.num, own.hash
        ), new as (
          select own.num, e.kind as before, coalesce(there.hash, e.hash) as hash,
            case when there.num is null then 'DELETED' when e.kind is null or e.kind = 'DELETED' then 'CREATED' else 'UPDATED' end as kind
          from own left join there on there.num = own.num
          left join lateral (select kind, hash from document_event where num = own.num offset 0) e on true
          where case when there.num is null then e.kind <> 'DELETED' else e.kind is null or e.kind = 'DELETED' or e.hash <> there.hash end
        ), noted as (
          insert into run_change (run, stream, kind, change, nums)
          select $3, $11, 'event', case kind when 'CREATED' then 'added' when 'DELETED' then 'removed' else 'updated' end, array_agg(num order by num)
          from new group by kind
        ), said as (
          insert into asset_change (run, num, paths, more)
          select $3, num, jsonb_build_array(jsonb_build_object('path', '${eventPath}', 'before', before, 'after', kind)), 0 from new where $12
          on conflict (run, num) do update set paths = asset_change.paths || excluded.paths
        )
        insert into document_event (num, connection, kind, hash, run) select num, $2, kind, hash, $3 from new
        on conflict (num) do update set kind = excluded.kind, hash = excluded.hash, run = excluded.run`,
      params: [
        due,
        connection,
        run,
        numKey(connection, stream),
        edge,
        from,
        nested,
        texts(parts.properties),
        jsonb(parts.table),
        parts.constant,
        stream,
        parts.events,
      ],
    },
    { sql: 'delete from event_due where num = $1', params: [due] },
  ]);
}
