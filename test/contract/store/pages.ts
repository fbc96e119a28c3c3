// A page's transaction: all of it or nothing, and nothing for a run or attempt that was overtaken (I7).
import { deleteConnection } from '../../../src/store/connection.ts';
import { commitPage, readStoredEdges, readStoredRecords } from '../../../src/store/page.ts';
import { readCheckpoint } from '../../../src/store/walk.ts';
import { drive, edgeOf, liveIds, newConnection, pageOf } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const stale = { code: 'STALE_ATTEMPT' };

export function pagesContract(store: () => StartedStore): void {
  test('a page moves the checkpoint with what it wrote', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    const page = await pageOf(database, run.at('users'), { walk: 1, page: 0 }, { objects: { b: { n: 1 }, a: { n: 2 } } });
    await commitPage(database, { ...page, steps: [{ phase: 'list', link: 'https://graph.example/2' }], cursor: 'token' });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({
      walk: 1,
      page: 1,
      steps: [{ phase: 'list', link: 'https://graph.example/2' }],
      cursor: 'token',
      read: 2,
      pages: 1,
      requests: 1,
      workedMs: 10,
      pagelessMs: 0,
      outcome: null,
    });
    const stored = await readStoredRecords(database, { ...run.at('users'), walk: 1, ids: ['a', 'b', 'c'], bodies: true, seen: true });
    expect([...stored.values()]).toMatchObject([
      { id: 'a', known: true, seen: true, tombstoned: false, body: { n: 2 }, asset: { mapHash: 'map' } },
      { id: 'b', known: true, seen: true, tombstoned: false, body: { n: 1 }, asset: { mapHash: 'map' } },
      { id: 'c', known: false, seen: false, hash: null, body: null, asset: null },
    ]);
  });

  test('no two records of one stream share an id, and of two streams they may (I2)', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    for (const reason of ['first run', 'forced'] as const) {
      const run = await drive(database, { connection, reason });
      for (const stream of ['users', 'groups']) {
        await run.walk(stream);
        await run.page(stream, { objects: { same: { reason, stream } } });
        await run.page(stream, { objects: { same: { reason, stream, again: true } } });
      }
    }
    const rows = await database.query('select stream, id from record where connection = $1 order by stream', [connection]);
    expect(rows).toEqual([
      { stream: 'groups', id: 'same' },
      { stream: 'users', id: 'same' },
    ]);
  });

  test('an unchanged page writes its seen row and the checkpoint, nothing else', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const told = { objects: { a: { n: 1 }, b: { n: 1 } }, edges: [['a', 'b']] } as const;
    const first = await drive(database, { connection });
    await first.walk('users');
    await first.page('users', told);
    const rows = async (): Promise<unknown> =>
      Promise.all(
        ['record', 'edge'].map((table) =>
          database.query(`select ctid, xmin, * from ${table} where connection = $1 order by num`, [connection]),
        ),
      );
    const before = await rows();
    const second = await drive(database, { connection });
    await second.walk('users');
    await second.page('users', told);
    expect(await rows()).toEqual(before);
    expect(await database.query('select from run_change where run = $1', [second.run])).toEqual([]);
    expect(await database.query(`select kind, cardinality(nums) as n from seen where run = $1 order by kind`, [second.run])).toEqual([
      { kind: 'edge', n: 1 },
      { kind: 'record', n: 2 },
    ]);
  });

  test('seen is what this walk had, and nothing beside it', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const told = { objects: { a: {}, b: {} } };
    const first = await drive(database, { connection });
    await first.walk('users');
    await first.page('users', told);
    const second = await drive(database, { connection });
    await second.walk('users');
    await second.page('users', { objects: { a: {} } });
    const seen = async (run: typeof second, walk: number): Promise<unknown> => {
      const stored = await readStoredRecords(database, { ...run.at('users'), walk, ids: ['a', 'b'], bodies: false, seen: true });
      return [...stored.values()].map((record) => record.seen);
    };
    expect([await seen(first, 1), await seen(second, 1), await seen(second, 2)]).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });

  test('I7: of two attempts at the same page one is refused, without effect; the checkpoint tells which was committed', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    const page = await pageOf(database, run.at('users'), { walk: 1, page: 0 }, { objects: { a: { n: 1 } } });
    const other = await pageOf(database, run.at('users'), { walk: 1, page: 0 }, { objects: { a: { n: 2 }, b: { n: 2 } } });
    await commitPage(database, page);
    const committed = await readCheckpoint(database, run.at('users'));
    await expect(commitPage(database, other)).rejects.toMatchObject(stale);
    expect(await liveIds(database, connection)).toEqual(['a']);
    expect(await readCheckpoint(database, run.at('users'))).toEqual(committed);
  });

  test('I7: a run is refused from the moment another one of its connection is open', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const old = await drive(database, { connection });
    await old.walk('users');
    await old.page('users', { objects: { a: {} } });
    await drive(database, { connection: await newConnection(database) });
    await old.page('users', { objects: { b: {} } });
    await drive(database, { connection });
    await expect(old.page('users', { objects: { c: {} } })).rejects.toMatchObject(stale);
    await expect(old.end('users')).rejects.toMatchObject(stale);
    await expect(old.settle('users')).rejects.toMatchObject(stale);
    await expect(old.walk('groups')).rejects.toMatchObject(stale);
    expect(await liveIds(database, connection)).toEqual(['a', 'b']);
  });

  test('a page is refused of an ended walk, of a walk that was started anew, and of a deleted connection', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    await run.end('users');
    await expect(run.page('users', { objects: { a: {} } })).rejects.toMatchObject(stale);
    await run.walk('groups');
    const late = await pageOf(database, run.at('groups'), { walk: 1, page: 0 }, { objects: { a: {} } });
    await run.walk('groups', { after: 1 });
    await expect(commitPage(database, late)).rejects.toMatchObject(stale);
    await deleteConnection(database, connection, { purge: false });
    await expect(run.page('groups', { objects: { a: {} } })).rejects.toMatchObject(stale);
    expect(await liveIds(database, connection)).toEqual([]);
  });

  test.each([
    ['not JSON', '22P02'],
    [`{"n":1e999999}`, '22003'],
  ])('a value PostgreSQL cannot hold (%#) is named by its class, and nothing of the page is written', async (body, sqlstate) => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    const page = await pageOf(database, run.at('users'), { walk: 1, page: 0 }, { objects: { a: {}, b: {} } });
    const poisoned = { ...page, records: page.records.map((record) => (record.id === 'b' ? { ...record, body } : record)) };
    await expect(commitPage(database, poisoned)).rejects.toMatchObject({ code: 'INTERNAL', details: { sqlstate } });
    expect(await liveIds(database, connection)).toEqual([]);
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ page: 0, pages: 0 });
    await commitPage(database, page);
    expect(await liveIds(database, connection)).toEqual(['a', 'b']);
  });

  test('an edge is written once, with the properties it was last seen with', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('groups');
    const place = run.at('groups');
    for (const [page, properties] of ['{"a":1}', '{"a":2}'].entries()) {
      const [known] = await readStoredEdges(database, { ...place, edges: [edgeOf(['g', 'u'])] });
      const change = known!.known ? 'updated' : 'added';
      const empty = await pageOf(database, place, { walk: 1, page }, {}, { assets: false });
      await commitPage(database, { ...empty, edges: [{ ...known!, properties, change }] });
    }
    expect(await readStoredEdges(database, { ...place, edges: [edgeOf(['g', 'u']), edgeOf(['g', 'v'])] })).toMatchObject([
      { from: 'g', to: 'u', known: true, properties: '{"a":2}' },
      { from: 'g', to: 'v', known: false, properties: null },
    ]);
  });

  test('an empty page is committed too', async () => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database) });
    await run.walk('users');
    await run.page('users', {});
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ page: 1, read: 0 });
  });

  test('a large page with numbers over many blocks is seen whole', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await drive(database, { connection });
    await run.walk('users');
    const objects = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`u${index}`, { index }]));
    await run.page('users', { objects });
    const stored = await readStoredRecords(database, { ...run.at('users'), walk: 1, ids: Object.keys(objects), bodies: false, seen: true });
    expect([...stored.values()].filter(({ seen }) => !seen)).toEqual([]);
    expect(stored.size).toBe(3_000);
  });
}
