// Two at once, on a server with many backends: PGlite has one and cannot race.
import { randomUUID } from 'node:crypto';
import { getConnection, putConnection } from '../../src/store/connection.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { deleteMap, listMaps, putMap } from '../../src/store/map.ts';
import { commitPage } from '../../src/store/page.ts';
import { openRun } from '../../src/store/run.ts';
import { migrations } from '../../src/store/migrations.ts';
import { migrate } from '../../src/store/schema.ts';
import { applyRemovals, stageUnseen } from '../../src/store/settle.ts';
import { readCheckpoint } from '../../src/store/walk.ts';
import { freshDatabaseUrl } from '../support/databases.ts';
import { drive, fullRun, liveIds, newConnection, pageOf, pin } from '../support/storing.ts';
import { postgresUrl, startPostgresStore } from '../support/stores.ts';
import type { StartedStore } from '../support/stores.ts';

const request = {
  profile: 'default',
  trigger: 'manual',
  scheduledAt: null,
  highestRunSeen: 0,
  revision: 1,
  spec: {},
  streams: [pin('users')],
} as const;

(postgresUrl === undefined ? describe.skip : describe)('races on PostgreSQL', () => {
  let started: StartedStore;
  let database: Database;

  beforeAll(async () => {
    started = await startPostgresStore();
    database = started.database;
  });
  afterAll(() => started?.stop());

  test('many processes migrate an empty database at once', async () => {
    const url = await freshDatabaseUrl(postgresUrl);
    const databases = Array.from({ length: 6 }, () => openDatabase({ url, applicationName: 'test' }));
    await Promise.all(databases.map(migrate));
    expect(await databases[0]!.query('select version from schema_version')).toEqual(migrations.map(({ version }) => ({ version })));
    await Promise.all(databases.map((other) => other.close()));
  });

  test('a map that a connection takes up is not deleted, whoever comes first', async () => {
    for (let round = 0; round < 10; round += 1) {
      const map = `map-${randomUUID()}`;
      const connection = `c-${randomUUID()}`;
      await putMap(database, { name: map, definition: {} });
      const spec = { profiles: [{ maps: { users: map } }] };
      const [put, removed] = await Promise.allSettled([
        putConnection(database, { name: connection, spec, specHash: 'h', maps: [map] }),
        deleteMap(database, map),
      ]);
      const isStored = (await getConnection(database, connection)) !== null;
      const hasMap = (await listMaps(database)).some(({ name }) => name === map);
      expect({ isStored, hasMap }).toEqual(
        put.status === 'fulfilled' ? { isStored: true, hasMap: true } : { isStored: false, hasMap: false },
      );
      expect(removed).toMatchObject({ status: 'fulfilled', value: { outcome: isStored ? 'used' : 'deleted' } });
    }
  });

  test('I7: of many attempts at one page exactly one commits', async () => {
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    const pages = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        pageOf(database, run.at('users'), { walk: 1, page: 0 }, { objects: { a: { n }, [`only ${n}`]: {} } }),
      ),
    );
    const ends = await Promise.allSettled(pages.map((page) => commitPage(database, page)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await liveIds(database, connection)).toHaveLength(2);
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ page: 1, pages: 1 });
  });

  test('I7: a run opens only after the page under way, and no page commits after it opened', async () => {
    const connection = await newConnection(database);
    const old = await drive(database, { connection });
    await old.walk('users');
    let opened = false;
    const opening = await database.transaction(async (transaction) => {
      await transaction.query('select guard_fence($1, $2)', [old.run, connection]);
      const next = openRun(database, { ...request, connection, requestId: 'next' }).finally(() => {
        opened = true;
      });
      await waitingForLock(database);
      expect(opened).toBe(false);
      return { next };
    });
    await opening.next;
    await expect(old.page('users', { objects: { a: {} } })).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await liveIds(database, connection)).toEqual([]);
  });

  test('I7: a page that waits for a run being opened is refused', async () => {
    const connection = await newConnection(database);
    const old = await drive(database, { connection });
    await old.walk('users');
    const page = await pageOf(database, old.at('users'), { walk: 1, page: 0 }, { objects: { a: {} } });
    const refused = await database.transaction(async (transaction) => {
      await transaction.query('update connection set fence = fence + 1 where name = $1', [connection]);
      const end = commitPage(database, page).catch((error: unknown) => error);
      await waitingForLock(database);
      return { end };
    });
    expect(await refused.end).toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await liveIds(database, connection)).toEqual([]);
  });

  test('runs of many connections opened at once have numbers of their own; one request asked many times has one', async () => {
    const connections = await Promise.all(Array.from({ length: 6 }, () => newConnection(database)));
    const runs = await Promise.all(
      connections.flatMap((connection) => [1, 2, 3].map(() => openRun(database, { ...request, connection, requestId: 'same' }))),
    );
    expect(new Set(runs.map(({ run }) => run)).size).toBe(connections.length);
  });

  test('pages of all streams and openings elsewhere at once do not end in deadlocks', async () => {
    const connections = await Promise.all(Array.from({ length: 3 }, () => newConnection(database)));
    const ids = Array.from({ length: 40 }, (_, index) => `id ${index}`);
    await Promise.all(
      connections.map(async (connection) => {
        const run = await drive(database, { connection });
        await Promise.all(
          ['users', 'groups'].map(async (stream) => {
            await run.walk(stream);
            for (let page = 0; page < 8; page += 1) {
              const mixed = page % 2 === 0 ? ids : ids.toReversed();
              await run.page(stream, {
                objects: Object.fromEntries(mixed.map((id) => [id, { page }])),
                edges: mixed.map((id) => [id, id] as const),
              });
            }
            await run.end(stream);
            await run.settle(stream);
          }),
        );
        expect((await run.finish()).streams.map(({ read, added }) => [read, added])).toEqual([
          [40, 40],
          [40, 40],
        ]);
      }),
    );
  });

  test('a connection that dies in the middle of a batch is STORE_UNAVAILABLE, undone, and replaced', async () => {
    const own = openDatabase({ url: started.url, applicationName: 'dies', maxConnections: 1 });
    await own.query('create table if not exists dying (n int)');
    const batch = own.batch([
      { sql: 'insert into dying values (1)', params: [] },
      { sql: 'select pg_terminate_backend(pg_backend_pid())', params: [] },
      { sql: 'insert into dying values (2)', params: [] },
    ]);
    await expect(batch).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await own.query('select * from dying')).toEqual([]);
    await own.close();
  });

  test('a connection that died while idle is replaced unnoticed by the next statement or named', async () => {
    const own = openDatabase({ url: started.url, applicationName: 'idle', maxConnections: 1 });
    const [row] = await own.query<{ pid: number }>('select pg_backend_pid() as pid');
    await database.query('select pg_terminate_backend($1)', [row!.pid]);
    await until(async () => (await database.query('select from pg_stat_activity where pid = $1', [row!.pid])).length === 0);
    const answer = await own.query('select 1 as one').catch((error: unknown) => error);
    if (!Array.isArray(answer)) expect(answer).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await own.query('select 1 as one')).toEqual([{ one: 1 }]);
    await own.close();
  });

  test('a statement longer than it may take is STORE_UNAVAILABLE', async () => {
    const own = openDatabase({ url: started.url, applicationName: 'slow', statementTimeoutMs: 100 });
    await expect(own.query('select pg_sleep(20)')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { sqlstate: '57014' } });
    await own.close();
  });

  test('settle of a run that is overtaken in the middle removes no more', async () => {
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: {}, b: {}, c: {} } });
    const run = await drive(database, { connection, streams: [pin('users')] });
    await run.walk('users');
    await run.end('users');
    await stageUnseen(database, run.at('users'));
    await database.query('select apply_removals($1, $2, $3, 1)', [run.run, connection, 'users']);
    await openRun(database, { ...request, connection, requestId: randomUUID() });
    await expect(applyRemovals(database, run.at('users'))).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await liveIds(database, connection)).toHaveLength(2);
    const report = await run.finish('failed');
    expect(report.streams[0]).toMatchObject({ read: 0, swept: 1 });
    expect(report.assets.removed).toBe(1);
  });

  test('a delta costs by what changed: it scans no table and reads no more rows than it touches', async () => {
    // A database of its own: what other backends have read is counted late, whenever they are idle.
    const own = openDatabase({ url: await freshDatabaseUrl(started.url), applicationName: 'delta', maxConnections: 1 });
    await migrate(own);
    const connection = await newConnection(own);
    const objects = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`u${index}`, { index }]));
    await fullRun(own, connection, { objects, edges: Object.keys(objects).map((id) => ['g', id] as const) });
    const before = await readRows(own);
    const run = await drive(own, { connection, mode: 'delta', streams: [pin('users')] });
    await run.walk('users');
    await run.page('users', {
      objects: { u1: { index: -1 }, new: {} },
      gone: ['u2'],
      edges: [['g', 'new']],
      goneEdges: [['g', 'u3']],
      cursor: 'next',
    });
    await run.end('users');
    await applyRemovals(own, run.at('users'));
    expect((await run.finish()).streams[0]).toMatchObject({ read: 3, added: 1, updated: 1, removedBySource: 1 });
    const after = await readRows(own);
    for (const table of ['record', 'edge', 'asset']) {
      expect({ table, scanned: after.get(table)!.scanned - before.get(table)!.scanned }).toEqual({ table, scanned: 0 });
      expect(after.get(table)!.fetched - before.get(table)!.fetched).toBeLessThan(50);
    }
    await own.close();
  });
});

/** Rows read by scans and by index, of each table; this backend's own counts included. */
async function readRows(database: Database): Promise<Map<string, { scanned: number; fetched: number }>> {
  await database.query('select pg_stat_force_next_flush()');
  await database.query('select 1');
  await database.query('select pg_stat_clear_snapshot()');
  const rows = await database.query<{ name: string; scanned: number; fetched: number }>(
    'select relname as name, coalesce(seq_tup_read, 0) as scanned, coalesce(idx_tup_fetch, 0) as fetched from pg_stat_user_tables',
  );
  return new Map(rows.map((row) => [row.name, row]));
}

const waitingForLock = (database: Database): Promise<void> =>
  until(
    async () =>
      (await database.query(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0,
  );

async function until(met: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; ;) {
    if (await met()) return;
    if (Date.now() > deadline) throw new Error('What was waited for did not happen.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
