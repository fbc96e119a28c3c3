// The worker as a process: it waits for what is away, serves when all is there, drains on SIGTERM, and ends at once when no waiting helps.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../src/stack/ports.ts';
import { nodeEnvironment, preparedCode } from './support/code.ts';
import { startPglite, type TestPglite } from './support/pglite.ts';
import { startTemporal, type TestTemporal } from './support/temporal.ts';
import { eventually } from './support/waiting.ts';

interface Running {
  readonly child: ChildProcess;
  log(): string;
  readonly ended: Promise<number | null>;
}

const running: Running[] = [];
let temporal: TestTemporal;
let postgres: TestPglite;
let code: string;
beforeAll(async () => {
  [temporal, postgres, code] = await Promise.all([startTemporal(), startPglite(), preparedCode()]);
}, 120_000);
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(() => Promise.all([temporal.stop(), postgres.stop()]));

function worker(env: Record<string, string>, args: readonly string[] = []): Running {
  const child = spawn(process.execPath, [path.join(code, 'src/worker.ts'), ...args], {
    cwd: os.tmpdir(),
    env: {
      PATH: process.env['PATH'],
      HOME: os.homedir(),
      ...nodeEnvironment,
      TIDEMARK_HOME: path.join(os.tmpdir(), 'tidemark-no-such-home'),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const started = { child, log: () => said, ended: new Promise<number | null>((resolve) => child.once('exit', resolve)) };
  running.push(started);
  return started;
}

const says = (of: Running, text: string): Promise<true> =>
  eventually(`the worker says "${text}"`, 60_000, () => of.log().includes(text) || null);

test('it waits for the database and for Temporal, serves when they are back, and drains on SIGTERM', async () => {
  await postgres.kill();
  temporal.kill();
  const it = worker({ TEMPORAL_ADDRESS: temporal.address, TIDEMARK_DATABASE_URL: postgres.url });
  await says(it, 'The database does not answer; waiting for it.');
  await postgres.restart();
  await says(it, 'The database answers.');
  await says(it, `Temporal at ${temporal.address} does not answer; waiting for it.`);
  await temporal.restart();
  await says(it, 'The worker serves.');
  it.child.kill('SIGTERM');
  expect(await it.ended).toBe(0);
  expect(it.log()).toContain('The worker has ended.');
}, 180_000);

test('told to end while it waits, it ends', async () => {
  const it = worker({
    TEMPORAL_ADDRESS: temporal.address,
    TIDEMARK_DATABASE_URL: `postgresql://postgres@127.0.0.1:${await freePort()}/none`,
  });
  await says(it, 'The database does not answer');
  it.child.kill('SIGTERM');
  expect(await it.ended).toBe(0);
}, 90_000);

test.each([
  ['no database is named', {}, [], 'TIDEMARK_DATABASE_URL'],
  ['a variable is wrong', { TIDEMARK_LOG: 'loud' }, [], 'TIDEMARK_LOG'],
  ['the queue is unknown', { TIDEMARK_DATABASE_URL: 'postgresql:///x' }, ['--only', 'everything'], '--only'],
])(
  'when %s it ends with 2 and says which',
  async (_what, env, args, named) => {
    const it = worker(env, args);
    expect(await it.ended).toBe(2);
    expect(it.log()).toContain(named);
  },
  60_000,
);

test('a port for metrics that another process has ends it with 2, named', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const it = worker({ TIDEMARK_DATABASE_URL: 'postgresql:///x', TIDEMARK_METRICS: `127.0.0.1:${port}` });
    expect(await it.ended).toBe(2);
    expect(it.log()).toContain(`TIDEMARK_METRICS: 127.0.0.1:${port} cannot be listened on.`);
  } finally {
    other.close();
  }
}, 60_000);
