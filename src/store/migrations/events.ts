// Documents that relations decide (document 001): which are there, and what was done to each last. An older release leaves them alone.
export const events = `
-- The last event of a document, once it had one: CREATED, UPDATED or DELETED (decision 37). By the number of its record.
create table document_event (
  num bigint primary key,
  connection text collate "C" not null,
  kind text not null,
  -- Of what the document said then, its event left out.
  hash bytea not null,
  run bigint not null
);
create index document_event_by_run on document_event (run);

-- Documents still to be looked at: numbers of records, in slices.
create table event_due (
  num bigint generated always as identity primary key,
  connection text collate "C" not null,
  nums bigint[] not null
) with (toast_tuple_target = 8160);
create index event_due_by_connection on event_due (connection, num);

-- Up to which run the changes of a connection are in event_due, and what else its documents were made of.
create table event_mark (
  connection text collate "C" primary key,
  run bigint not null,
  made_of text not null
);

-- Who lost an edge since then: an edge that is gone says so no more.
create table edge_lost (
  connection text collate "C" not null,
  stream text collate "C" not null,
  to_ids text[] not null
);
create index edge_lost_by_connection on edge_lost (connection, stream);

-- Whoever deletes an edge: a way that forgot it would leave a document as it was.
create function note_lost_edges() returns trigger language plpgsql as $$
begin
  insert into edge_lost (connection, stream, to_ids)
  select g.connection, g.stream, array_agg(distinct g.to_id)
  from gone g where exists (select from event_mark m where m.connection = g.connection) group by g.connection, g.stream;
  return null;
end $$;
create trigger edge_lost after delete on edge referencing old table as gone for each statement execute function note_lost_edges();

create index asset_by_directory_name on asset (left(lower(document #>> '{userData,userDetails,displayName}'), 200) text_pattern_ops)
where document #>> '{userData,userDetails,displayName}' is not null;
create index asset_by_user_group_name on asset (left(lower(document #>> '{displayName}'), 200) text_pattern_ops)
where document #>> '{displayName}' is not null;
`;
