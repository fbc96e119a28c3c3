// Starts the servers that suites share, once for the whole run, and hands their addresses on by the environment.
import { startPostgres } from './postgres.ts';
import { stoppers } from './stoppers.ts';
import { startUnkilledTemporal } from './temporal.ts';

/** For every program in Go that tests start: memory is cheaper than its collection. */
const frugalGo = { GOGC: '400' };

const globalSetup = async (): Promise<void> => {
  Object.assign(process.env, frugalGo);
  // What is started is ended also when the other one fails to start.
  const started = await Promise.allSettled([shareTemporal(), sharePostgres()]);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed === undefined) return;
  for (const stop of stoppers.reverse()) await stop();
  throw failed.reason;
};

async function shareTemporal(): Promise<void> {
  const temporal = await startUnkilledTemporal();
  stoppers.push(() => temporal.stop());
  process.env['TIDEMARK_TEST_TEMPORAL_ADDRESS'] = temporal.address;
}

/** The given server, one of the machine's, or none: then the suites that need it are skipped, and counted so. */
async function sharePostgres(): Promise<void> {
  if (process.env['TIDEMARK_TEST_DATABASE_URL'] !== undefined) return;
  // Databases live for one suite: nothing of them is worth vacuuming, and no plan depends on when it was.
  const postgres = await startPostgres({ autovacuum: 'off' });
  if (postgres === null) return;
  stoppers.push(() => postgres.stop());
  process.env['TIDEMARK_TEST_DATABASE_URL'] = postgres.url;
}

export default globalSetup;
