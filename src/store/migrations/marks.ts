// Tags, and what is said of an asset besides its document: since when it is stale, and whether tags leave it out.
export const marks = `
-- A named query over documents.
create table tag (
  name text collate "C" primary key,
  query text not null,
  criticality integer,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create unique index tag_by_any_case on tag (lower(name));

alter table asset
  -- Its record was set aside when it was last seen: the document is the last good one (decision 5).
  add column stale_since timestamptz,
  -- It lacks a tag that its connection asks for: kept, and not listed (decision 39).
  add column excluded boolean not null default false;

-- By which tags the assets of a stream were judged: '' for none, '?' where some may have been judged by others than the rest.
alter table cursor add column tags text not null default '';
`;
