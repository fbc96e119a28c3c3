// Transform maps of the users' own, and what a cursor's link was asked for.
export const maps = `
create table map (
  name text collate "C" primary key,
  -- As a file gives it (kind: map), so that its format is the one there is.
  definition jsonb not null,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create unique index map_by_any_case on map (lower(name));

-- A connection as it is read: with the maps that its profiles name. Built-in ones are not here.
create function with_maps(spec jsonb) returns jsonb language sql stable as $$
  select coalesce(
    (select spec || jsonb_build_object('customMaps', jsonb_object_agg(m.name, m.definition))
     from map m where m.name in (select used #>> '{}' from jsonb_path_query(spec, '$.profiles[*].maps.*') as used)
     having count(*) > 0),
    spec)
$$;

alter table cursor add column selection jsonb;
`;
