// What a verb works with. Clients are opened by need and closed by the program, so that a verb pays only for what it uses.
import type { Client } from '@temporalio/client';
import type { Config } from '../config.ts';
import { TidemarkError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import type { Output } from './output.ts';

export interface Context {
  readonly output: Output;
  /** @throws CONFIG_INVALID naming the variable. */
  config(): Promise<Config>;
  /** The inventory's database, its schema up to date. @throws STORE_UNAVAILABLE with the address. */
  database(): Promise<Database>;
  /** @throws ORCHESTRATOR_UNAVAILABLE with the address. */
  temporal(): Promise<Client>;
}

export interface OpenContext extends Context {
  /** Closes what was opened. */
  close(): Promise<void>;
}

export function createContext(output: Output): OpenContext {
  const closers: (() => Promise<void>)[] = [];
  const config = once(async () => (await import('../config.ts')).readConfig());
  return {
    output,
    config,
    database: once(async () => {
      const { databaseUrl } = await config();
      if (databaseUrl === null) {
        throw new TidemarkError('STORE_UNAVAILABLE', 'No database is configured, and no stack was started here.', {
          hint: 'Run "tidemark up" in this directory, or set TIDEMARK_DATABASE_URL (or TIDEMARK_HOME).',
        });
      }
      const { openDatabase } = await import('../store/database.ts');
      const { migrate } = await import('../store/schema.ts');
      const database = openDatabase({ url: databaseUrl, applicationName: 'tidemark', maxConnections: 2 });
      closers.push(() => database.close());
      await migrate(database);
      return database;
    }),
    temporal: once(async () => {
      const { connectTemporal } = await import('./temporal.ts');
      const client = await connectTemporal((await config()).temporal);
      closers.push(() => client.connection.close());
      return client;
    }),
    async close() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

/** The first call's answer for every later call. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
