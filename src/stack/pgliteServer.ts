// The process that holds the embedded PostgreSQL: `node src/stack/pgliteServer.ts DATA_DIRECTORY SOCKET_FILE`. Its statements block the
// event loop, so it does nothing else. Ends cleanly on SIGTERM, SIGINT, or when the process that started it is gone.
import { PGlite } from '@electric-sql/pglite';
import { rmSync } from 'node:fs';
import { asTidemarkError } from '../errors.ts';
import { createPgliteServer } from './pgliteSocket.ts';
import { takeLock } from './process.ts';

/** Longer than any turn of the store, shorter than what other clients would wait for. */
const idleHolderMs = 10_000;
/** How long a predecessor may take to end. */
const lockWaitMs = 10_000;
const maxClients = 100;

const say = (line: string): void => {
  process.stderr.write(`embedded PostgreSQL: ${line}\n`);
};

async function serve(dataDir: string, socketFile: string): Promise<void> {
  const release = await takeLock(`${dataDir}.lock`, { what: `The embedded database ${dataDir}`, waitMs: lockWaitMs });
  const database = await PGlite.create({ dataDir });
  const server = createPgliteServer(database, {
    idleHolderMs,
    onBroken: (error) => {
      say(`stopped answering (${String(error)}); it has to be started again.`);
      process.exit(1);
    },
  });
  server.maxConnections = maxClients;
  rmSync(socketFile, { force: true });
  server.listen(socketFile);

  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    server.close();
    // Waits for the turn that is running; what clients left open is rolled back by PostgreSQL itself.
    void database.close().finally(() => {
      release();
      process.exit(0);
    });
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.once('disconnect', end);
  server.once('listening', () => process.send?.('ready'));
}

const [dataDir, socketFile] = process.argv.slice(2);
if (dataDir === undefined || socketFile === undefined) {
  say('call it with the data directory and the socket file.');
  process.exit(2);
}
serve(dataDir, socketFile).catch((error: unknown) => {
  const failure = asTidemarkError(error);
  say(failure.code === 'INTERNAL' ? String(error) : `${failure.message} ${failure.hint}`);
  process.exit(1);
});
