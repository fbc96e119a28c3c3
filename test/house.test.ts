// The checks of `npm run check` as tests, so that one command says whether all is well. The linter needs the types and checks them on the way.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules', '.bin');

test.each([
  ['types and lint', 'oxlint', ['--type-aware', '--type-check', '--quiet', '--threads=1']],
  ['no unused files, exports or dependencies', 'knip', ['--no-progress']],
  ['format', 'oxfmt', ['--check']],
])(
  'the sources pass: %s',
  (_name, command, args) => {
    // The checkers of types in Go share nothing: on one processor there is one of them, and less is checked twice.
    const env = { ...process.env, GOMAXPROCS: '1', PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`, NO_COLOR: '1' };
    const done = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' });
    const said = done.status === 0 ? '' : `${done.stdout}${done.stderr}`.slice(0, 20_000);
    expect({ status: done.status, said }).toEqual({ status: 0, said: '' });
  },
  120_000,
);
