// Failpoints: what can be armed, which pass it hits, and what happens then.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TidemarkError } from '../src/errors.ts';
import { armFailpoints, failpoint, failpointNames, parseFailpoints } from '../src/failpoint.ts';

afterEach(() => armFailpoints());

test('there are at least 25, each once', () => {
  expect(failpointNames.length).toBeGreaterThanOrEqual(25);
  expect(new Set(failpointNames).size).toBe(failpointNames.length);
});

test.each([
  ['page.afterCommit', [{ name: 'page.afterCommit', nth: 1, effect: 'kill' }]],
  ['page.afterCommit:3', [{ name: 'page.afterCommit', nth: 3, effect: 'kill' }]],
  ['page.afterCommit:3:lost', [{ name: 'page.afterCommit', nth: 3, effect: 'lost' }]],
  [
    'page.afterCommit:3:lost,finish.before',
    [
      { name: 'page.afterCommit', nth: 3, effect: 'lost' },
      { name: 'finish.before', nth: 1, effect: 'kill' },
    ],
  ],
  ['finish.before,', null],
  ['nowhere', null],
  ['page.afterCommit:0', null],
  ['page.afterCommit:x', null],
  ['page.afterCommit:1:gone', null],
  ['page.afterCommit:1:lost:more', null],
  ['', null],
])('%s means %j', (text, specs) => {
  expect(parseFailpoints(text)).toEqual(specs);
});

test('a lost answer is STORE_UNAVAILABLE, at the armed passes of the armed names only', () => {
  const lost = expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) as TidemarkError;
  armFailpoints(
    { name: 'page.afterCommit', nth: 2, effect: 'lost' },
    { name: 'page.afterCommit', nth: 4, effect: 'lost' },
    { name: 'finish.after', nth: 1, effect: 'lost' },
  );
  failpoint('page.beforeCommit');
  failpoint('page.afterCommit');
  expect(() => failpoint('page.afterCommit')).toThrow(lost);
  failpoint('page.afterCommit');
  expect(() => failpoint('finish.after')).toThrow(lost);
  expect(() => failpoint('page.afterCommit')).toThrow(lost);
  failpoint('page.afterCommit');
});

test('an armed process is killed at the armed pass', () => {
  const module = pathToFileURL(path.join(import.meta.dirname, '../src/failpoint.ts')).href;
  const program = `const { armFailpoints, failpoint } = await import('${module}');
    armFailpoints({ name: 'finish.before', nth: 2, effect: 'kill' });
    failpoint('finish.before'); console.log('once'); failpoint('finish.before'); console.log('twice');`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(done.stdout).toBe('once\n');
  expect(done.signal).toBe('SIGKILL');
});
