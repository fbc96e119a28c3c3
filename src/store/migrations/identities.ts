// By what assets of different connections are one (decision 57): evidence, not identities, which are worked out when they are read. An older release leaves it alone.
export const identities = `
-- The keys that a record shows by each rule, whichever rules are on. They stay with a record that is gone, and count while it lives.
create table identity_key (
  num bigint not null,
  rule text collate "C" not null,
  key text collate "C" not null,
  primary key (rule, key, num)
);
create index identity_key_by_num on identity_key (num);

-- The order of the rules for the installation, and those that are off: at most one row. None: the order of this release, and all are on.
create table identification_rules (
  singleton boolean primary key default true check (singleton),
  definition jsonb not null,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
`;
