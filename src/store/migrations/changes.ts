// What runs changed, for those who ask later: the paths of documents with their values, and the ends of relations that are gone.
export const changes = `
-- What a run made of a document that was there before: what was added or removed stands in run_change alone.
create table asset_change (
  run bigint not null,
  num bigint not null,
  -- [{path, before, after, cut}], of the whole run.
  paths jsonb not null,
  -- How many further paths are not kept.
  more integer not null,
  primary key (run, num)
);

-- The edges that a run removed: run_change has their numbers, and the edges themselves are gone.
create table removed_edge (
  run bigint not null,
  num bigint not null,
  kind text collate "C" not null,
  from_id text collate "C" not null,
  to_id text collate "C" not null,
  key text collate "C" not null,
  properties json,
  primary key (run, num)
);
-- One that a later run removed is looked up for the run that added it.
create index removed_edge_by_num on removed_edge (num);

-- What runs up to this one changed is not kept any more. Before this schema neither paths nor ends were.
create table change_horizon (run bigint not null, at timestamptz not null default now());
insert into change_horizon (run) select last from run_counter;

-- As before, and the removed edges are kept.
create or replace function remove_objects(of_run bigint, of_connection text, of_stream text, of_records bigint[], of_edges bigint[], by_source bigint[])
returns void language plpgsql as $$
begin
  delete from held_removal where ctid = any (array(
    select h.ctid from (select 'record' as kind, unnest(of_records) as num union all select 'edge', unnest(of_edges)) n
    cross join lateral (
      select ctid from held_removal where connection = of_connection and stream = of_stream and kind = n.kind and num = n.num offset 0
    ) h));
  if of_records is not null then
    with tombstoned as (
      update record set tombstoned_at = now(), last_changed = now(), changed_run = of_run
      where connection || ' ' || stream = of_connection || ' ' || of_stream and num = any (of_records) and tombstoned_at is null
      returning num
    ), fewer as (
      update tally set live = live - (select count(*) from tombstoned)
      where connection = of_connection and stream = of_stream and kind = 'record'
    )
    select array_agg(num) into of_records from tombstoned;
  end if;
  if of_edges is not null then
    with gone as (
      delete from edge where connection || ' ' || stream = of_connection || ' ' || of_stream and num = any (of_edges)
      returning num, kind, from_id, to_id, key, properties
    ), kept as (
      insert into removed_edge (run, num, kind, from_id, to_id, key, properties)
      select of_run, num, kind, from_id, to_id, key, properties from gone
    ), fewer as (
      update tally t set live = t.live - g.gone from (select kind, count(*) as gone from gone group by kind) g
      where t.connection = of_connection and t.stream = of_stream and t.kind = g.kind
    )
    select array_agg(num) into of_edges from gone;
  end if;
  insert into run_change (run, stream, kind, change, nums)
  select of_run, of_stream, kind, change, nums
  from (
    select 'record' as kind, 'removed' as change, array(select unnest(of_records) intersect select unnest(by_source)) as nums
    union all select 'record', 'swept', array(select unnest(of_records) except select unnest(by_source))
    union all select 'asset', 'removed', array(select num from asset where num = any (of_records))
    union all select 'edge', 'removed', of_edges
  ) as noted
  where cardinality(nums) > 0;
end $$;
`;
