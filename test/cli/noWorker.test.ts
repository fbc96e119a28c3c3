// A stack without a worker: what needs none works, what needs one says since when there is none, and exits 3 without having asked for anything.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type CliStack, startCliStack } from './stack.ts';

let stack: CliStack;
beforeAll(async () => {
  stack = await startCliStack({ shared: 'all', worker: false });
  await stack.call(['apply', '--skip-test', '-f', stack.write('waiting')]);
}, 120_000);
afterAll(() => stack?.stop(), 60_000);

test('status shows what the database knows, and exits 3', async () => {
  for (const words of [['status'], ['status', 'waiting']]) {
    const ended = await stack.call([...words, '--json']);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain('"waiting"');
    expect(JSON.parse(ended.stderr)).toMatchObject({
      error: { code: 'ORCHESTRATOR_UNAVAILABLE', message: expect.stringMatching(/no worker since .*\d{4}-/) },
    });
  }
});

test.each([
  [['run', 'waiting', '--wait']],
  [['test', 'waiting']],
  [['pause', 'waiting']],
  [['resume', 'waiting']],
  [['cancel', 'waiting:1']],
])('%j exits 3 with the fix', async (words) => {
  const ended = await stack.call(words);
  expect(ended.code).toBe(3);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).toMatch(/no worker since/);
  expect(ended.stderr).toContain('tidemark worker');
});

test('doctor names the missing worker and exits 3', async () => {
  const ended = await stack.call(['doctor']);
  expect(ended.code).toBe(3);
  expect(ended.stdout).toMatch(/^workers +not ok/m);
  expect(ended.stderr).toMatch(/no worker since/);
});

test('apply exits 3 where it would have to test, names --skip-test, and changes nothing', async () => {
  const changed = stack.write('waiting', { title: 'Another' });
  writeFileSync(path.join(stack.directory, 'tag.yaml'), 'kind: tag\nname: pilot\nquery: class:host\ncriticality: 2\n');
  const ended = await stack.call(['apply', '-f', 'tag.yaml', stack.write('untested'), changed, '--json']);
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 3, stdout: '' });
  expect(ended.stderr).toMatch(/no worker since/);
  expect(JSON.parse(ended.stderr)).toMatchObject({ error: { hint: expect.stringContaining('--skip-test') } });
  expect((await stack.call(['get', 'untested'])).code).toBe(2);
  expect((await stack.call(['tags', 'list', '--json'])).stdout).toBe('[]\n');
  expect((await stack.call(['get', 'waiting', '--json'])).stdout).toContain('"title": "waiting"');
  stack.write('waiting');
});

test('what no profile pulls is applied without a test', async () => {
  const profiles = 'profiles: [{ name: spare, status: inactive }]\n';
  expect((await stack.call(['apply', '-f', stack.write('idle', { profiles })])).code).toBe(0);
});

test('apply of what has not changed, get, runs, logs and assets need no worker', async () => {
  for (const words of [['apply', '-f', 'waiting.yaml'], ['get'], ['runs', 'waiting'], ['logs', 'waiting'], ['assets']]) {
    expect({ words, code: (await stack.call(words)).code }).toEqual({ words, code: 0 });
  }
});

test('a connection can be deleted without a worker', async () => {
  await stack.call(['apply', '--skip-test', '-f', stack.write('leaving')]);
  expect((await stack.call(['delete', 'leaving'])).code).toBe(0);
  expect((await stack.call(['get', 'leaving'])).code).toBe(2);
});
