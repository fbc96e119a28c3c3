// What a run noted of the documents of a stream, each once: from the numbers that its pages wrote (run_change). MUST cost by what the run changed.
import type { RelationSource } from '../connectors/definition.ts';
import type { Database } from './database.ts';
import { byNum, numKey } from './params.ts';
import type { RelationEdge } from './nested.ts';
import { escapeText } from './text.ts';

/** Documents of one stream that a run may have changed. */
export interface NotedPlace {
  readonly run: number;
  readonly connection: string;
  readonly startedAt: string;
  readonly stream: string;
  /** The relations whose edges the run changed, and which change documents that it did not add. */
  readonly sources: readonly RelationSource[];
  /** Whether relations decide which documents are there: then only their events tell that one came or went. */
  readonly decided: boolean;
}

export interface NotedDocument {
  readonly id: string;
  readonly num: number;
  readonly change: 'added' | 'changed' | 'removed';
  /** Of a changed one, those that the run added, and those it removed. */
  readonly edges: readonly (RelationEdge & { readonly lost: boolean })[] | null;
}

/** Each call goes over all that the run noted of the stream: the calls must be few. */
export const notedAtOnce = 20_000;

/** The next of them after this id, in order of id. */
export async function notedDocuments(
  database: Database,
  { run, connection, startedAt, stream, sources, decided }: NotedPlace,
  after: string,
): Promise<NotedDocument[]> {
  const [, rows = []] = await database.batch<NotedDocument>([
    { sql: `set local work_mem = '64MB'`, params: [] },
    {
      sql: notedSql,
      params: [
        run,
        connection,
        stream,
        startedAt,
        sources.map(({ edge }) => edge),
        sources.map((source) => source.stream),
        numKey(connection, stream),
        escapeText(after),
        notedAtOnce,
        decided,
      ],
    },
  ]);
  return rows;
}

// What was both added and removed in the run is as it was. An edge changes the document at its `to` end, where both its ends were there before the run and
// neither went with it: what ended before its edges did was told of then. Of numbers one probe of an index each (`offset 0`).
const notedSql = `
  with own as (
    select num, bool_or(change = 'added') as added, bool_or(change = 'removed') as removed, bool_or(kind = 'event') as has_event
    from run_change c, unnest(c.nums) as num
    where c.run = $1 and c.stream = $3 and (c.kind = 'event' or (c.kind = 'asset' and (not $10 or change = 'updated'))) group by num
  ), turned as (
    select num, c.stream, bool_or(change = 'removed') as lost
    from run_change c, unnest(c.nums) as num
    where c.run = $1 and c.stream = any ($6) and c.kind = 'edge' and change in ('added', 'removed') group by num, c.stream having count(distinct change) = 1
  ), tied as (
    select r.num, json_agg(json_build_object(
      'connection', $2::text, 'stream', t.stream, 'kind', e.kind, 'from_id', e.from_id, 'to_id', e.to_id, 'key', e.key, 'properties', e.properties, 'lost', t.lost
    ) order by e.from_id, e.key) as edges
    from turned t cross join lateral (
      select kind, from_id, to_id, key, properties from edge where ${byNum} = $2 || ' ' || t.stream and num = t.num
      union all
      select kind, from_id, to_id, key, properties from removed_edge where num = t.num
      offset 0
    ) e
    cross join lateral (
      select num from record
      where connection = $2 and stream = $3 and id = e.to_id and first_seen < $4 and (tombstoned_at is null or changed_run > $1) offset 0
    ) r
    where exists (select from unnest($5::text[], $6::text[]) as s (kind, stream) where s.kind = e.kind and s.stream = t.stream) and exists (
      select from record
      where connection = $2 and stream = t.stream and id = e.from_id and (tombstoned_at is null or changed_run > $1) offset 0
    )
    group by r.num
  )
  select r.id, c.num, c.change, case when c.change = 'changed' then c.edges end as edges
  from (
    select num, edges, has_event, case when o.added and o.removed then null when o.removed then 'removed' when o.added then 'added' else 'changed' end as change
    from own o full join tied t using (num)
  ) c
  cross join lateral (select id from record where ${byNum} = $7 and num = c.num offset 0) r
  where c.change is not null and r.id > $8
    and (not $10 or c.has_event or exists (select from document_event v where v.num = c.num and v.kind <> 'DELETED'))
  order by r.id limit $9`;
