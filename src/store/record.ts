// Records as the source sent them, for who looks at a few.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';

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
