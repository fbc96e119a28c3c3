// A supervised process: started again when it dies, also when a start fails, and not once it was told to end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createLogger } from '../../src/log.ts';
import { supervise } from '../../src/stack/supervise.ts';

const lines: string[] = [];
const logger = createLogger('info', { write: (line) => lines.push(line) });
beforeEach(() => void lines.splice(0));

const sleeper = (): ChildProcess => spawn('sleep', ['60'], { stdio: 'ignore' });

async function until(what: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !what();) {
    if (Date.now() > deadline) throw new Error('It did not come to that in time.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a process that was killed is started again, whatever the first try says', async () => {
  const started: ChildProcess[] = [];
  let tries = 0;
  const supervised = await supervise({
    what: 'The sleeper',
    logger,
    start: () => {
      tries += 1;
      if (tries === 2) return Promise.reject(new Error('not yet'));
      const child = sleeper();
      started.push(child);
      return Promise.resolve(child);
    },
  });
  const first = supervised.pid();
  started[0]?.kill('SIGKILL');
  await until(() => started.length === 2);
  expect(supervised.pid()).not.toBe(first);
  expect(lines.join('')).toContain('The sleeper ended (SIGKILL); starting it again.');
  expect(lines.join('')).toContain('The sleeper did not start.');

  await supervised.stop(10_000);
  expect(started[1]?.signalCode).toBe('SIGTERM');
  expect(tries).toBe(3);
});

test('one that does not listen is killed after its grace', async () => {
  const child = spawn('/bin/sh', ['-c', `trap '' TERM; echo deaf; while :; do sleep 0.05; done`], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const supervised = await supervise({ what: 'The deaf one', logger, start: () => Promise.resolve(child) });
  await supervised.stop(200);
  expect(child.signalCode).toBe('SIGKILL');
});

test('the failure of the first start is the caller’s', async () => {
  const failing = supervise({ what: 'The thing', logger, start: () => Promise.reject(new Error('never')) });
  await expect(failing).rejects.toThrow('never');
});
