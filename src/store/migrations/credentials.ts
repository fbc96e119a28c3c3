// Migration 7: secrets that Tidemark keeps, sealed; and how the credentials of connections fare. An older release leaves both alone.
export const credentials = `
create table secret (
  name text collate "C" primary key,
  -- What it may be used for; sealed with it, so that a changed column opens nothing.
  tenant text not null,
  login text not null,
  purpose text not null,
  key_id text not null,
  nonce bytea not null,
  -- AES-256-GCM: ciphertext and tag.
  sealed bytea not null,
  set_at timestamptz not null default now(),
  unique (key_id, nonce)
);
-- Secrets belong to no connection.
alter table audit alter column connection drop not null;

create table credential (
  connection text collate "C" not null,
  reference text collate "C" not null,
  -- 'works', 'refused' by the login, or 'unreadable' for the worker.
  state text not null,
  -- The login's number, when it was refused.
  aadsts integer,
  -- Why it cannot be read.
  reason text,
  since timestamptz not null default now(),
  -- The last login was by this one.
  in_use boolean not null default false,
  expires_at timestamptz,
  -- Why it has no expires_at.
  unknown text,
  -- When the source was last asked for expires_at.
  looked_at timestamptz,
  -- The days of the last warning before this expires_at.
  warned integer,
  primary key (connection, reference)
);
`;
