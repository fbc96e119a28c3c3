// The removal guard (decision 3): how many live, what was removed lately, what is held, and who decided.
export const removals = `
-- How many records, and edges by kind, live in a stream: kept by the transactions that change it, because counting costs by what is stored.
create table tally (
  connection text collate "C" not null,
  stream text collate "C" not null,
  -- 'record', or the edge's kind.
  kind text collate "C" not null,
  live bigint not null,
  primary key (connection, stream, kind)
) with (fillfactor = 50);

insert into tally (connection, stream, kind, live)
select connection, stream, 'record', count(*) from record where tombstoned_at is null group by connection, stream
union all
select connection, stream, kind, count(*) from edge group by connection, stream, kind;

-- What a run removed, and how many lived before: the guard looks back a day.
create table removal_day (
  connection text collate "C" not null,
  stream text collate "C" not null,
  kind text collate "C" not null,
  run bigint not null,
  at timestamptz not null default now(),
  live bigint not null,
  applied bigint not null,
  primary key (connection, stream, kind, run)
);

-- A connection's pending set: removals that wait for a decision. The ids stand here, so that its digest costs by the set alone.
create table held_removal (
  connection text collate "C" not null,
  stream text collate "C" not null,
  kind text collate "C" not null,
  num bigint not null,
  -- The edge's kind; null for a record.
  edge_kind text collate "C",
  -- The record's id, or the edge's ends.
  id text collate "C" not null,
  other text collate "C",
  why text not null,
  -- false: the source MUST be asked for it before it may be removed.
  asked boolean not null,
  since timestamptz not null default now(),
  since_run bigint not null,
  rejected boolean not null default false,
  approved_run bigint,
  primary key (connection, stream, kind, num)
);

create table audit (
  num bigint generated always as identity primary key,
  at timestamptz not null default now(),
  connection text collate "C" not null,
  action text not null,
  by text not null,
  details jsonb not null default '{}'
);
create index audit_by_connection on audit (connection, num);

-- What the guard decided of this run's removals: 'apply' or 'hold'; null before. The first decision stands.
alter table run add column removals text;

-- The pending set as it is decided upon. The digest is null when nothing waits.
create function held_set(of_connection text) returns table (count bigint, digest text) language sql stable as $$
  select count(*), encode(sha256(convert_to(
    string_agg(concat_ws(E'\\t', stream, kind, num, id, other), E'\\n' order by stream, kind, num), 'UTF8')), 'hex')
  from held_removal where connection = of_connection and not rejected
$$;

-- Whether the removal of an edge counts: not where it only follows one of its ends, gone already or with this run.
-- Offset 0 holds the planner to one probe of an index each: this is asked for edge after edge.
create function edge_counts(of_run bigint, of_connection text, one_end text, other_end text) returns boolean language sql stable as $$
  select not exists (
    select from tally t
    cross join unnest(array[one_end, other_end]) as e (id)
    cross join lateral (
      select num, tombstoned_at from record where connection = of_connection and stream = t.stream and id = e.id offset 0
    ) r
    where t.connection = of_connection and t.kind = 'record' and (
      r.tombstoned_at is not null
      or exists (
        select from held_removal
        where connection = of_connection and stream = t.stream and kind = 'record' and num = r.num and approved_run = of_run offset 0)
      or exists (
        select from pending_removal
        where run = of_run and stream = t.stream and kind = 'record' and num = r.num and not back
          and exists (select from checkpoint where run = of_run and stream = t.stream and outcome = 'complete') offset 0)))
$$;

-- Decides once what becomes of a run's staged removals, under the fence; asked again it answers what stands. What a complete full walk saw, or
-- asked for and found, leaves the pending set. To hold is to move the staged ones there; not_asked names the streams whose absent records were not asked for.
create function decide_removals(of_run bigint, of_connection text, decision text, not_asked text[], judged jsonb, said text, because jsonb)
returns text language plpgsql as $$
declare
  stands text;
begin
  perform guard_fence(of_run, of_connection);
  update run set removals = decision where run = of_run and removals is null;
  if not found then
    select removals into stands from run where run = of_run;
    return stands;
  end if;
  delete from held_removal h
  where h.connection = of_connection
    and h.stream = any (array(select stream from checkpoint where run = of_run and mode = 'full' and outcome = 'complete'))
    and not exists (
      select from pending_removal p where p.run = of_run and p.stream = h.stream and p.kind = h.kind and p.num = h.num and not p.back);
  if decision = 'apply' then
    insert into removal_day (connection, stream, kind, run, live, applied)
    select of_connection, g.stream, g.kind, of_run, g.live, g.counted
    from jsonb_to_recordset(judged) as g (stream text, kind text, live bigint, counted bigint) where g.counted > 0;
    delete from removal_day where connection = of_connection and at < now() - interval '2 days';
    return decision;
  end if;
  insert into held_removal as h (connection, stream, kind, num, edge_kind, id, other, why, asked, since_run)
  select of_connection, p.stream, p.kind, p.num, o.edge_kind, o.id, o.other, p.why,
    not (p.kind = 'record' and p.why = 'absent' and p.stream = any (not_asked)), of_run
  from pending_removal p
  join checkpoint c on c.run = p.run and c.stream = p.stream and c.outcome = 'complete'
  cross join lateral (
    select null as edge_kind, id, null as other from record
    where p.kind = 'record' and connection || ' ' || stream = of_connection || ' ' || p.stream and num = p.num
    union all
    select kind, from_id, to_id from edge
    where p.kind = 'edge' and connection || ' ' || stream = of_connection || ' ' || p.stream and num = p.num
    offset 0
  ) o
  where p.run = of_run and not p.back
  on conflict (connection, stream, kind, num) do update set
    why = excluded.why, asked = excluded.asked, rejected = false, approved_run = null,
    since = case when h.rejected then excluded.since else h.since end,
    since_run = case when h.rejected then excluded.since_run else h.since_run end;
  delete from pending_removal where run = of_run;
  insert into run_log (connection, run, level, message, details) values (of_connection, of_run, 'warning', said, because);
  return decision;
end $$;

-- Removes records and edges of a stream, each noted as changed: records become tombstones, edges are deleted. Neither is pending any more.
-- By arrays of numbers, and one probe of an index for each: the planner then goes by index, however little it knows of the tables.
create function remove_objects(of_run bigint, of_connection text, of_stream text, of_records bigint[], of_edges bigint[], by_source bigint[])
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
      delete from edge where connection || ' ' || stream = of_connection || ' ' || of_stream and num = any (of_edges) returning num, kind
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

-- Applies up to so many staged removals of a complete stream, under the fence, unless the run holds them.
create or replace function apply_removals(of_run bigint, of_connection text, of_stream text, at_most integer) returns integer language plpgsql as $$
declare
  of_records bigint[];
  of_edges bigint[];
  by_source bigint[];
  applied integer;
begin
  perform guard_fence(of_run, of_connection);
  perform 1 from checkpoint where run = of_run and stream = of_stream and outcome = 'complete' for update;
  if not found then
    return 0;
  end if;
  perform 1 from run where run = of_run and removals = 'hold';
  if found then
    return 0;
  end if;
  select count(*), array_agg(num) filter (where kind = 'record'), array_agg(num) filter (where kind = 'edge'),
    array_agg(num) filter (where kind = 'record' and why = 'source')
  into applied, of_records, of_edges, by_source
  from (
    select kind, num, why from pending_removal where run = of_run and stream = of_stream and not back order by kind, num limit at_most
  ) as slice;
  if applied > 0 then
    perform remove_objects(of_run, of_connection, of_stream, of_records, of_edges, by_source);
    delete from pending_removal where ctid = any (array(
      select p.ctid from (select 'record' as kind, unnest(of_records) as num union all select 'edge', unnest(of_edges)) n
      cross join lateral (select ctid from pending_removal where run = of_run and stream = of_stream and kind = n.kind and num = n.num offset 0) p));
  end if;
  return applied;
end $$;

-- Marks the pending set for removal by this run when it is still the one of the digest. Asked again it answers the same.
create function approve_removals(of_run bigint, of_connection text, of_digest text, approver text) returns boolean language plpgsql as $$
declare
  held record;
begin
  perform guard_fence(of_run, of_connection);
  perform 1 from run where run = of_run and removals = 'apply';
  if found then
    return true;
  end if;
  update run set mode = 'settle', reason = 'removals approved' where run = of_run;
  select * into held from held_set(of_connection);
  if held.digest is distinct from of_digest then
    return false;
  end if;
  update run set removals = 'apply' where run = of_run;
  update held_removal set approved_run = of_run where connection = of_connection and not rejected;
  insert into audit (connection, action, by, details)
  values (of_connection, 'approve', approver, jsonb_build_object('run', of_run, 'digest', of_digest, 'count', held.count));
  return true;
end $$;

-- Applies up to so many approved removals of one stream, under the fence, those that must be asked for first left out. 0: none is left.
create function apply_approved(of_run bigint, of_connection text, at_most integer) returns integer language plpgsql as $$
declare
  of_stream text;
  of_records bigint[];
  of_edges bigint[];
  by_source bigint[];
  applied integer;
begin
  perform guard_fence(of_run, of_connection);
  select stream into of_stream from held_removal
  where connection = of_connection and approved_run = of_run and asked and not rejected order by stream limit 1;
  select count(*), array_agg(num) filter (where kind = 'record'), array_agg(num) filter (where kind = 'edge'),
    array_agg(num) filter (where kind = 'record' and why = 'source')
  into applied, of_records, of_edges, by_source
  from (
    select kind, num, why from held_removal
    where connection = of_connection and stream = of_stream and approved_run = of_run and asked and not rejected order by kind, num limit at_most
  ) as slice;
  if applied > 0 then
    perform remove_objects(of_run, of_connection, of_stream, of_records, of_edges, by_source);
  end if;
  return applied;
end $$;
`;
