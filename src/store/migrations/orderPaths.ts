// The files of a connection's directory of orders, as they were last read; and which files an order came in.
export const orderPaths = `
create table order_path (
  connection text collate "C" not null,
  -- Below the worker's directory of orders.
  path text collate "C" not null,
  -- Its size and when it changed: while both stay, a file that has ended is not read again.
  version text not null,
  -- The run that found it so.
  run bigint not null,
  -- What became of its orders; null until it has ended.
  executed integer,
  errored integer,
  skipped integer,
  ended_at timestamptz,
  primary key (connection, path)
);
-- Before an order is forgotten: whether another file asked for it.
create index order_line_of_order on order_line (connection, id);
`;
