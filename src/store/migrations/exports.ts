// Sets of files that a connection's runs wrote (document 003). An older release leaves them alone.
export const exportSets = `
-- The last set of a connection in a directory, and the one that is being published there.
create table export_set (
  connection text collate "C" not null,
  directory text collate "C" not null,
  -- The run that the consumers' set is of, what it was made by, and SHA-256 of its cookie files by entity; null before the first.
  run bigint,
  definition text,
  cookies jsonb,
  -- {folder, run, definition, cookies} of a set whose files are written: from here on it is published, whatever happens.
  pending jsonb,
  primary key (connection, directory)
);
`;
