// Records as the source sent them, for who looks at a few.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { byNum, numKey } from './params.ts';
import { escapeText } from './text.ts';

export interface StoredRecord {
  readonly id: string;
  readonly body: JsonObject;
}

/** The first live records of a stream, by id. */
export function readRecords(
  database: Database,
  { connection, stream, limit }: { readonly connection: string; readonly stream: string; readonly limit: number },
): Promise<StoredRecord[]> {
  return database.query<StoredRecord>(
    'select id, body from record where connection = $1 and stream = $2 and tombstoned_at is null order by id limit $3',
    [connection, stream, limit],
  );
}

/** What a source said of one, live or gone; null when there is none. */
export async function readRecord(
  database: Database,
  { connection, stream, id }: { readonly connection: string; readonly stream: string; readonly id: string },
): Promise<StoredRecord | null> {
  const [row] = await database.query<StoredRecord>('select id, body from record where connection = $1 and stream = $2 and id = $3', [
    connection,
    stream,
    escapeText(id),
  ]);
  return row ?? null;
}

/**
 * Live records of a stream whose asset another map made, or that have none, in order of number behind `after`. Costs by what it finds while a map is
 * being replaced: those behind `after` are all of the old one.
 */
export function readOtherwiseMapped(
  database: Database,
  of: { readonly connection: string; readonly stream: string; readonly mapHash: string; readonly after: number; readonly limit: number },
): Promise<{ readonly num: number; readonly id: string }[]> {
  return database.query(
    `select r.num, r.id from record r left join lateral (select map_hash from asset where num = r.num offset 0) a on true
     where ${byNum} = $1 and r.num > $2 and r.tombstoned_at is null and a.map_hash is distinct from $3 order by r.num limit $4`,
    [numKey(of.connection, of.stream), of.after, of.mapHash, of.limit],
  );
}
