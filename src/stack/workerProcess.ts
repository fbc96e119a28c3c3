// The worker as a process of its own: its log, and how much memory its garbage may take.
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { startOwn, whenReady } from './childProcess.ts';

const startTimeoutMs = 60_000;

/**
 * Left alone, V8 lets garbage grow with the machine's memory. These keep a worker below 400 MB at hardly any cost of time, and leave room for a
 * page of the largest size. Nor does the memory of native code then grow with its threads. The Dockerfile has the same.
 */
const nodeFlags = ['--max-semi-space-size=16', '--max-old-space-size=1024'];
const allocator = { MALLOC_ARENA_MAX: '2' };

/** Resolves when it serves; its log is HOME/worker.log. @throws INTERNAL naming the log when it does not get ready. */
export async function startWorkerProcess(home: string, env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const logFile = path.join(home, 'worker.log');
  const child = startOwn({ module: 'worker', args: [], nodeFlags, env: { TIDEMARK_HOME: home, ...allocator, ...env }, logFile });
  await whenReady(child, { what: 'The worker', logFile, timeoutMs: startTimeoutMs });
  return child;
}
