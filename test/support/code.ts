// The code that suites start as processes: a copy of the sources with the workflows bundled beside the worker, where an installed package has them.
// Made once for what the sources are now, whichever suite asks first: bundling takes seconds, and what Node compiled of the copy is kept as well.
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = path.join(import.meta.dirname, '../..');
/** What tests make once and keep. Outside node_modules: Node strips no types there. */
export const kept = path.join(root, '.cache');
const folders = ['src', 'simulator'];
const copies = 3;

/** For processes of Node that tests start: where it keeps what it compiled; and links need not be followed file by file, there is one to node_modules. */
export const nodeEnvironment = {
  NODE_COMPILE_CACHE: path.join(kept, 'compiled'),
  NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main',
} as const;

let prepared: Promise<string> | null = null;

/** The directory of the copy; `src/workflows.bundle.js` is in it. It stays, and nobody may change it. */
export function preparedCode(): Promise<string> {
  prepared ??= prepare();
  return prepared;
}

/** The file of its workflows. */
export async function preparedBundle(): Promise<string> {
  return path.join(await preparedCode(), 'src/workflows.bundle.js');
}

/** The command line of the copy. */
export async function preparedMain(): Promise<string> {
  return path.join(await preparedCode(), 'src/cli/main.ts');
}

async function prepare(): Promise<string> {
  const directory = path.join(kept, `code-${contentHash()}`);
  if (!existsSync(directory)) {
    const draft = `${directory}.${randomUUID()}`;
    await copyCode(draft);
    try {
      renameSync(draft, directory);
    } catch (error) {
      // Another suite was first.
      rmSync(draft, { recursive: true });
      if (!existsSync(directory)) throw error;
    }
    dropOld();
  }
  utimesSync(directory, new Date(), new Date());
  return directory;
}

export interface OtherBuild {
  /** The code of the workflows, instead of the sources'. */
  readonly bundle?: string;
}

/** A copy of the sources, with their workflows bundled. */
export async function copyCode(directory: string, { bundle }: OtherBuild = {}): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const folder of folders) cpSync(path.join(root, folder), path.join(directory, folder), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(directory, 'package.json'));
  symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  const code = bundle ?? (await bundled(directory));
  writeFileSync(path.join(directory, 'src/workflows.bundle.js'), code);
}

/** By a process of its own: suites that never bundle do not load the bundler. */
async function bundled(directory: string): Promise<string> {
  const script = path.join(directory, 'src/stack/workflowBundle.ts');
  return (await promisify(execFile)(process.execPath, [script], { maxBuffer: 64 * 1024 * 1024 })).stdout;
}

/** Of every file that is copied, and of what they run on. */
function contentHash(): string {
  const hash = createHash('sha256');
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  for (const file of [...files.sort(), path.join(root, 'package.json'), path.join(root, 'package-lock.json')]) {
    hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** Copies of sources that are no more. The newest stay: another run of the tests may be using them. */
function dropOld(): void {
  const old = readdirSync(kept, { withFileTypes: true })
    .filter(({ name }) => /^code-[0-9a-f]{16}$/.test(name))
    .map(({ name }) => ({ name, usedMs: statSync(path.join(kept, name)).mtimeMs }))
    .sort((one, other) => other.usedMs - one.usedMs)
    .slice(copies);
  for (const { name } of old) rmSync(path.join(kept, name), { recursive: true, force: true });
}
