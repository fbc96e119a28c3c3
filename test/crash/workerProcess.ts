// The worker as a process of its own, which tests kill, stop and drain. It runs the sources, with the workflows bundled once.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { workflowSources } from '../../src/stack/workflowBundle.ts';

const root = path.join(import.meta.dirname, '../..');

export interface WorkerCode {
  readonly directory: string;
  remove(): void;
}

export interface OtherBuild {
  /** Changes the copy of the sources. */
  readonly change?: (directory: string) => void;
  /** The code of the workflows, instead of the sources'. */
  readonly bundle?: string;
}

/** A copy of the sources with the bundle beside the worker, where an installed package has it: a start takes half the time. */
export async function prepareWorkerCode({ change, bundle }: OtherBuild = {}): Promise<WorkerCode> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-worker-'));
  cpSync(path.join(root, 'src'), path.join(directory, 'src'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(directory, 'package.json'));
  symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  change?.(directory);
  const sources = workflowSources(path.join(directory, 'src/workflows'));
  const code = bundle ?? (await bundleWorkflowCode({ ...sources, logger: new DefaultLogger('ERROR') })).code;
  writeFileSync(path.join(directory, 'src/workflows.bundle.js'), code);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerProcess {
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
    env: { PATH: process.env['PATH'], HOME: os.homedir(), ...of.env },
    stdio: ['ignore', out, out, 'ipc'],
  });
  closeSync(out);
  const ended = new Promise<WorkerEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve({ code: exitCode, signal }));
  });
  return { ended, send: (signal) => void child.kill(signal), log: () => readFileSync(of.logFile, 'utf8') };
}
