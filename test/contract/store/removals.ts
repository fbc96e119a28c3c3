// Staged removals and the sweep: a tombstone needs proof (I4), an incomplete stream removes nothing (I5).
import type { StreamOutcome } from '../../../src/model.ts';
import { applyRemovals, conflictingEdges, keepRemovals, stageUnseen } from '../../../src/store/settle.ts';
import type { DrivenRun, Told } from '../../support/storing.ts';
import { drive, edgeOf, fullRun, liveIds, newConnection, pageOf } from '../../support/storing.ts';
import type { Database } from '../../../src/store/database.ts';
import { commitPage, readStoredEdges, readStoredRecords } from '../../../src/store/page.ts';
import type { StartedStore } from '../../support/stores.ts';

const abc = { a: {}, b: {}, c: {} };

async function begun(database: Database, connection: string, mode: 'full' | 'delta', ...pages: Told[]): Promise<DrivenRun> {
  const run = await drive(database, { connection, mode });
  await run.walk('users');
  for (const page of pages) await run.page('users', page);
  return run;
}

async function liveEdges(database: Database, connection: string): Promise<string[]> {
  const rows = await database.query<{ pair: string }>(`select from_id || '>' || to_id as pair from edge where connection = $1 order by 1`, [
    connection,
  ]);
  return rows.map(({ pair }) => pair);
}

export function removalsContract(store: () => StartedStore): void {
  test.each([
    ['full', 'complete', ['a']],
    ['full', 'partial', ['a', 'b', 'c']],
    ['full', 'failed', ['a', 'b', 'c']],
    ['full', null, ['a', 'b', 'c']],
    ['delta', 'complete', ['a', 'b', 'c']],
  ] as const)('I4, I5: absence from a %s walk that ended %s leaves %j', async (mode, outcome: StreamOutcome | null, left) => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    const run = await begun(database, connection, mode, { objects: { a: {} } });
    if (outcome !== null) await run.end('users', outcome);
    await run.settle('users');
    expect(await liveIds(database, connection)).toEqual(left);
  });

  test.each([
    ['complete', ['a', 'c']],
    ['partial', ['a', 'b', 'c']],
    ['failed', ['a', 'b', 'c']],
  ] as const)('I5: what the source removed in a walk that ended %s leaves %j', async (outcome, left) => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    const run = await begun(database, connection, 'delta', { gone: ['b'] });
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
    await run.end('users', outcome);
    await run.settle('users');
    expect(await liveIds(database, connection)).toEqual(left);
  });

  test.each([
    ['removed, then seen again', [{ gone: ['b'] }, { objects: { b: {} } }], ['a', 'b', 'c']],
    ['seen, then removed', [{ objects: { b: { n: 2 } } }, { gone: ['b'] }], ['a', 'c']],
    ['removed, seen, removed', [{ gone: ['b'] }, { objects: { b: {} } }, { gone: ['b'] }], ['a', 'c']],
    ['removed twice', [{ gone: ['b'] }, { gone: ['b'] }], ['a', 'c']],
    ['removed by an unknown id', [{ gone: ['zz'] }], ['a', 'b', 'c']],
  ])('the last word of a round holds: %s', async (_, pages: Told[], left) => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    const run = await begun(database, connection, 'delta', ...pages);
    await run.end('users');
    await run.settle('users');
    expect(await liveIds(database, connection)).toEqual(left);
  });

  test('a rejected record that is known counts as seen, and so do its edges', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, {
      objects: abc,
      edges: [
        ['a', 'x'],
        ['b', 'x'],
      ],
    });
    const run = await begun(database, connection, 'full', { objects: { c: {} } });
    // Set aside whole, as a poison record is: neither its number nor its edges are among what the page had.
    await run.page('users', { rejects: ['a', 'zz'] });
    await run.end('users');
    await run.settle('users');
    expect(await liveIds(database, connection)).toEqual(['a', 'c']);
    expect(await liveEdges(database, connection)).toEqual(['a>x']);
  });

  test('what turned out to exist is kept', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    const run = await begun(database, connection, 'full', { objects: { a: {} } });
    await run.end('users');
    await run.settle('users', ['b']);
    expect(await liveIds(database, connection)).toEqual(['a', 'b']);
    expect((await run.finish()).streams[0]).toMatchObject({ read: 1, unchanged: 1, swept: 1 });
  });

  test('what is gone already is not removed again', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    await fullRun(database, connection, { gone: ['b'] }, 'delta');
    const run = await begun(database, connection, 'delta');
    const stored = await readStoredRecords(database, { ...run.at('users'), walk: 1, ids: ['b'], bodies: false, seen: false });
    const page = await pageOf(database, run.at('users'), { walk: 1, page: 0 }, {});
    await commitPage(database, { ...page, removed: { records: [stored.get('b')!.num], edges: [] } });
    await run.end('users');
    await run.settle('users');
    const report = await run.finish();
    expect(report.streams[0]).toMatchObject({ read: 0, removedBySource: 0 });
    expect(report.assets.removed).toBe(0);
  });

  test('a sweep leaves other streams and connections alone', async () => {
    const { database } = store();
    const [one, other] = [await newConnection(database), await newConnection(database)];
    await fullRun(database, other, { objects: abc, edges: [['a', 'b']] });
    const before = await drive(database, { connection: one });
    for (const stream of ['users', 'groups']) {
      await before.walk(stream);
      await before.page(stream, { objects: abc, edges: [['a', 'b']] });
    }
    const run = await begun(database, one, 'full', {});
    await run.end('users');
    await run.settle('users');
    expect(await liveIds(database, one)).toEqual([]);
    expect(await liveIds(database, one, 'groups')).toEqual(['a', 'b', 'c']);
    expect(await liveIds(database, other)).toEqual(['a', 'b', 'c']);
    expect([await liveEdges(database, one), await liveEdges(database, other)]).toEqual([['a>b'], ['a>b']]);
  });

  test('what an earlier walk of the first run added, and the last one did not see, is swept', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await begun(database, connection, 'full', {
      objects: abc,
      edges: [
        ['a', 'b'],
        ['b', 'c'],
      ],
    });
    await run.walk('users', { after: 1 });
    await run.page('users', { objects: { a: { n: 1 }, b: { n: 1 } }, edges: [['a', 'b']] });
    await run.end('users');
    await run.settle('users');
    expect(await liveIds(database, connection)).toEqual(['a', 'b']);
    expect(await liveEdges(database, connection)).toEqual(['a>b']);
  });

  test('a first run of one walk has nothing to sweep, and compares no numbers to know it', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const run = await begun(database, connection, 'full', { objects: abc, edges: [['a', 'b']] });
    await run.end('users');
    const asked: string[] = [];
    const counted: Database = {
      ...database,
      batch: (statements) => {
        asked.push(...statements.map(({ sql }) => sql));
        return database.batch(statements);
      },
    };
    await stageUnseen(counted, run.at('users'));
    expect(asked).toEqual([]);
    await run.settle('users');
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
  });

  test('removals go in slices: a crash between two of them, or before their answer, changes neither inventory nor counts', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const objects = Object.fromEntries(Array.from({ length: 5_100 }, (_, index) => [`u${index}`, {}]));
    await fullRun(database, connection, {
      objects,
      edges: [
        ['u1', 'u2'],
        ['u3', 'u4'],
      ],
    });
    const run = await begun(database, connection, 'full', { objects: { u0: {} }, edges: [['u1', 'u2']] });
    await run.end('users');
    await stageUnseen(database, run.at('users'));
    await stageUnseen(database, run.at('users'));
    await database.query('select apply_removals($1, $2, $3, 50)', [run.run, connection, 'users']);
    const interrupted = (await liveIds(database, connection)).length;
    expect(interrupted).toBeGreaterThan(5_000);
    await stageUnseen(database, run.at('users'));
    await applyRemovals(database, run.at('users'));
    await applyRemovals(database, run.at('users'));
    expect(await liveIds(database, connection)).toEqual(['u0']);
    expect(await liveEdges(database, connection)).toEqual(['u1>u2']);
    const report = await run.finish();
    expect(report.streams[0]).toMatchObject({ read: 1, unchanged: 1, swept: 5_099 });
    expect(report.assets).toEqual({ added: 0, updated: 0, removed: 5_099, unchanged: 1 });
  });

  test('a tombstoned record keeps its edges and comes back whole', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc, edges: [['a', 'b']] });
    const run = await begun(database, connection, 'delta', { gone: ['a'] });
    await run.end('users');
    await run.settle('users');
    await run.finish();
    expect(await liveEdges(database, connection)).toEqual(['a>b']);
    const back = await begun(database, connection, 'delta', { objects: { a: { n: 2 } } });
    await back.end('users');
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
    expect((await back.finish()).streams[0]).toMatchObject({ read: 1, added: 1 });
  });

  test('an edge that one round both had and removed is asked for, in either order; what is not taken back is removed', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const edges = [
      ['g', 'kept'],
      ['g', 'dropped'],
      ['g', 'back'],
      ['g', 'gone'],
      ['g', 'plain'],
    ] as const;
    await fullRun(database, connection, { edges });
    const run = await begun(
      database,
      connection,
      'delta',
      { edges: [edges[0], edges[1]], goneEdges: [edges[2], edges[3], edges[4]] },
      { goneEdges: [edges[0], edges[1]], edges: [edges[2], edges[3]] },
    );
    await run.end('users');
    for (let asked = 0; asked < 2; asked += 1) {
      const pairs = await conflictingEdges(database, { ...run.at('users'), kind: 'member', unlisted: null });
      expect(pairs.map(({ from, to }) => `${from}>${to}`).sort()).toEqual(['g>back', 'g>dropped', 'g>gone', 'g>kept']);
    }
    expect(await conflictingEdges(database, { ...run.at('users'), kind: 'owner', unlisted: null })).toEqual([]);
    const present = await readStoredEdges(database, { ...run.at('users'), edges: [edgeOf(edges[0]), edgeOf(edges[2])] });
    await keepRemovals(database, { ...run.at('users'), records: [], edges: present.map(({ num }) => num) });
    await applyRemovals(database, run.at('users'));
    expect(await liveEdges(database, connection)).toEqual(['g>back', 'g>kept']);
  });

  test('beyond a hundred contradictions the last word holds', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const edges = Array.from({ length: 150 }, (_, index) => ['g', `u${String(index).padStart(3, '0')}`] as const);
    await fullRun(database, connection, { edges });
    const run = await begun(database, connection, 'delta', { goneEdges: edges }, { edges });
    await run.end('users');
    expect(await conflictingEdges(database, { ...run.at('users'), kind: 'member', unlisted: null })).toHaveLength(100);
    await applyRemovals(database, run.at('users'));
    expect(await liveEdges(database, connection)).toHaveLength(50);
  });
}
