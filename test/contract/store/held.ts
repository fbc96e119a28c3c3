// The pending set, the guard's numbers and their erasure, on every database: decided once, by digest, under the fence (decision 3).
import { compileQuery } from '../../../src/query/compile.ts';
import { applyApproved, approveHeld, noteAnswers, unaskedRecords } from '../../../src/store/approved.ts';
import { searchAssets } from '../../../src/store/asset.ts';
import { deleteConnection, putConnection } from '../../../src/store/connection.ts';
import type { Database } from '../../../src/store/database.ts';
import { heldSet, listHeld, readHeld, rejectHeld } from '../../../src/store/held.ts';
import { decideRemovals, readDecision, stagedGroups } from '../../../src/store/judgement.ts';
import type { RemovalDecision } from '../../../src/store/judgement.ts';
import { finishRun, openRun, readReport } from '../../../src/store/run.ts';
import { applyRemovals, stageUnseen } from '../../../src/store/settle.ts';
import { drive, fullRun, liveIds, newConnection, pin } from '../../support/storing.ts';
import type { DrivenRun, Told } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';
import { expectTally } from '../../support/tally.ts';

const abc = { a: {}, b: {}, c: {} };
const by = 'ana@host';

/** A complete walk of the users, staged and not decided yet. */
async function staged(database: Database, connection: string, mode: 'full' | 'delta', told: Told): Promise<DrivenRun> {
  const run = await drive(database, { connection, mode, streams: [pin('users')] });
  await run.walk('users');
  await run.page('users', told);
  await run.end('users');
  await stageUnseen(database, run.at('users'));
  return run;
}

async function decided(
  database: Database,
  run: DrivenRun,
  decision: RemovalDecision,
  unasked: readonly string[] = [],
): Promise<RemovalDecision> {
  const { connection } = run;
  const groups = await stagedGroups(database, { run: run.run, connection });
  return decideRemovals(database, { run: run.run, connection, decision, groups, unasked, said: 'Held.', because: [] });
}

/** A run whose removals are held. */
async function holding(
  database: Database,
  connection: string,
  mode: 'full' | 'delta',
  told: Told,
  unasked: readonly string[] = [],
): Promise<void> {
  const run = await staged(database, connection, mode, told);
  await decided(database, run, 'hold', unasked);
  await run.finish();
}

async function settling(database: Database, connection: string): Promise<number> {
  const { run } = await openRun(database, {
    requestId: `settle ${Math.random()}`,
    connection,
    profile: 'default',
    trigger: 'manual',
    scheduledAt: null,
    highestRunSeen: 0,
    revision: 1,
    spec: {},
    streams: [pin('users')],
  });
  return run;
}

const digestOf = async (database: Database, connection: string): Promise<string> => (await heldSet(database, connection)).digest ?? '';
const idsOf = async (database: Database, connection: string): Promise<string[]> =>
  (await listHeld(database, { connection, limit: 100 })).map(({ id, other }) => (other === null ? id : `${id}>${other}`));

export function heldContract(store: () => StartedStore): void {
  afterEach(() => expectTally(store().database));

  test('what was staged is counted by stream and kind, with what lives and lived', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const edges = [
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'x'],
    ] as const;
    await fullRun(database, connection, { objects: { ...abc, d: {} }, edges });
    const run = await staged(database, connection, 'full', { objects: { c: {}, d: {} }, edges: [] });
    const group = { stream: 'users', applied: 0, asksAgain: false, joins: false, scopeChanged: false };
    expect(await stagedGroups(database, run)).toEqual([
      // Of the three edges, two only follow a and b.
      { ...group, kind: 'member', counted: 1, absent: 3, live: 3, largest: 3 },
      { ...group, kind: 'record', counted: 2, absent: 2, live: 4, largest: 4 },
    ]);
    expect(await stagedGroups(database, run, 'groups')).toEqual([]);
  });

  test('the first decision of a run stands, and no other run may decide for it', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    const run = await staged(database, connection, 'full', { objects: { c: {} } });
    expect(await readDecision(database, run.run)).toBeNull();
    expect(await decided(database, run, 'hold')).toBe('hold');
    const held = await heldSet(database, connection);
    // A second attempt that thinks otherwise, and one that stages once more.
    await stageUnseen(database, run.at('users'));
    expect(await decided(database, run, 'apply')).toBe('hold');
    await applyRemovals(database, run.at('users'));
    expect(await readDecision(database, run.run)).toBe('hold');
    expect(await heldSet(database, connection)).toEqual(held);
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
    const late = await staged(database, connection, 'full', { objects: { c: {} } });
    await settling(database, connection);
    await expect(decided(database, late, 'apply')).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
  });

  test('what is applied is noted for a day, once', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    const run = await staged(database, connection, 'full', { objects: { c: {} } });
    await decided(database, run, 'apply');
    await decided(database, run, 'apply');
    await applyRemovals(database, run.at('users'));
    await run.finish();
    expect(await database.query('select stream, kind, live, applied from removal_day where connection = $1', [connection])).toEqual([
      { stream: 'users', kind: 'record', live: 3, applied: 2 },
    ]);
    const next = await staged(database, connection, 'delta', { gone: ['c'] });
    expect(await stagedGroups(database, next)).toMatchObject([{ counted: 1, live: 1, largest: 3, applied: 2 }]);
  });

  test('the digest names exactly the set: each change makes another, the same set the same', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc, edges: [['a', 'b']] });
    expect(await heldSet(database, connection)).toEqual({ count: 0, digest: null });
    await holding(database, connection, 'delta', { gone: ['a'] });
    const one = await heldSet(database, connection);
    await holding(database, connection, 'delta', { gone: ['b'], goneEdges: [['a', 'b']] });
    const three = await heldSet(database, connection);
    expect(three.count).toBe(3);
    await fullRun(database, connection, { objects: { b: {} }, edges: [['a', 'b']] }, 'delta');
    expect(await heldSet(database, connection)).toEqual(one);
    expect(new Set([one.digest, three.digest]).size).toBe(2);
    await holding(database, connection, 'delta', { gone: ['a'] });
    expect(await heldSet(database, connection)).toEqual(one);
  });

  test('the set is listed in order, page by page, and counted by cause', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: { displayName: 'Ana \u0000' }, b: {}, c: {}, d: {} }, edges: [['c', 'd']] });
    await holding(database, connection, 'delta', { gone: ['b'], goneEdges: [['c', 'd']] });
    await holding(database, connection, 'full', { objects: { c: {}, d: {} } }, ['users']);
    const { groups, count } = await readHeld(database, connection);
    expect(count).toBe(3);
    expect(groups).toEqual([
      { stream: 'users', kind: 'member', why: 'absent', count: 1 },
      { stream: 'users', kind: 'record', why: 'absent', count: 2 },
    ]);
    const lines = await listHeld(database, { connection, limit: 2 });
    const rest = await listHeld(database, { connection, limit: 2, after: lines.at(-1)?.at ?? '' });
    expect([...lines, ...rest]).toMatchObject([
      { kind: 'member', id: 'c', other: 'd', why: 'absent', asked: true },
      { kind: 'record', id: 'a', other: null, name: 'Ana \u0000', why: 'absent', asked: false },
      { kind: 'record', id: 'b', other: null, name: null, why: 'absent', asked: false },
    ]);
    // Of what was held before it is kept since when.
    const [, a, b] = [...lines, ...rest];
    expect(a!.sinceRun).toBeGreaterThan(b!.sinceRun);
  });

  test('approved by digest: only what was asked for goes, what exists leaves the set, the rest stays', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { ...abc, d: {} }, edges: [['a', 'b']] });
    await holding(database, connection, 'full', { objects: { d: {} } }, ['users']);
    const digest = await digestOf(database, connection);
    const run = await settling(database, connection);
    const at = { run, connection, stream: 'users' };
    expect(await approveHeld(database, { run, connection, digest: 'another', by })).toBe(false);
    expect(await approveHeld(database, { run, connection, digest, by })).toBe(true);
    const [a, b] = await unaskedRecords(database, { ...at, after: 0, limit: 100 });
    await noteAnswers(database, { ...at, gone: [a!.num], existing: [b!.num] });
    await applyApproved(database, { run, connection }, () => undefined);
    // Another attempt, after a crash.
    expect(await approveHeld(database, { run, connection, digest, by })).toBe(true);
    await applyApproved(database, { run, connection }, () => undefined);
    expect(await liveIds(database, connection)).toEqual(['b', 'c', 'd']);
    expect(await idsOf(database, connection)).toEqual(['c']);
    const report = await finishRun(database, { run, verdict: 'complete', error: null });
    expect(report).toMatchObject({ mode: 'settle', streams: [], assets: { removed: 1 }, held: { count: 1 } });
    expect(await readReport(database, run)).toEqual(report);
    expect(await database.query('select approved_run from held_removal where connection = $1', [connection])).toEqual([
      { approved_run: null },
    ]);
    expect(await database.query('select action, by from audit where connection = $1', [connection])).toEqual([{ action: 'approve', by }]);
  });

  test('a run that was overtaken approves and applies nothing', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    await holding(database, connection, 'delta', { gone: ['a', 'b'] });
    const digest = await digestOf(database, connection);
    const old = await settling(database, connection);
    await approveHeld(database, { run: old, connection, digest, by });
    const newer = await settling(database, connection);
    await expect(applyApproved(database, { run: old, connection }, () => undefined)).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    await expect(approveHeld(database, { run: old, connection, digest, by })).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    await applyApproved(database, { run: newer, connection }, () => undefined);
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
    // It waits for another decision, by the same digest.
    expect(await approveHeld(database, { run: newer, connection, digest, by })).toBe(true);
    await applyApproved(database, { run: newer, connection }, () => undefined);
    expect(await liveIds(database, connection)).toEqual(['c']);
  });

  test('rejected while it is being approved: what is not removed yet stays', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    await holding(database, connection, 'delta', { gone: ['a', 'b'] });
    const digest = await digestOf(database, connection);
    const run = await settling(database, connection);
    await approveHeld(database, { run, connection, digest, by });
    expect(await rejectHeld(database, { connection, digest, by })).toBe('rejected');
    await applyApproved(database, { run, connection }, () => undefined);
    expect(await liveIds(database, connection)).toEqual(['a', 'b', 'c']);
    expect(await heldSet(database, connection)).toEqual({ count: 0, digest: null });
  });

  test('a rejected removal that the source tells again asks again', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    await holding(database, connection, 'delta', { gone: ['a'] });
    await rejectHeld(database, { connection, digest: await digestOf(database, connection), by });
    const other = await staged(database, connection, 'delta', { gone: ['b'] });
    expect(await stagedGroups(database, other)).toMatchObject([{ counted: 1, asksAgain: false, joins: false }]);
    const again = await staged(database, connection, 'delta', { gone: ['a'] });
    expect(await stagedGroups(database, again)).toMatchObject([{ counted: 1, asksAgain: true }]);
    await decided(database, again, 'hold');
    expect(await idsOf(database, connection)).toEqual(['a']);
  });

  test('many are held, approved and applied in slices', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    const many = 6_000;
    await fullRun(database, connection, { objects: { keep: {} } });
    await database.query(
      `insert into record (connection, stream, num, id, body, hash, changed_run)
       select $1, 'users', nextval('record_num'), 'u' || n, '{}', '', 0 from generate_series(1, ${many}) as n`,
      [connection],
    );
    await database.query('update tally set live = live + $2 where connection = $1', [connection, many]);
    const run = await staged(database, connection, 'full', { objects: { keep: {} } });
    expect(await stagedGroups(database, run)).toMatchObject([{ counted: many, live: many + 1 }]);
    await decided(database, run, 'hold');
    const report = await run.finish();
    expect(report.held.count).toBe(many);
    const settle = await settling(database, connection);
    await approveHeld(database, { run: settle, connection, digest: report.held.digest ?? '', by });
    let slices = 0;
    await applyApproved(database, { run: settle, connection }, () => void (slices += 1));
    expect(slices).toBe(2);
    expect(await liveIds(database, connection)).toEqual(['keep']);
    await deleteConnection(database, connection, { purge: true });
  }, 120_000);

  test('a held removal is live in searches, marked, and found by its mark', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc });
    await holding(database, connection, 'delta', { gone: ['b'] });
    const found = async (query: string): Promise<unknown[]> => {
      const { sql, params } = compileQuery(query);
      const marks: unknown[] = [];
      const places = { sql: 'r.connection = $1', params: [connection] };
      const search = { where: sql, params, places, scope: 'live', limit: null, relations: {} } as const;
      for await (const asset of searchAssets(database, search)) marks.push([asset.id, asset.state, asset.pendingRemoval]);
      return marks;
    };
    expect(await found('')).toEqual([
      ['a', 'live', undefined],
      ['b', 'live', true],
      ['c', 'live', undefined],
    ]);
    expect(await found('pendingRemoval:true')).toEqual([['b', 'live', true]]);
    expect(await found('not pendingRemoval:true')).toHaveLength(2);
    await rejectHeld(database, { connection, digest: await digestOf(database, connection), by });
    expect(await found('pendingRemoval:true')).toEqual([]);
  });

  test('a deleted connection has nothing pending; a purged one leaves nothing at all', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: abc, edges: [['a', 'b']] });
    const applied = await staged(database, connection, 'delta', { gone: ['c'] });
    await decided(database, applied, 'apply');
    await applyRemovals(database, applied.at('users'));
    await applied.finish();
    await holding(database, connection, 'delta', { gone: ['a'] });
    await rejectHeld(database, { connection, digest: await digestOf(database, connection), by });
    await holding(database, connection, 'delta', { gone: ['b'] });
    const rows = async (): Promise<Record<string, number>> => {
      const tables = ['tally', 'removal_day', 'held_removal', 'audit'];
      const counted = tables.map((table) => `(select count(*) from ${table} where connection = $1) as ${table}`);
      const [row] = await database.query<Record<string, number>>(`select ${counted.join(', ')}`, [connection]);
      return row!;
    };
    expect(await rows()).toEqual({ tally: 2, removal_day: 1, held_removal: 2, audit: 1 });
    await deleteConnection(database, connection, { purge: false });
    expect(await rows()).toEqual({ tally: 2, removal_day: 1, held_removal: 0, audit: 1 });
    await putConnection(database, { name: connection, spec: {}, specHash: 'again' });
    expect(await liveIds(database, connection)).toEqual(['a', 'b']);
    await expectTally(database);
    await deleteConnection(database, connection, { purge: true });
    expect(await rows()).toEqual({ tally: 0, removal_day: 0, held_removal: 0, audit: 0 });
  });
}
