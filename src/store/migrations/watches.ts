// What the reconciler has seen of each schedule, and an index of the runs without verdict. A watch begins when its schedule is applied.
export const watches = `
create table watch (
  connection text collate "C" not null,
  profile text collate "C" not null,
  since timestamptz not null default now(),
  -- Every occurrence up to here has its row.
  looked_till timestamptz not null default now(),
  -- The operator's note on the paused Schedule; null when it was not paused.
  paused text,
  -- Temporal's own counters: occurrences it came too late for, and those it left out because the tick before them was open.
  late bigint not null default 0,
  overlapped bigint not null default 0,
  -- The last success, when that is too long ago.
  overdue_since timestamptz,
  primary key (connection, profile)
);
insert into watch (connection, profile)
select distinct name, p ->> 'name' from connection, jsonb_path_query(spec, '$.profiles[*]') as p
where deleted_at is null and p ->> 'status' = 'active' and jsonb_typeof(p -> 'schedule') = 'object' and p ->> 'name' is not null;

create index run_without_verdict on run (connection, run) where verdict is null;
`;
