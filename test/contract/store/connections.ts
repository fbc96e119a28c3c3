// Connections, their states, their logs, and what deleting leaves.
import { deleteConnection, getConnection, listConnections, putConnection, setConnectionState } from '../../../src/store/connection.ts';
import { readLogs, writeLog } from '../../../src/store/log.ts';
import { drive, fullRun, liveIds, newConnection, pin } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

export function connectionsContract(store: () => StartedStore): void {
  test('a changed spec is a new revision, the same one is none', async () => {
    const { database } = store();
    const name = 'contoso-identity';
    expect(await getConnection(database, name)).toBeNull();
    expect(await putConnection(database, { name, spec: { a: 1 }, specHash: '1' })).toBe('created');
    expect(await putConnection(database, { name, spec: { a: 1 }, specHash: '1' })).toBe('unchanged');
    expect(await getConnection(database, name)).toMatchObject({ name, spec: { a: 1 }, revision: 1, fence: 0, saved: null });
    expect(await putConnection(database, { name, spec: { a: 2 }, specHash: '2' })).toBe('changed');
    expect(await getConnection(database, name)).toMatchObject({ spec: { a: 2 }, specHash: '2', revision: 2 });
    expect((await listConnections(database)).map((connection) => connection.name)).toContain(name);
  });

  test('names are one without regard to case', async () => {
    const { database } = store();
    await putConnection(database, { name: 'Fabrikam', spec: {}, specHash: '1' });
    const other = putConnection(database, { name: 'fabrikam', spec: {}, specHash: '1' });
    await expect(other).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('Fabrikam') });
    await deleteConnection(database, 'Fabrikam', { purge: false });
    expect(await putConnection(database, { name: 'fabrikam', spec: {}, specHash: '1' })).toBe('created');
  });

  test('the saved state comes back, and not to a deleted connection', async () => {
    const { database } = store();
    const name = await newConnection(database);
    const state = {
      state: 'processed',
      since: '2026-11-02T10:00:00.000Z',
      paused: false,
      lastError: null,
      details: { history: [1] },
    } as const;
    await setConnectionState(database, name, { ...state, details: { history: [1] } });
    expect((await getConnection(database, name))!.saved).toEqual(state);
    await deleteConnection(database, name, { purge: false });
    await setConnectionState(database, name, { ...state, details: {} });
    expect(await putConnection(database, { name, spec: {}, specHash: 'hash' })).toBe('created');
    expect((await getConnection(database, name))!.saved).toBeNull();
  });

  test('deleting keeps the inventory and the fence, and drops the cursors', async () => {
    const { database } = store();
    const name = await newConnection(database);
    await fullRun(database, name, { objects: { a: {} }, cursor: 'link' });
    const fence = (await getConnection(database, name))!.fence;
    expect(await deleteConnection(database, name, { purge: false })).toBe(true);
    expect(await deleteConnection(database, name, { purge: false })).toBe(false);
    expect(await getConnection(database, name)).toBeNull();
    expect(await liveIds(database, name)).toEqual(['a']);
    await putConnection(database, { name, spec: {}, specHash: 'hash' });
    expect((await getConnection(database, name))!.fence).toBe(fence);
    expect((await drive(database, { connection: name, streams: [pin('users')] })).facts[0]!.cursor).toBeNull();
  });

  test('purging erases all of the connection and nothing of another', async () => {
    const { database } = store();
    const [name, other] = [await newConnection(database), await newConnection(database)];
    for (const connection of [name, other, `${other}-longer`]) {
      if (connection.endsWith('longer')) await putConnection(database, { name: connection, spec: {}, specHash: 'h' });
      await fullRun(database, connection, {
        objects: { a: { n: 1 } },
        edges: [
          ['a', 'b'],
          ['a', 'c'],
        ],
        rejects: ['c'],
      });
      await fullRun(database, connection, { objects: { a: { n: 2 } }, edges: [['a', 'b']] });
      await writeLog(database, { connection, run: null, level: 'info', message: 'm', details: {} });
      await database.batch([
        { sql: `insert into event_mark (connection, run, made_of) values ($1, 1, '')`, params: [connection] },
        { sql: `insert into event_due (connection, nums) values ($1, '{1}')`, params: [connection] },
        {
          sql: `insert into document_event (num, connection, kind, hash, run) select num, $1, 'CREATED', '', 1 from record where connection = $1`,
          params: [connection],
        },
      ]);
    }
    expect(await deleteConnection(database, other, { purge: true })).toBe(true);
    expect(await deleteConnection(database, other, { purge: true })).toBe(false);
    const events = ['document_event', 'event_mark', 'event_due', 'edge_lost'];
    const owned = ['record', 'edge', 'run', 'cursor', 'rejected', 'run_log', 'occurrence', ...events];
    for (const table of owned) expect(await database.query(`select from ${table} where connection = $1`, [other])).toEqual([]);
    const assets = 'select from asset a where not exists (select from record r where r.num = a.num)';
    expect(await database.query(assets)).toEqual([]);
    for (const table of ['run_change', 'asset_change', 'removed_edge']) {
      expect(await database.query(`select from ${table} c where not exists (select from run r where r.run = c.run)`)).toEqual([]);
      expect((await database.query(`select from ${table}`)).length).toBeGreaterThan(0);
    }
    for (const kept of [name, `${other}-longer`]) {
      expect(await liveIds(database, kept)).toEqual(['a']);
      expect(await database.query('select from edge where connection = $1', [kept])).toHaveLength(1);
    }
  });

  test('log lines come oldest first, the last ones of them, and by run', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    for (const run of [1, 2, 1]) await writeLog(database, { connection, run, level: 'warning', message: `of ${run}\0`, details: { run } });
    const all = await readLogs(database, { connection, limit: 9 });
    expect(all.map(({ message }) => message)).toEqual(['of 1\0', 'of 2\0', 'of 1\0']);
    expect(await readLogs(database, { connection, limit: 1 })).toEqual([all[2]]);
    expect(await readLogs(database, { connection, run: 1, limit: 9 })).toEqual([all[0], all[2]]);
    expect(await readLogs(database, { connection, after: all[0]!.num, limit: 9 })).toEqual([all[1], all[2]]);
  });
}
