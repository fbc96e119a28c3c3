// The order ledger: what was asked to be written to the directory, and what became of it.
export const orders = `
-- Each order once, whichever files it came in: its id is its idempotency key within the connection.
create table order_ledger (
  connection text collate "C" not null,
  id text collate "C" not null,
  -- In the order in which they came.
  num bigint generated always as identity,
  -- Of what it asks for: sent again with another content it is refused.
  hash text not null,
  action text not null,
  type text not null,
  -- As the order names it; of a create the name by which later orders may know the object.
  key text,
  member text,
  -- What it writes, until it has ended. A password is a reference here, always.
  body jsonb,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'executed', 'errored', 'skipped')),
  -- How many of its requests are done, and what some of them were refused for.
  step integer not null default 0,
  failures text,
  tries integer not null default 0,
  -- In a row, how often it was looked for in vain after a lost answer.
  misses integer not null default 0,
  -- Whether an answer was lost at any time: what is found so already may then be its own work.
  lost boolean not null default false,
  object_id text collate "C",
  first_sent_at timestamptz,
  retry_at timestamptz,
  ended_at timestamptz,
  code text,
  message text,
  -- A generated password, encrypted for who may read it (JWE): nobody else can.
  sealed text,
  primary key (connection, id)
);
create unique index order_open on order_ledger (connection, num) where ended_at is null;
create index order_made on order_ledger (connection, object_id) where action = 'create';
create index order_named on order_ledger (connection, lower(key)) where action = 'create';
create index order_deleted on order_ledger (connection, ended_at) where action = 'delete';

-- A file of orders, by the digest of its content.
create table order_file (
  connection text collate "C" not null,
  file text collate "C" not null,
  by text not null,
  received_at timestamptz not null default now(),
  -- When all its lines were in, and its deletions judged.
  planned_at timestamptz,
  primary key (connection, file)
);

create table order_line (
  connection text collate "C" not null,
  file text collate "C" not null,
  line integer not null,
  -- One order of Identity Manager may be several of ours.
  part integer not null,
  assignment text collate "C" not null,
  change_type text not null,
  -- null: what stands there is no order, and 'message' says why.
  id text collate "C",
  code text,
  message text,
  -- In this order, so that no look-up by id takes it for its way: without statistics a planner would, and read the whole file each time.
  primary key (line, part, connection, file)
);
create index order_line_by_id on order_line (connection, file, id);

-- Who writes to a connection's directory: one file at a time, and of its attempts the last one.
create table order_lease (
  connection text collate "C" primary key,
  file text collate "C" not null,
  fence bigint not null default 1,
  until timestamptz not null
);
`;
