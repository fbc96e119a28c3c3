// The embedded PostgreSQL for tests, in a process and a home of its own; it can be killed and started again where it was.
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/stack/postgres.ts';
import { kept, root } from './code.ts';

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
  await givePgliteData(home);
  let server: EmbeddedPostgres = await startEmbeddedPostgres(home);
  return {
    url: server.url,
    kill: () => end(server, 'SIGKILL'),
    async restart() {
      server = await startEmbeddedPostgres(home);
    },
    async stop() {
      await end(server, 'SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Makes the data of an empty database there, as its first start would: but that takes seconds of computing, a copy does not. */
export async function givePgliteData(home: string): Promise<void> {
  cpSync(await emptyData(), path.join(home, 'postgres'), { recursive: true });
}

const packaged = z.object({ version: z.string() });

/** Made once for a version of PGlite, whichever suite asks first. */
async function emptyData(): Promise<string> {
  const { version } = packaged.parse(JSON.parse(readFileSync(path.join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8')));
  const directory = path.join(kept, `pglite-${version}`);
  if (existsSync(directory)) return directory;
  const draft = `${directory}.${randomUUID()}`;
  await end(await startEmbeddedPostgres(draft), 'SIGTERM');
  try {
    renameSync(path.join(draft, 'postgres'), directory);
  } catch (error) {
    // Another suite was first.
    if (!existsSync(directory)) throw error;
  }
  rmSync(draft, { recursive: true });
  return directory;
}

async function end({ child }: EmbeddedPostgres, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill(signal);
  });
}
