// What is said of an asset besides its document: since when it is stale because its record was set aside, and whether tags leave it out.
export const marks = `
alter table asset
  -- Its record was set aside when it was last seen: the document is the last good one (decision 5).
  add column stale_since timestamptz,
  -- It lacks a tag that its connection asks for: kept, and not listed (decision 39).
  add column excluded boolean not null default false;

-- By which tags the assets of a stream were judged: '' for none, '?' where pages may have been judged by others than the rest.
alter table cursor add column tags text not null default '';
`;
