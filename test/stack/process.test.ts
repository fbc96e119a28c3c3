// Locks and process names: what happens when the holder is alive, gone by kill -9, or another process with the same pid.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endProcess, isAlive, nameOf, type ProcessName, takeLock } from '../../src/stack/process.ts';

let folder: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-lock-'));
  file = path.join(folder, 'lock');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function sleeper(script = 'sleep 60'): { child: ChildProcess; name: ProcessName } {
  const child = spawn('/bin/sh', ['-c', script], { stdio: 'ignore' });
  children.push(child);
  const name = child.pid === undefined ? null : nameOf(child.pid);
  if (name === null) throw new Error('The other process did not start.');
  return { child, name };
}

const gone = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve));
const take = (waitMs = 0): Promise<() => void> => takeLock(file, { what: 'The thing', waitMs });

test('a free lock is taken and released without a trace', async () => {
  const release = await take();
  expect(existsSync(file)).toBe(true);
  release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock that a living process holds is refused with its pid', async () => {
  const { name } = sleeper();
  writeFileSync(file, JSON.stringify(name));
  await expect(take()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: `The thing is in use by process ${name.pid}.` });
  expect(readdirSync(folder)).toEqual(['lock']);
});

test.each([
  [
    'of a process that was killed',
    async (): Promise<string> => {
      const { child, name } = sleeper();
      child.kill('SIGKILL');
      await gone(child);
      return JSON.stringify(name);
    },
  ],
  ['of another process that had the same pid', async () => JSON.stringify({ ...sleeper().name, started: 'another time' })],
  ['that holds nothing readable', async () => '{'],
])('a lock %s is taken over', async (_what, content) => {
  writeFileSync(file, await content());
  const release = await take();
  release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock whose holder is just ending is waited for', async () => {
  const { name } = sleeper('sleep 0.3');
  writeFileSync(file, JSON.stringify(name));
  const release = await take(10_000);
  release();
});

test('of many that take it at once one at a time has it', async () => {
  let inside = 0;
  let most = 0;
  // In one process all have the same name, so the lock file is what keeps them apart.
  const one = async (): Promise<void> => {
    const release = await take(20_000);
    most = Math.max(most, (inside += 1));
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    release();
  };
  await Promise.all(Array.from({ length: 8 }, one));
  expect(most).toBe(1);
});

test('a process is ended by SIGTERM, and by SIGKILL when it does not listen', async () => {
  const polite = sleeper();
  await endProcess(polite.name, 5_000);
  expect(isAlive(polite.name)).toBe(false);
  const deaf = sleeper(`trap '' TERM; while :; do sleep 0.05; done`);
  await endProcess(deaf.name, 200);
  expect(isAlive(deaf.name)).toBe(false);
  // Again: nothing to do.
  await endProcess(deaf.name, 200);
});
