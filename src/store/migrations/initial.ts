// The first schema: connections, runs and their walks, records, edges, assets, what is to be removed, and logs.
// Ids compare by bytes (collate "C"): the order of searches and of locks must not depend on the server's locale.
export const initial = `
create table connection (
  name text collate "C" primary key,
  spec jsonb not null,
  spec_hash text not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- The run that may write. Raised by every run that opens.
  fence bigint not null default 0,
  state jsonb
);

create unique index connection_by_any_case on connection (lower(name)) where deleted_at is null;

-- One number sequence for the runs of all connections; a row, so that a restored database can be moved past what is known elsewhere.
create table run_counter (last bigint not null);
insert into run_counter values (0);

create table run (
  run bigint primary key,
  connection text collate "C" not null,
  profile text collate "C" not null,
  request_id text collate "C" not null,
  trigger text not null,
  scheduled_at timestamptz,
  nominal_at timestamptz not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  revision integer not null,
  spec jsonb not null,
  streams jsonb not null,
  mode text,
  reason text,
  baseline_overdue boolean not null default false,
  verdict text,
  error jsonb,
  report jsonb,
  unique (connection, request_id)
);
create index run_by_connection on run (connection, run);

create table occurrence (
  connection text collate "C" not null,
  profile text collate "C" not null,
  scheduled_at timestamptz not null,
  run bigint,
  outcome text not null,
  reason text,
  noted_at timestamptz not null default now(),
  primary key (connection, profile, scheduled_at)
);

create table checkpoint (
  run bigint not null,
  stream text collate "C" not null,
  mode text not null,
  reason text not null,
  walk integer not null default 0,
  page integer not null default 0,
  steps jsonb not null default '[]',
  cursor text,
  cursor_at timestamptz,
  asked_cursor text,
  -- Of this walk.
  read bigint not null default 0,
  -- Its last pages that had nothing new.
  barren integer not null default 0,
  -- Of the run.
  pages bigint not null default 0,
  requests bigint not null default 0,
  bytes bigint not null default 0,
  throttled_ms bigint not null default 0,
  worked_ms bigint not null default 0,
  pageless_ms bigint not null default 0,
  resumed integer not null default 0,
  outcome text,
  error jsonb,
  primary key (run, stream)
);

-- What a walk's pages had, by number: a row for each page and block of 1,024 numbers, so that a look-up reads
-- few of them and a sweep goes in slices. Kept in the row where it fits: compressing it costs more than it saves.
create table seen (
  run bigint not null,
  stream text collate "C" not null,
  kind text collate "C" not null,
  walk integer not null,
  block bigint not null,
  page integer not null,
  nums bigint[] not null,
  primary key (run, stream, kind, walk, block, page)
) with (toast_tuple_target = 8160);

create table cursor (
  connection text collate "C" not null,
  stream text collate "C" not null,
  link text,
  binding jsonb,
  map_hash text,
  received_at timestamptz,
  run bigint,
  last_full_nominal_at timestamptz,
  last_full_at timestamptz,
  failed_fulls integer not null default 0,
  failed_full_at timestamptz,
  primary key (connection, stream)
);

create sequence record_num;
create table record (
  connection text collate "C" not null,
  stream text collate "C" not null,
  num bigint not null,
  id text collate "C" not null,
  body jsonb not null,
  hash text not null,
  first_seen timestamptz not null default now(),
  last_changed timestamptz not null default now(),
  tombstoned_at timestamptz,
  changed_run bigint not null,
  unique (connection, stream, id)
);
-- By number within a stream. On an expression, so that no search by id can take it for a way to go: to a planner without statistics of a new
-- connection, any index that begins with (connection, stream) leads to one row, where it leads to all of them.
create unique index record_by_num on record ((connection || ' ' || stream), num);

create sequence edge_num;
create table edge (
  connection text collate "C" not null,
  stream text collate "C" not null,
  num bigint not null,
  kind text collate "C" not null,
  from_id text collate "C" not null,
  to_id text collate "C" not null,
  key text collate "C" not null,
  -- json, not jsonb: kept as sent, so that it compares with what a page says.
  properties json,
  -- The ends first: comparing what is the same in every row costs half the insert.
  unique (from_id, to_id, kind, key, connection, stream)
);
create unique index edge_by_num on edge ((connection || ' ' || stream), num);
create index edge_by_to on edge (to_id);

create table asset (
  num bigint primary key,
  class text not null,
  document jsonb not null,
  hash text not null,
  map_hash text not null
);

create table pending_removal (
  run bigint not null,
  stream text collate "C" not null,
  kind text collate "C" not null,
  num bigint not null,
  -- 'source': the source said so. 'absent': a complete full walk did not see it.
  why text not null,
  -- Seen again after the source removed it.
  back boolean not null default false,
  primary key (run, stream, kind, num)
);

-- Which records, edges and assets a run changed: a row for each page (or slice of removals), kind and change.
create table run_change (
  run bigint not null,
  stream text collate "C" not null,
  kind text not null,
  change text not null,
  nums bigint[] not null
) with (toast_tuple_target = 8160);
create index run_change_by_run on run_change (run, stream, kind);

create table rejected (
  run bigint not null,
  connection text collate "C" not null,
  stream text collate "C" not null,
  id text collate "C" not null,
  code text not null,
  reason text not null,
  rejected_at timestamptz not null default now(),
  primary key (run, stream, id)
);

create table run_log (
  num bigint generated always as identity primary key,
  connection text collate "C" not null,
  run bigint,
  at timestamptz not null default now(),
  level text not null,
  message text not null,
  details jsonb not null default '{}'
);
create index run_log_by_connection on run_log (connection, num);
create index run_log_by_run on run_log (run, num);

-- The first guard: no other run has been opened, and the connection is not deleted. Holds both off until the transaction ends.
create function guard_fence(of_run bigint, of_connection text) returns void language plpgsql as $$
begin
  perform 1 from connection where name = of_connection and fence = of_run and deleted_at is null for share;
  if not found then
    raise exception using errcode = 'TM001', message = 'another run has taken over';
  end if;
end $$;

-- Both guards of a page: the fence, and the move of the checkpoint from page n to n + 1. What the page did is noted on the way.
create function advance_checkpoint(
  of_run bigint, of_connection text, of_stream text, of_walk integer, of_page integer,
  next_steps jsonb, next_cursor text,
  more_read bigint, more_requests bigint, more_bytes bigint, more_throttled_ms bigint, more_worked_ms bigint,
  is_fresh boolean
) returns void language plpgsql as $$
begin
  perform guard_fence(of_run, of_connection);
  update checkpoint set
    page = page + 1, steps = next_steps,
    cursor = coalesce(next_cursor, cursor),
    cursor_at = case when next_cursor is null then cursor_at else now() end,
    read = read + more_read, pages = pages + 1, requests = requests + more_requests, bytes = bytes + more_bytes,
    throttled_ms = throttled_ms + more_throttled_ms, worked_ms = worked_ms + more_worked_ms, pageless_ms = 0,
    barren = case when is_fresh then 0 else barren + 1 end
  where run = of_run and stream = of_stream and walk = of_walk and page = of_page and outcome is null;
  if not found then
    raise exception using errcode = 'TM001', message = 'another attempt has taken over';
  end if;
end $$;

-- Walk n + 1 of a stream, under the fence and only from walk n. A delta starts from the adopted cursor.
create function start_walk(
  of_run bigint, of_connection text, of_stream text, of_walk integer, new_mode text, new_reason text, new_steps jsonb
) returns void language plpgsql as $$
declare
  adopted text;
begin
  perform guard_fence(of_run, of_connection);
  if new_mode = 'delta' then
    select link into adopted from cursor where connection = of_connection and stream = of_stream;
  end if;
  update checkpoint set
    walk = walk + 1, page = 0, mode = new_mode, reason = new_reason, steps = new_steps,
    cursor = adopted, asked_cursor = adopted, cursor_at = null, read = 0, barren = 0
  where run = of_run and stream = of_stream and walk = of_walk and outcome is null;
  if not found then
    raise exception using errcode = 'TM001', message = 'another attempt has taken over';
  end if;
end $$;

-- Applies up to so many staged removals of a complete stream, under the fence: records become tombstones, edges are deleted, each is noted.
-- By arrays of numbers: the planner then goes by index, however little it knows of the tables.
create function apply_removals(of_run bigint, of_connection text, of_stream text, at_most integer) returns integer language plpgsql as $$
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
  select count(*), array_agg(num) filter (where kind = 'record'), array_agg(num) filter (where kind = 'edge'),
    array_agg(num) filter (where kind = 'record' and why = 'source')
  into applied, of_records, of_edges, by_source
  from (
    select kind, num, why from pending_removal where run = of_run and stream = of_stream and not back order by kind, num limit at_most
  ) as slice;
  if of_records is not null then
    with tombstoned as (
      update record set tombstoned_at = now(), last_changed = now(), changed_run = of_run
      where connection || ' ' || stream = of_connection || ' ' || of_stream and num = any (of_records) and tombstoned_at is null
      returning num
    )
    select array_agg(num) into of_records from tombstoned;
  end if;
  if of_edges is not null then
    delete from edge where connection || ' ' || stream = of_connection || ' ' || of_stream and num = any (of_edges);
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
  delete from pending_removal
  where run = of_run and stream = of_stream and (kind, num) in (
    select kind, num from pending_removal where run = of_run and stream = of_stream and not back order by kind, num limit at_most);
  return applied;
end $$;
`;
