// The embedded PostgreSQL as a process: what kill -9 leaves, who is refused, where the socket is.
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { socketDirectory, startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/stack/postgres.ts';

let folder: string;
const running: EmbeddedPostgres[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-embedded-'));
});
afterEach(async () => {
  for (const each of running.splice(0)) await end(each, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(home = folder): Promise<EmbeddedPostgres> {
  const started = await startEmbeddedPostgres(home);
  running.push(started);
  return started;
}

async function end({ child }: EmbeddedPostgres, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return exited;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('committed rows survive kill -9, and a second server on the same data is refused', async () => {
  const first = await start();
  await query(first.url, 'create table item (id int)');
  for (let id = 1; id <= 5; id += 1) await query(first.url, `insert into item values (${id})`);
  await end(first, 'SIGKILL');

  const second = await start();
  expect(await query(second.url, 'select count(*)::int as count from item')).toEqual([{ count: 5 }]);
  await expect(start()).rejects.toMatchObject({ code: 'INTERNAL', hint: `Its log is ${path.join(folder, 'postgres.log')}.` });
  // The one that was refused has changed nothing.
  expect(await query(second.url, 'select count(*)::int as count from item')).toEqual([{ count: 5 }]);
  expect(await end(second, 'SIGTERM')).toBe(0);
}, 120_000);

test('a home whose path is too long for a socket gets a short directory; both are for their owner only', () => {
  const short = socketDirectory(folder);
  expect(short).toBe(path.join(folder, 'run'));
  const deep = path.join(folder, ...Array.from({ length: 12 }, () => 'a-long-folder'));
  mkdirSync(deep, { recursive: true });
  const elsewhere = socketDirectory(deep);
  expect(elsewhere).not.toContain(deep);
  expect(elsewhere.length).toBeLessThan(90);
  expect(socketDirectory(deep)).toBe(elsewhere);
  for (const directory of [short, elsewhere]) expect(statSync(directory).mode & 0o777).toBe(0o700);
  rmSync(elsewhere, { recursive: true });
});
