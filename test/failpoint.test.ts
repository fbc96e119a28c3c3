// Failpoints: what can be armed, which pass it hits, and what happens then.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TidemarkError } from '../src/errors.ts';
import { armFailpoint, failpoint, failpointNames, parseFailpoint } from '../src/failpoint.ts';

afterEach(() => armFailpoint(null));

test('there are at least 25, each once', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(25);
  expect(new Set(failpointNames).size).toBe(failpointNames.length);
});

test.each([
  ['page.afterCommit', { name: 'page.afterCommit', nth: 1, effect: 'kill' }],
  ['page.afterCommit:3', { name: 'page.afterCommit', nth: 3, effect: 'kill' }],
  ['page.afterCommit:3:lost', { name: 'page.afterCommit', nth: 3, effect: 'lost' }],
  ['nowhere', null],
  ['page.afterCommit:0', null],
  ['page.afterCommit:x', null],
  ['page.afterCommit:1:gone', null],
  ['page.afterCommit:1:lost:more', null],
  ['', null],
])('%s means %j', (text, spec) => {
  expect(parseFailpoint(text)).toEqual(spec);
});

test('a lost answer is STORE_UNAVAILABLE, at the armed pass of that name only', () => {
  armFailpoint({ name: 'page.afterCommit', nth: 2, effect: 'lost' });
  failpoint('page.beforeCommit');
  failpoint('page.afterCommit');
  expect(() => failpoint('page.afterCommit')).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) as TidemarkError);
  failpoint('page.afterCommit');
});

test('an armed process is killed at the armed pass', () => {
  const module = pathToFileURL(path.join(import.meta.dirname, '../src/failpoint.ts')).href;
  const program = `const { armFailpoint, failpoint } = await import('${module}');
    armFailpoint({ name: 'finish.before', nth: 2, effect: 'kill' });
    failpoint('finish.before'); console.log('once'); failpoint('finish.before'); console.log('twice');`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(done.stdout).toBe('once\n');
  expect(done.signal).toBe('SIGKILL');
});
