// The databases that suites of the store run on: the embedded one always, PostgreSQL where the run has one.
import type { Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/schema.ts';
import { freshDatabaseUrl } from './databases.ts';
import { startPglite } from './pglite.ts';

export interface StartedStore {
  readonly url: string;
  readonly database: Database;
  stop(): Promise<void>;
}

export const postgresUrl = process.env['TIDEMARK_TEST_DATABASE_URL'];

async function startPgliteStore(): Promise<StartedStore> {
  const server = await startPglite();
  return storeAt(server.url, () => server.stop());
}

export async function startPostgresStore(): Promise<StartedStore> {
  return storeAt(await freshDatabaseUrl(postgresUrl), () => Promise.resolve());
}

async function storeAt(url: string, stop: () => Promise<void>): Promise<StartedStore> {
  const database = openDatabase({ url, applicationName: 'tidemark-test' });
  await migrate(database);
  return {
    url,
    database,
    async stop() {
      await database.close();
      await stop();
    },
  };
}

/** Name, how to start it, and whether it is there. */
export const stores: readonly (readonly [name: string, start: () => Promise<StartedStore>, present: boolean])[] = [
  ['PGlite', startPgliteStore, true],
  ['PostgreSQL', startPostgresStore, postgresUrl !== undefined],
];
