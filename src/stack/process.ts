// Processes that outlive a command: who they are (a pid alone is reused), locks they hold on a directory, and how they are ended.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';

/** A process named so that another one with the same pid is not taken for it. */
const processSchema = z.object({ pid: z.int().positive(), started: z.string() });
export type ProcessName = z.infer<typeof processSchema>;

/** When the process with this pid was started, in the system's own words, or null when there is none. */
function startedAt(pid: number): string | null {
  try {
    // The 22nd field; the second one is a name in brackets that may hold blanks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    if (process.platform === 'linux') return null;
  }
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
    );
  } catch {
    return null;
  }
}

export function nameOf(pid: number): ProcessName | null {
  const started = startedAt(pid);
  return started === null ? null : { pid, started };
}

export const isAlive = (name: ProcessName): boolean => startedAt(name.pid) === name.started;

/** Reads a process's name from a file; null when the file is missing or holds something else. */
export function readProcessFile(file: string): ProcessName | null {
  try {
    return processSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Takes the lock file for this process, waiting for a holder that is just ending. A lock whose holder is gone (kill -9) is taken over.
 * MUST be held before a directory is opened that two processes would destroy. Released with the returned function, or by ending.
 * @throws CONFIG_INVALID naming the holder's pid after `waitMs`.
 */
export async function takeLock(file: string, of: { readonly what: string; readonly waitMs: number }): Promise<() => void> {
  const mine = `${file}.${process.pid}`;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const deadline = Date.now() + of.waitMs;
  const text = JSON.stringify(nameOf(process.pid));
  for (;;) {
    writeFileSync(mine, text, { mode: 0o600 });
    try {
      // A link is made or refused in one step, and the file has its content from the start.
      linkSync(mine, file);
      return () => releaseLock(file, text);
    } catch (error) {
      if (!isTaken(error)) throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    const holder = readProcessFile(file);
    if (holder === null || !isAlive(holder)) {
      dropStaleLock(file);
    } else if (Date.now() > deadline) {
      throw new TidemarkError('CONFIG_INVALID', `${of.what} is in use by process ${holder.pid}.`, {
        hint: `Stop that process first, or use another TIDEMARK_HOME.`,
      });
    } else {
      await sleep(50);
    }
  }
}

const isTaken = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';

function releaseLock(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) rmSync(file, { force: true });
  } catch {
    // Already gone.
  }
}

/** Two processes may find the same stale lock: what was moved away is put back when it turns out to be a fresh one. */
function dropStaleLock(file: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const holder = readProcessFile(aside);
  try {
    if (holder !== null && isAlive(holder)) linkSync(aside, file);
  } catch {
    // A third process was quicker; the one put aside finds out when it opens the directory's lock again.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Asks a process to end, and kills it when it has not after `graceMs`. Does nothing when it is gone. */
export async function endProcess(name: ProcessName, graceMs: number): Promise<void> {
  const deadline = Date.now() + graceMs;
  for (let signal: NodeJS.Signals | null = 'SIGTERM'; isAlive(name);) {
    if (signal !== null) send(name.pid, signal);
    signal = null;
    await sleep(20);
    if (Date.now() > deadline && isAlive(name)) {
      send(name.pid, 'SIGKILL');
      await sleep(50);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone since it was looked at.
  }
}
