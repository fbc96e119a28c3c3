// The worker as a process of its own, which tests kill, stop and drain. It runs the sources, with the workflows bundled once.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { nodeEnvironment, copyCode, type OtherBuild, preparedCode } from '../support/code.ts';

export interface WorkerCode {
  readonly directory: string;
  remove(): void;
}

/** The code that all suites share; or a copy of its own, for another build. */
export async function prepareWorkerCode(other?: OtherBuild): Promise<WorkerCode> {
  if (other === undefined) return { directory: await preparedCode(), remove: () => undefined };
  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-worker-'));
  await copyCode(directory, other);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerProcess {
  /** By which Temporal knows it. */
  readonly identity: string;
  /** Resolves when it serves, and can be told to drain. */
  readonly serves: Promise<void>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<WorkerEnd>;
  send(signal: NodeJS.Signals): void;
  /** What it wrote so far: JSON lines. */
  log(): string;
}

/** Starts a worker. It sees nothing of this process's environment but where programs are; when this process ends, so does it. */
export function startWorkerProcess(
  code: WorkerCode,
  of: { readonly env: Readonly<Record<string, string>>; readonly logFile: string },
): WorkerProcess {
  const out = openSync(of.logFile, 'a', 0o600);
  const child: ChildProcess = spawn(process.execPath, [path.join(code.directory, 'src/worker.ts')], {
    cwd: code.directory,
    env: { PATH: process.env['PATH'], HOME: os.homedir(), ...nodeEnvironment, ...of.env },
    stdio: ['ignore', out, out, 'ipc'],
  });
  closeSync(out);
  const serves = new Promise<void>((resolve) => child.once('message', () => resolve()));
  const ended = new Promise<WorkerEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve({ code: exitCode, signal }));
  });
  const identity = `${child.pid}@${os.hostname()}`;
  return { identity, serves, ended, send: (signal) => void child.kill(signal), log: () => readFileSync(of.logFile, 'utf8') };
}
