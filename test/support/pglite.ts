// The embedded PostgreSQL for tests, in a process and a home of its own; it can be killed and started again where it was.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/stack/postgres.ts';

export interface TestPglite {
  readonly url: string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export async function startPglite(): Promise<TestPglite> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-pglite-'));
  let server: EmbeddedPostgres = await startEmbeddedPostgres(home);
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const { child } = server;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });
  };
  return {
    url: server.url,
    kill: () => end('SIGKILL'),
    async restart() {
      server = await startEmbeddedPostgres(home);
    },
    async stop() {
      await end('SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
  };
}
