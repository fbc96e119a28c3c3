// A PostgreSQL server of the machine for tests, with data and port of its own; it can be killed and started again where it was.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { keptPort } from './ports.ts';

export interface TestPostgres {
  readonly url: string;
  /** SIGKILL to the server's first process, as a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const readyWithinMs = 30_000;

/** Starts the newest PostgreSQL that is installed; null when there is none. `more` are settings of its own, above those of the tests. */
export async function startPostgres(more: Readonly<Record<string, string>> = {}): Promise<TestPostgres | null> {
  const bin = binaries();
  if (bin === null) return null;
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-postgres-'));
  const data = path.join(home, 'data');
  const owner = serverUser();
  const password = randomUUID();
  const passwordFile = path.join(home, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const file of [home, passwordFile]) if (owner !== null) chownSync(file, owner.uid, owner.gid);
  const as = { cwd: home, ...owner };
  const made = spawnSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile, '--no-sync'],
    as,
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${String(made.stderr)}`);
  const port = await keptPort();
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  // What a crash of the machine would lose does not matter here; what a crash of the server loses does, and it loses nothing without fsync.
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 300,
    fsync: 'off',
    full_page_writes: 'off',
    ...more,
  };
  const start = (): ChildProcess =>
    spawn(path.join(bin, 'postgres'), ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], {
      ...as,
      stdio: 'ignore',
    });
  let server = start();
  await answering(url, () => server);
  return {
    url,
    async kill() {
      await ended(server, 'SIGKILL');
    },
    async restart() {
      // Processes of the killed server hold its shared memory for a moment; until they are gone a new one ends at once.
      server = start();
      await answering(url, () => (server.exitCode === null ? server : (server = start())));
    },
    async stop() {
      await ended(server, 'SIGINT');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The directory of `initdb` and `postgres`. */
function binaries(): string | null {
  const installed = globSync([
    '/usr/lib/postgresql/*/bin',
    '/usr/pgsql-*/bin',
    '/opt/homebrew/opt/postgresql@*/bin',
    '/usr/local/opt/postgresql@*/bin',
  ]);
  const newest = installed.sort((a, b) => versionIn(b) - versionIn(a));
  const found = [...(process.env['PATH'] ?? '').split(path.delimiter), ...newest].find((directory) =>
    ['initdb', 'postgres'].every((name) => existsSync(path.join(directory, name))),
  );
  return found ?? null;
}

const versionIn = (directory: string): number => Number(/\d+/.exec(directory)?.[0] ?? 0);

/** PostgreSQL refuses to run as root: then it runs as nobody. */
function serverUser(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [, , uid, gid] = /^nobody:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

async function answering(url: string, server: () => ChildProcess): Promise<void> {
  for (const deadline = Date.now() + readyWithinMs; ;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not answer (exit ${String(server().exitCode)}).`, { cause: error });
      server();
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function ended(server: ChildProcess, signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  await new Promise((resolve) => {
    server.once('exit', resolve);
    server.kill(signal);
  });
}
