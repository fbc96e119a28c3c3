// Transform maps of the users' own, as their files give them. Connections are read with those that their profiles name (connection.ts).
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { jsonb } from './params.ts';

export interface StoredMap {
  readonly name: string;
  readonly definition: JsonObject;
  readonly changedAt: string;
}

/** Creates or changes a map. Idempotent. @throws CONFIG_INVALID when another map has this name in other letter case. */
export async function putMap(
  database: Database,
  { name, definition }: Pick<StoredMap, 'name' | 'definition'>,
): Promise<'created' | 'changed' | 'unchanged'> {
  return database.transaction(async (transaction) => {
    const [old] = await transaction.query<{ name: string; same: boolean }>(
      'select name, definition = $2 as same from map where lower(name) = lower($1) for update',
      [name, jsonb(definition)],
    );
    if (old !== undefined && old.name !== name) {
      throw new TidemarkError('CONFIG_INVALID', `There is a transform map "${old.name}" already; names are one without regard to case.`);
    }
    if (old?.same === true) return 'unchanged';
    await transaction.query(
      `insert into map (name, definition) values ($1, $2)
       on conflict (name) do update set definition = excluded.definition, changed_at = now()`,
      [name, jsonb(definition)],
    );
    return old === undefined ? 'created' : 'changed';
  });
}

/** All maps by name. */
export function listMaps(database: Database): Promise<StoredMap[]> {
  return database.query<StoredMap>(`select name, definition, changed_at as "changedAt" from map order by name`);
}

/**
 * `used`: by the connections of these names, and it stays. A connection that is applied meanwhile waits for the row, and then finds no map.
 */
export async function deleteMap(
  database: Database,
  name: string,
): Promise<{ readonly outcome: 'deleted' | 'none' } | { readonly outcome: 'used'; readonly by: readonly string[] }> {
  return database.transaction(async (transaction) => {
    const found = await transaction.query('select from map where name = $1 for update', [name]);
    if (found.length === 0) return { outcome: 'none' };
    const users = await transaction.query<{ name: string }>(
      `select name from connection
       where deleted_at is null and jsonb_path_exists(spec, '$.profiles[*].maps.* ? (@ == $name)', jsonb_build_object('name', $1::text)) order by name`,
      [name],
    );
    if (users.length > 0) return { outcome: 'used', by: users.map((user) => user.name) };
    await transaction.query('delete from map where name = $1', [name]);
    return { outcome: 'deleted' };
  });
}
