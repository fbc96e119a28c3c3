// `up` as users run it: killed and started again it goes on where it was; Ctrl-C ends all of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { openDatabase } from '../../src/store/database.ts';
import { freePort } from '../../src/stack/ports.ts';
import { isAlive, readProcessFile } from '../../src/stack/process.ts';
import { missingSearchAttributes } from '../../src/stack/searchAttributes.ts';
import { readStackFile, type StackFile } from '../../src/stack/stackFile.ts';
import { nodeEnvironment, preparedMain } from '../support/code.ts';
import { givePgliteData } from '../support/pglite.ts';

const root = path.join(import.meta.dirname, '../..');
let home: string;
let running: ChildProcess | null = null;

beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-up-'));
  await givePgliteData(home);
  const binaries = path.join(root, 'node_modules/.cache/tidemark');
  mkdirSync(binaries, { recursive: true });
  symlinkSync(binaries, path.join(home, 'bin'));
  writeFileSync(path.join(home, 'temporal.ports.json'), JSON.stringify({ port: await freePort(), uiPort: await freePort() }));
});
afterAll(async () => {
  await end('SIGINT');
  rmSync(home, { recursive: true, force: true });
});

/** Starts `up` and answers the addresses it prints. */
async function up(main?: string): Promise<StackFile> {
  const program = main ?? (await preparedMain());
  const { TEMPORAL_ADDRESS: _address, TIDEMARK_DATABASE_URL: _url, ...environment } = process.env;
  const child = spawn(process.execPath, [program, 'up', '--json'], {
    cwd: root,
    env: { ...environment, ...nodeEnvironment, TIDEMARK_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // One that is refused does not take the place of the one that runs.
  running ??= child;
  return new Promise((resolve, reject) => {
    let printed = '';
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      printed += data.toString();
      try {
        resolve(JSON.parse(printed) as StackFile);
      } catch {
        // Not whole yet.
      }
    });
    child.once('exit', (code) => reject(new Error(`up ended with ${code}: ${said}`)));
  });
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const child = running;
  running = null;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return exited;
}

test('killed and started again it goes on where it was, and Ctrl-C leaves nothing running', async () => {
  // As in a checkout, where its worker bundles the workflows; the next ones find them bundled, as in an installed package.
  const first = await up('bin/tidemark.js');
  expect(first).toEqual(readStackFile(home));
  const temporal = readProcessFile(path.join(home, 'temporal.process.json'));
  await inTemporal(first, async (client) => {
    expect(await missingSearchAttributes(client)).toEqual([]);
    await client.workflow.start('waiting', { workflowId: 'waiting', taskQueue: 'nobody', args: [] });
  });
  await inDatabase(first, ['create table item (id int)', 'insert into item values (7)']);

  await end('SIGKILL');
  const second = await up();
  expect(second).toEqual(first);
  // Temporal ran on meanwhile: it is the same process.
  expect(readProcessFile(path.join(home, 'temporal.process.json'))).toEqual(temporal);
  await inTemporal(second, async (client) => {
    expect((await client.workflow.getHandle('waiting').describe()).status.name).toBe('RUNNING');
  });
  expect(await inDatabase(second, ['select id from item'])).toEqual([{ id: 7 }]);
  expect(readFileSync(path.join(home, 'worker.log'), 'utf8').match(/The worker serves/g)).toHaveLength(2);

  const refused = up();
  await expect(refused).rejects.toThrow(/is in use by process \d+/);
}, 180_000);

test('Ctrl-C ends all of it; the next one has the data', async () => {
  const before = readStackFile(home);
  const temporal = readProcessFile(path.join(home, 'temporal.process.json'));
  expect(await end('SIGINT')).toBe(0);
  expect(temporal === null ? null : isAlive(temporal)).toBe(false);
  expect(existsSync(path.join(home, 'stack.json'))).toBe(false);

  const after = await up();
  expect(after).toEqual(before);
  expect(await inDatabase(after, ['select id from item'])).toEqual([{ id: 7 }]);
  expect(await end('SIGINT')).toBe(0);
}, 180_000);

async function inTemporal(stack: StackFile, work: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address: stack.temporalAddress });
  try {
    await work(new Client({ connection, namespace: stack.namespace }));
  } finally {
    await connection.close();
  }
}

async function inDatabase(stack: StackFile, statements: readonly string[]): Promise<unknown[]> {
  const database = openDatabase({ url: stack.databaseUrl, applicationName: 'test' });
  try {
    let rows: unknown[] = [];
    for (const statement of statements) rows = await database.query(statement);
    return rows;
  } finally {
    await database.close();
  }
}
