// The PostgreSQL that is measured on: durable as a user's would be, and counting statements.
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { workerRole } from './installation.ts';

/** @throws when there is no PostgreSQL, or it lacks its contributed modules (on Debian they come with it). */
export async function startMeasuredPostgres(): Promise<TestPostgres> {
  const server = await startPostgres({ fsync: 'on', full_page_writes: 'on', shared_preload_libraries: 'pg_stat_statements' });
  if (server === null) throw new Error('No PostgreSQL to measure on: install one, 15 or newer (on Debian: apt-get install postgresql).');
  const client = new pg.Client({ connectionString: server.url });
  try {
    await client.connect();
    // With the same password, so that one address serves both.
    await client.query(`create role ${workerRole} superuser login password '${client.password ?? ''}'`);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    await client.end();
  }
}
