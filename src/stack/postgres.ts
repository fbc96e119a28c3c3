// The embedded PostgreSQL as a process of its own: where its data and its socket are, how it is started and ended.
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TidemarkError } from '../errors.ts';
import { startOwn, whenReady } from './childProcess.ts';

/** What sockaddr_un holds, without the closing zero; macOS has 103. */
const longestSocketPath = 103;
const socketName = '.s.PGSQL.5432';
const startTimeoutMs = 60_000;

export interface EmbeddedPostgres {
  readonly url: string;
  readonly child: ChildProcess;
}

/**
 * Starts PGlite on `HOME/postgres`. Commits survive kill -9. A second process on the same data is refused, by name of the first.
 * @throws INTERNAL with the log's path when it does not get ready.
 */
export async function startEmbeddedPostgres(home: string): Promise<EmbeddedPostgres> {
  const socketDir = socketDirectory(home);
  const logFile = path.join(home, 'postgres.log');
  const child = startOwn({
    module: 'stack/pgliteServer',
    args: [path.join(home, 'postgres'), path.join(socketDir, socketName)],
    env: {},
    logFile,
  });
  await whenReady(child, { what: 'The embedded PostgreSQL', logFile, timeoutMs: startTimeoutMs });
  return { url: embeddedUrl(socketDir), child };
}

/** There is no password: whoever may enter the directory (mode 0700) may connect. */
const embeddedUrl = (socketDir: string): string => `postgresql://postgres@/postgres?host=${encodeURIComponent(socketDir)}`;

/**
 * The directory of the Unix socket, made with mode 0700: `HOME/run`, or one named by the home's hash under the system's temporary
 * directory when that path is too long for a socket.
 * @throws CONFIG_INVALID when somebody else owns that directory.
 */
export function socketDirectory(home: string): string {
  const near = path.join(home, 'run');
  const short = path.join(os.tmpdir(), `tidemark-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`);
  const directory = path.join(near, socketName).length <= longestSocketPath ? near : short;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new TidemarkError('CONFIG_INVALID', `${directory} is not a directory of this user.`, {
      hint: 'Remove it, or set TIDEMARK_HOME to a shorter path.',
    });
  }
  chmodSync(directory, 0o700);
  return directory;
}
