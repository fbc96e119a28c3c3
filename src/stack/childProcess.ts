// Starts processes of our own code: the same Node, the TypeScript source in a checkout or the JavaScript of an installed package.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import path from 'node:path';
import { environmentWith } from '../config.ts';
import { TidemarkError } from '../errors.ts';

export interface OwnProcess {
  /** Relative to src, without extension, e.g. `stack/pgliteServer`. */
  readonly module: string;
  readonly args: readonly string[];
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Set besides this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where stdout and stderr are appended. */
  readonly logFile: string;
}

/**
 * In a process group of its own, so that Ctrl-C reaches only this process, which ends the others in order. The channel tells the child
 * when this process is gone, however it ended.
 */
export function startOwn(of: OwnProcess): ChildProcess {
  const log = openSync(of.logFile, 'a', 0o600);
  try {
    return spawn(process.execPath, [...(of.nodeFlags ?? []), modulePath(of.module), ...of.args], {
      detached: true,
      env: environmentWith(of.env),
      stdio: ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

/** Waits for the child's message `ready`. @throws STORE_UNAVAILABLE or the given code when it ended or the time is up. */
export function whenReady(
  child: ChildProcess,
  of: { readonly what: string; readonly logFile: string; readonly timeoutMs: number },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new TidemarkError('INTERNAL', `${of.what} ${why}.`, { hint: `Its log is ${of.logFile}.` }));
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready after ${of.timeoutMs / 1000} s`);
    }, of.timeoutMs);
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended before it was ready (${signal ?? `exit ${code}`})`));
    child.once('message', (message) => {
      clearTimeout(timer);
      child.removeAllListeners('exit').removeAllListeners('error');
      resolve(message);
    });
  });
}

const modulePath = (module: string): string => path.join(import.meta.dirname, '..', `${module}${path.extname(import.meta.filename)}`);
