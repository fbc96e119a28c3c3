// The worker as a process of its own: its log, and how much memory it may take.
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { startOwn, whenReady } from './childProcess.ts';

const startTimeoutMs = 60_000;

/** The Dockerfile and docs/operations.md have the same. */
export const memory = {
  /**
   * Left alone, V8 lets garbage grow with the machine's memory. These keep a worker below 400 MB at hardly any cost of time, and leave room for a page of
   * the largest size.
   */
  nodeFlags: ['--max-semi-space-size=16', '--max-old-space-size=1024'],
  /**
   * Nor does the memory of native code then grow with its threads, or with what was read. glibc gives a buffer of this size back to the system when it is
   * free, until the first such buffer raises the bound; from then on small memory between them keeps what they leave. A bound that is given stays
   * (mallopt(3), M_MMAP_THRESHOLD).
   */
  allocator: { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' },
} as const;

/** Resolves when it serves; its log is HOME/worker.log. @throws INTERNAL naming the log when it does not get ready. */
export async function startWorkerProcess(home: string, env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const logFile = path.join(home, 'worker.log');
  const { nodeFlags, allocator } = memory;
  const child = startOwn({ module: 'worker', args: [], nodeFlags, env: { TIDEMARK_HOME: home, ...allocator, ...env }, logFile });
  await whenReady(child, { what: 'The worker', logFile, timeoutMs: startTimeoutMs });
  return child;
}
