// A database of its own for a suite, on the PostgreSQL that the tests started.
import { randomUUID } from 'node:crypto';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/schema.ts';

/** A new, migrated database at the given server; it goes with the server. */
export async function freshDatabase(serverUrl = process.env['TIDEMARK_TEST_DATABASE_URL'] ?? ''): Promise<Database> {
  const url = await freshDatabaseUrl(serverUrl);
  const database = openDatabase({ url, applicationName: 'tidemark-test' });
  await migrate(database);
  return database;
}

export async function freshDatabaseUrl(serverUrl = process.env['TIDEMARK_TEST_DATABASE_URL'] ?? ''): Promise<string> {
  const name = `t${randomUUID().replaceAll('-', '')}`;
  const client = new (await import('pg')).default.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
