// The package as users install it: packed, installed into an empty folder, and the whole demo run from there, on compiled code.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-package-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

test('the packed tarball installs into an empty folder and runs the demo there', () => {
  const packed = run('npm', ['pack', '--silent', '--pack-destination', folder], root);
  expect({ status: packed.status, stderr: packed.status === 0 ? '' : packed.stderr }).toEqual({ status: 0, stderr: '' });
  const [tarball = ''] = readdirSync(folder);
  expect(tarball).toMatch(/^tidemark-.*\.tgz$/);

  writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  const installed = run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', path.join(folder, tarball)],
    folder,
  );
  expect({ status: installed.status, stderr: installed.status === 0 ? '' : installed.stderr }).toEqual({ status: 0, stderr: '' });
  expect(existsSync(path.join(folder, 'node_modules', 'tidemark', 'src'))).toBe(false);

  const home = path.join(folder, '.tidemark');
  mkdirSync(home);
  // The binary that the other suites use, so that nothing is fetched twice.
  symlinkSync(path.join(root, 'node_modules', '.cache', 'tidemark'), path.join(home, 'bin'));
  const demo = run('npx', ['--no-install', 'tidemark', 'demo', '--once', '--size', '40', '--json'], folder, { TIDEMARK_HOME: home });
  expect({ status: demo.status, stderr: demo.status === 0 ? '' : demo.stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(demo.stdout)).toMatchObject({
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
