// Migration 5: the workers, each a row that it refreshes while it lives; and which runs a worker has counted in its metrics.

export const workers = `
create table worker (
  id text collate "C" primary key,
  namespace text not null,
  host text not null,
  pid integer not null,
  build text not null,
  queues text[] not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  -- Set when it was told to end and has drained: it is no longer waited for.
  ended_at timestamptz
);
alter table run add column counted boolean not null default false;
`;
