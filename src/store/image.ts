// What registries say of images, by digest, for all connections: it cannot change, so that nothing is read twice (design 6).
// MUST hold what a digest verifies, and nothing of who reads it.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { byKey, lines, listed, texts } from './params.ts';
import { escapeJson } from './text.ts';

/** Of these digests, those that are known. */
export async function readImages(database: Database, digests: readonly string[]): Promise<ReadonlyMap<string, JsonObject>> {
  const rows = await database.query<{ digest: string; content: JsonObject }>('select digest, content from image where digest = any ($1)', [
    texts(digests),
  ]);
  return new Map(rows.map(({ digest, content }) => [digest, content]));
}

/** Whoever reads a digest reads the same: the first stands. */
export async function keepImages(database: Database, images: ReadonlyMap<string, JsonObject>): Promise<void> {
  if (images.size === 0) return;
  const rows = byKey([...images], ([digest]) => digest);
  await database.query(
    `insert into image (digest, content) select t.digest, t.content::jsonb
     from unnest($1::text[], ${listed('$2')}) as t (digest, content) on conflict (digest) do nothing`,
    [texts(rows.map(([digest]) => digest)), escapeJson(lines(rows.map(([, content]) => JSON.stringify(content))))],
  );
}

/** The login servers that the connection's stream of registries has. */
export async function loginServers(
  database: Database,
  { connection, stream }: { readonly connection: string; readonly stream: string },
): Promise<string[]> {
  const rows = await database.query<{ host: string }>(
    `select distinct lower(body ->> 'loginServer') as host from record
     where connection = $1 and stream = $2 and tombstoned_at is null and body ->> 'loginServer' is not null`,
    [connection, stream],
  );
  return rows.map(({ host }) => host);
}
