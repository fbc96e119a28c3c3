// Checkpoints and walks: what a new walk keeps and drops, how a walk ends, and the time it worked.
import { endWalk, noteWorked, readCheckpoint, readProgress, resumeWalk, startWalk } from '../../../src/store/walk.ts';
import { drive, fullRun, newConnection } from '../../support/storing.ts';
import type { StartedStore } from '../../support/stores.ts';

const error = { code: 'SOURCE_FORBIDDEN', message: 'no', hint: 'ask' } as const;

export function walksContract(store: () => StartedStore): void {
  test('a planned stream stands at walk 0; one of an ended or unknown run has no checkpoint', async () => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database), mode: 'delta', reason: 'delta' });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({
      walk: 0,
      page: 0,
      mode: 'delta',
      reason: 'delta',
      steps: [],
      cursor: null,
    });
    expect(await readProgress(database, run.run)).toMatchObject([{ stream: 'groups' }, { stream: 'users' }]);
    await run.finish('cancelled');
    await expect(readCheckpoint(database, run.at('users'))).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await readProgress(database, run.run)).toEqual([]);
  });

  test('of two attempts that start a walk one is refused', async () => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database) });
    await run.walk('users');
    await expect(run.walk('users')).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ walk: 1 });
  });

  test('a new walk drops what its predecessor saw, staged and set aside, and keeps pages, requests and what was changed', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { objects: { a: {}, gone: {} } });
    const run = await drive(database, { connection, mode: 'delta' });
    await run.walk('users', { mode: 'delta', reason: 'delta' });
    await run.page('users', { objects: { b: {} }, gone: ['gone'], rejects: ['bad'] });
    await run.walk('users', { mode: 'full', reason: 'cursor expired', after: 1 });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({
      walk: 2,
      page: 0,
      mode: 'full',
      reason: 'cursor expired',
      read: 0,
      rejected: 0,
      pages: 1,
      requests: 1,
      cursor: null,
    });
    await run.page('users', { objects: { a: {}, b: {}, gone: {} } });
    await run.end('users');
    await run.settle('users');
    const report = await run.finish();
    expect(report.streams[0]).toMatchObject({
      pages: 2,
      requests: 2,
      read: 3,
      added: 1,
      unchanged: 2,
      removedBySource: 0,
      swept: 0,
      rejected: 0,
    });
  });

  test('a delta starts from the adopted cursor, a full walk without one', async () => {
    const { database } = store();
    const connection = await newConnection(database);
    await fullRun(database, connection, { cursor: 'adopted' });
    const run = await drive(database, { connection, mode: 'delta' });
    await run.walk('users');
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ cursor: 'adopted', askedCursor: 'adopted' });
    await run.page('users', { cursor: 'newer' });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ cursor: 'newer', askedCursor: 'adopted' });
    await run.walk('users', { after: 1 });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ cursor: 'adopted', askedCursor: 'adopted' });
    await run.walk('users', { mode: 'full', after: 2 });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ cursor: null, askedCursor: null });
  });

  test.each([
    ['complete', 'complete', 'complete'],
    ['complete', 'partial', 'partial'],
    ['complete', 'failed', 'complete'],
    ['failed', 'complete', 'failed'],
    ['partial', 'failed', 'partial'],
  ] as const)('ended %s, then %s: %s stands', async (first, second, stands) => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database) });
    await run.walk('users');
    await endWalk(database, { ...run.at('users'), outcome: first, error: null });
    await endWalk(database, { ...run.at('users'), outcome: second, error });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ outcome: stands, error: first === stands ? null : error });
  });

  test('an ended walk is not started anew', async () => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database) });
    await run.walk('users');
    await run.end('users', 'failed', error);
    const again = startWalk(database, { ...run.at('users'), mode: 'full', reason: 'cursor expired', steps: [], after: 1 });
    await expect(again).rejects.toMatchObject({ code: 'STALE_ATTEMPT' });
  });

  test('worked time adds up, and since the last page it starts anew', async () => {
    const { database } = store();
    const run = await drive(database, { connection: await newConnection(database) });
    await run.walk('users');
    await noteWorked(database, { ...run.at('users'), workedMs: 5.4 });
    await resumeWalk(database, run.at('users'));
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ workedMs: 5, pagelessMs: 5, resumed: 1 });
    await run.page('users', {});
    await noteWorked(database, { ...run.at('users'), workedMs: 7 });
    expect(await readCheckpoint(database, run.at('users'))).toMatchObject({ workedMs: 22, pagelessMs: 7, resumed: 1 });
  });
}
