// The package as users install it: packed, installed into an empty folder, and the whole demo run from there, on compiled code.
// With TIDEMARK_TEST_PACKAGE=npm it is npm that installs it, and the demo makes its database from nothing; otherwise what is here already is used.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { givePgliteData } from './support/pglite.ts';

const root = path.join(import.meta.dirname, '..');
const byNpm = process.env['TIDEMARK_TEST_PACKAGE'] === 'npm';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-package-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @returns what it wrote on stdout. */
function succeed(...call: Parameters<typeof run>): string {
  const { status, stdout, stderr } = run(...call);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function install(tarball: string): void {
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', tarball], folder);
}

/** What installing does: the tarball unpacked, and beside it what it says it depends on, and nothing else. */
function place(tarball: string): void {
  const modules = path.join(folder, 'node_modules');
  const tidemark = path.join(modules, 'tidemark');
  mkdirSync(tidemark, { recursive: true });
  succeed('tar', ['-xzf', tarball, '--strip-components=1', '-C', tidemark], folder);
  const manifest = z.object({ dependencies: z.record(z.string(), z.string()), bin: z.object({ tidemark: z.string() }) });
  const { dependencies, bin } = manifest.parse(JSON.parse(readFileSync(path.join(tidemark, 'package.json'), 'utf8')));
  const links = Object.keys(dependencies).map((name) => [name, path.join(root, 'node_modules', name)] as const);
  for (const [name, target] of [...links, ['.bin/tidemark', path.join(tidemark, bin.tidemark)] as const]) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(target, path.join(modules, name));
  }
}

test('the packed tarball installs into an empty folder and runs the demo there', async () => {
  succeed('npm', ['pack', '--silent', '--pack-destination', folder], root);
  const [tarball = ''] = readdirSync(folder);
  expect(tarball).toMatch(/^tidemark-.*\.tgz$/);

  (byNpm ? install : place)(path.join(folder, tarball));
  expect(existsSync(path.join(folder, 'node_modules', 'tidemark', 'src'))).toBe(false);

  const home = path.join(folder, '.tidemark');
  mkdirSync(home);
  // The binary that the other suites use, so that nothing is fetched twice.
  symlinkSync(path.join(root, 'node_modules', '.cache', 'tidemark'), path.join(home, 'bin'));
  if (!byNpm) await givePgliteData(home);
  const tidemark = path.join(folder, 'node_modules', '.bin', 'tidemark');
  const said = succeed(tidemark, ['demo', '--once', '--size', '40', '--json'], folder, { TIDEMARK_HOME: home });
  expect(JSON.parse(said)).toMatchObject({
    runs: ['full', 'delta'].flatMap((mode) => [
      ...['demo', 'demo-directory', 'demo-devices', 'demo-export'].map((connection) => ({ connection, mode, verdict: 'complete' })),
      // Defender for Cloud tells no changes: each of its runs is full.
      { connection: 'demo-defender', mode: 'full', verdict: 'complete' },
    ]),
    assets: [
      ...['group', 'role', 'user'].map((name) => ({ connection: 'demo', class: name, count: expect.any(Number) })),
      ...['directory-user', 'user-group'].map((name) => ({ connection: 'demo-directory', class: name, count: expect.any(Number) })),
      { connection: 'demo-devices', class: 'host', count: expect.any(Number) },
      ...['container-image', 'container-instance', 'host', 'serverless'].map((name) => ({
        connection: 'demo-defender',
        class: name,
        count: expect.any(Number),
      })),
    ],
  });
}, 360_000);
