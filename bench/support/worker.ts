// A worker as a process of its own, and what Linux knows of it: the most memory it held, and what it wrote to its sockets.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { startWorkerProcess } from '../../src/stack/workerProcess.ts';

export interface Worker {
  /** The highest resident memory so far, in bytes, from the start of the process. */
  peakBytes(): number;
  /** What it holds now. */
  residentBytes(): number;
  /** The processor time that it took so far, in milliseconds. */
  cpuMs(): number;
  /** Everything it has written so far, in bytes: to the database, Temporal and the source. */
  writtenBytes(): number;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Drains it. */
  stop(): Promise<void>;
}

/** Starts a worker and waits until it serves. `env` names its database, Temporal and secrets. */
export async function startWorker(home: string, env: Readonly<Record<string, string>>): Promise<Worker> {
  const child = await startWorkerProcess(home, { TIDEMARK_LOG: 'warn', ...env });
  return {
    peakBytes: () => 1024 * numberAt(child, 'status', /^VmHWM:\s+(\d+) kB$/m),
    residentBytes: () => 1024 * numberAt(child, 'status', /^VmRSS:\s+(\d+) kB$/m),
    // In hundredths of a second, its own and the kernel's for it; the name before them ends at the last bracket.
    cpuMs: () => 10 * (numberAt(child, 'stat', /\) \S(?: \S+){10} (\d+)/) + numberAt(child, 'stat', /\) \S(?: \S+){11} (\d+)/)),
    writtenBytes: () => numberAt(child, 'io', /^wchar: (\d+)$/m),
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
}

function numberAt(child: ChildProcess, file: string, pattern: RegExp): number {
  const found = pattern.exec(readFileSync(`/proc/${child.pid}/${file}`, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`/proc/PID/${file} has no ${pattern.source}: the memory of a process is read on Linux only.`);
  return Number(found);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
