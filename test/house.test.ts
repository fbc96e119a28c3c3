// The checks of `npm run check`, each as a test, so that one command says whether all is well.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules', '.bin');

test.each([
  ['types', 'tsc', ['--noEmit']],
  ['lint', 'oxlint', ['--type-aware', '--quiet']],
  ['no unused files, exports or dependencies', 'knip', ['--no-progress']],
  ['format', 'prettier', ['--check', '.']],
])(
  'the sources pass: %s',
  (_name, command, args) => {
    const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`, NO_COLOR: '1' };
    const done = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' });
    const said = done.status === 0 ? '' : `${done.stdout}${done.stderr}`.slice(0, 20_000);
    expect({ status: done.status, said }).toEqual({ status: 0, said: '' });
  },
  120_000,
);
