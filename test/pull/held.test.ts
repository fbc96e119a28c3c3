// The life of the pending set, on a real database and the simulator: it grows, shrinks, is superseded, rejected, approved (decision 3).
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulator.ts';
import { armFailpoints } from '../../src/failpoint.ts';
import type { FailpointName } from '../../src/failpoint.ts';
import type { RunReport, StreamReport } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import { listHeld, readHeld, rejectHeld } from '../../src/store/held.ts';
import { readLogs } from '../../src/store/log.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';
import type { Pulling, PullingOptions } from '../support/pulling.ts';
import { liveIds } from '../support/storing.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf } from '../support/tenant.ts';

let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  armFailpoints();
  for (const each of opened.splice(0).reverse()) await each.close();
  await expectTally(database);
});

let names = 0;

interface Started {
  readonly simulator: Simulator;
  readonly pulling: Pulling;
  /** Deletes users by their places. */
  remove(from: number, to: number): void;
  live(): Promise<number>;
}

/** A tenant that was pulled once. */
async function start(tenant: Partial<SimulatorOptions> = {}, options: Partial<PullingOptions> = {}): Promise<Started> {
  const simulator = await startSimulator({ users: 100, ...tenant });
  opened.push(simulator);
  names += 1;
  const name = `tenant-${names}`;
  const pulling = await startPulling({ database, simulator, name, streams: ['users'], ...options });
  opened.push(pulling);
  expect(await pulling.pull()).toMatchObject({ verdict: 'complete', held: { count: 0, digest: null } });
  return {
    simulator,
    pulling,
    remove: (from, to) =>
      simulator.mutate(range(from, to).map((index) => ({ do: 'deleteUser', id: simulator.idOf('user', index), hard: true }))),
    live: async () => (await liveIds(database, name)).length,
  };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

const streamOf = (report: RunReport, name = 'users'): StreamReport => {
  const found = report.streams.find((stream) => stream.stream === name);
  if (found === undefined) throw new Error(`The report has no stream ${name}`);
  return found;
};

const heldIds = async ({ spec }: Pulling): Promise<string[]> =>
  (await listHeld(database, { connection: spec.name, limit: 1_000 })).map(({ id }) => id).sort();

const modes = ['delta', 'full'] as const;

describe('right at every size, in full and by delta', () => {
  const cases = [
    { users: 1, gone: 1, held: 1 },
    { users: 5, gone: 4, held: 0 },
    { users: 5, gone: 5, held: 5 },
    { users: 44, gone: 5, held: 0 },
    { users: 44, gone: 6, held: 6 },
    { users: 44, gone: 44, held: 44 },
    { users: 100, gone: 5, held: 0 },
    { users: 100, gone: 6, held: 6 },
    { users: 1_000, gone: 50, held: 0 },
    { users: 1_000, gone: 51, held: 51 },
  ].flatMap((of) => modes.map((mode) => ({ ...of, mode })));

  test.each(cases)('$gone of $users users gone, by $mode: $held held', async ({ users, gone, held, mode }) => {
    const { pulling, remove, live } = await start({ users });
    remove(0, gone);
    const report = await pulling.pull({ forced: mode === 'full' });
    expect(report).toMatchObject({ verdict: 'complete', held: { count: held } });
    const removed = held === 0 ? gone : 0;
    expect(streamOf(report)).toMatchObject(mode === 'full' ? { swept: removed } : { removedBySource: removed });
    expect(report.assets.removed).toBe(removed);
    expect(await live()).toBe(users - removed);
  });
});

test('a held removal changes nothing else: the rest is applied, cursors are adopted, and the log says why', async () => {
  const { simulator, pulling, remove, live } = await start();
  remove(0, 6);
  simulator.mutate([{ do: 'createUser' }, { do: 'updateUser', id: simulator.idOf('user', 50), set: { displayName: 'Renamed' } }]);
  const report = await pulling.pull();
  expect(report).toMatchObject({ verdict: 'complete', held: { count: 6, digest: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  expect(streamOf(report)).toMatchObject({ outcome: 'complete', added: 1, updated: 1, removedBySource: 0 });
  expect(await live()).toBe(101);
  const [line] = (await readLogs(database, { connection: pulling.spec.name, limit: 10 })).filter(({ level }) => level === 'warning');
  expect(line?.message).toBe('Removals are held: 6 records of users are more than 5, the percentage of those that live.');
  // The cursor is past the removals: they are not told again, and wait all the same.
  const next = await pulling.pull();
  expect(next).toMatchObject({ mode: 'delta', held: report.held });
  expect(streamOf(next)).toMatchObject({ read: 0, removedBySource: 0 });
});

test('the set grows by what is removed meanwhile, however little, and an old digest is void', async () => {
  const { pulling, remove, live } = await start();
  remove(0, 6);
  const first = await pulling.pull();
  remove(6, 7);
  const second = await pulling.pull();
  expect(second.held.count).toBe(7);
  expect(second.held.digest).not.toBe(first.held.digest);
  const refused = await pulling.approve(first.held.digest);
  expect(refused).toMatchObject({
    verdict: 'failed',
    mode: 'settle',
    reason: 'removals approved',
    error: { code: 'REMOVALS_HELD', message: expect.stringContaining(second.held.digest ?? '?') },
    held: second.held,
  });
  expect(await live()).toBe(100);
  expect(await pulling.approve(second.held.digest)).toMatchObject({
    verdict: 'complete',
    assets: { removed: 7 },
    held: { count: 0, digest: null },
  });
  expect(await live()).toBe(93);
});

test.each(modes)('what reappears leaves the set, seen by %s', async (mode) => {
  const { simulator, pulling } = await start();
  const ids = range(0, 8).map((index) => simulator.idOf('user', index));
  simulator.mutate(ids.map((id) => ({ do: 'deleteUser', id })));
  const before = await pulling.pull();
  expect(before.held.count).toBe(8);
  simulator.mutate([{ do: 'restoreUser', id: ids[3]! }]);
  const after = await pulling.pull({ forced: mode === 'full' });
  expect(after.held.count).toBe(7);
  expect(after.held.digest).not.toBe(before.held.digest);
  expect(await heldIds(pulling)).toEqual(ids.filter((id) => id !== ids[3]).sort());
  // Once more removed, it is a fresh removal, which joins.
  simulator.mutate([{ do: 'deleteUser', id: ids[3]! }]);
  expect((await pulling.pull()).held).toEqual(before.held);
});

test('a delta that has nothing new keeps set and digest', async () => {
  const { pulling, remove } = await start();
  remove(0, 6);
  const { held } = await pulling.pull();
  expect((await pulling.pull()).held).toEqual(held);
  expect((await pulling.pull()).held).toEqual(held);
});

test('a complete full pull supersedes the set: what it saw is out, what it did not see asks again', async () => {
  const { simulator, pulling, remove } = await start();
  // Graph says of users that they are gone which it lists all the same.
  const removed = range(0, 6).map((index) => ({ id: simulator.idOf('user', index), '@removed': { reason: 'deleted' } }));
  simulator.addFaults([{ phase: 'delta', match: 'users/delta', times: 1, fault: { kind: 'body', text: await pageOf(pulling, removed) } }]);
  expect((await pulling.pull()).held.count).toBe(6);
  remove(0, 2);
  const full = await pulling.pull({ forced: true });
  expect(full.held.count).toBe(2);
  expect(await heldIds(pulling)).toEqual([simulator.idOf('user', 0), simulator.idOf('user', 1)].sort());
  expect((await listHeld(database, { connection: pulling.spec.name, limit: 9 })).map(({ why, asked }) => [why, asked])).toEqual([
    ['absent', true],
    ['absent', true],
  ]);
});

test('a full pull that is not complete supersedes nothing', async () => {
  const { simulator, pulling, remove } = await start({}, { streams: ['users', 'groups'] });
  remove(0, 6);
  const { held } = await pulling.pull();
  expect(held.count).toBeGreaterThanOrEqual(6);
  simulator.addFaults([{ phase: 'list', match: '/users', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }]);
  expect(await pulling.pull({ forced: true })).toMatchObject({ verdict: 'partial' });
  expect((await heldIds(pulling)).length).toBeGreaterThanOrEqual(6);
});

describe('rejected', () => {
  test('nothing is removed; deltas go on as usual, and the next full pull asks again', async () => {
    const { pulling, remove, live } = await start();
    remove(0, 6);
    const { held } = await pulling.pull();
    const connection = pulling.spec.name;
    expect(await rejectHeld(database, { connection, digest: 'another', by: 'ana@host' })).toBe('changed');
    expect(await rejectHeld(database, { connection, digest: held.digest ?? '', by: 'ana@host' })).toBe('rejected');
    // Asked again, it is rejected still; another one is not there any more.
    expect(await rejectHeld(database, { connection, digest: held.digest ?? '', by: 'ana@host' })).toBe('rejected');
    expect(await rejectHeld(database, { connection, digest: 'another', by: 'ana@host' })).toBe('none');
    expect(await readHeld(database, connection)).toEqual({ count: 0, digest: null, groups: [] });
    remove(6, 8);
    const delta = await pulling.pull();
    expect(delta).toMatchObject({ held: { count: 0, digest: null }, assets: { removed: 2 } });
    expect(await live()).toBe(98);
    const full = await pulling.pull({ forced: true });
    expect(full).toMatchObject({ held: { count: 6 }, assets: { removed: 0 } });
    expect(await live()).toBe(98);
  });

  test('one alone asks again, although it is far below the limits', async () => {
    const { simulator, pulling, remove } = await start({ users: 1_000 }, { guard: { minimum: 0, percent: 0 } });
    remove(0, 1);
    const { held } = await pulling.pull();
    const { name } = pulling.spec;
    await rejectHeld(database, { connection: name, digest: held.digest ?? '', by: 'ana@host' });
    const lenient = await startPulling({ database, simulator, name, streams: ['users'], guard: unguarded });
    opened.push(lenient);
    expect((await lenient.pull({ forced: true })).held.count).toBe(1);
  });

  test('what comes back is out of it', async () => {
    const { simulator, pulling } = await start();
    const ids = range(0, 6).map((index) => simulator.idOf('user', index));
    simulator.mutate(ids.map((id) => ({ do: 'deleteUser', id })));
    const { held } = await pulling.pull();
    await rejectHeld(database, { connection: pulling.spec.name, digest: held.digest ?? '', by: 'ana@host' });
    simulator.mutate(ids.map((id) => ({ do: 'restoreUser', id })));
    await pulling.pull();
    expect(await database.query('select from held_removal where connection = $1', [pulling.spec.name])).toEqual([]);
  });
});

describe('approved', () => {
  test('exactly the set is removed, with its audit, and the day counts it', async () => {
    const { pulling, remove, live } = await start();
    remove(0, 20);
    const { held } = await pulling.pull();
    const settled = await pulling.approve(held.digest);
    expect(settled).toMatchObject({ verdict: 'complete', streams: [], assets: { added: 0, updated: 0, removed: 20, unchanged: 0 } });
    expect(await live()).toBe(80);
    const audit = await database.query('select action, by, details from audit where connection = $1', [pulling.spec.name]);
    expect(audit).toEqual([{ action: 'approve', by: 'ana@host', details: { run: expect.any(Number), digest: held.digest, count: 20 } }]);
    // Twenty of a hundred within a day: the next one waits.
    remove(20, 21);
    expect(await pulling.pull()).toMatchObject({ held: { count: 1 }, assets: { removed: 0 } });
  });

  test('more than a list may lose are not asked for until they are approved; those that exist are kept', async () => {
    const { simulator, pulling, remove, live } = await start();
    remove(0, 3);
    simulator.addFaults([{ phase: 'list', match: '/users', times: 1, fault: { kind: 'omit', count: 20 } }]);
    simulator.resetRequests();
    const { held } = await pulling.pull({ forced: true });
    expect(asked(simulator)).toBe(0);
    expect(held.count).toBe(23);
    expect(new Set((await listHeld(database, { connection: pulling.spec.name, limit: 99 })).map((line) => line.asked))).toEqual(
      new Set([false]),
    );
    expect(await pulling.approve(held.digest)).toMatchObject({ verdict: 'complete', assets: { removed: 3 }, held: { count: 0 } });
    expect(asked(simulator)).toBe(2);
    expect(await live()).toBe(97);
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('while the source does not answer, nothing is removed and all is held again', async () => {
    const { simulator, pulling, remove, live } = await start();
    remove(0, 20);
    const { held } = await pulling.pull({ forced: true });
    simulator.addFaults([{ phase: 'batch', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }]);
    expect(await pulling.approve(held.digest)).toMatchObject({ verdict: 'failed', error: { code: 'REMOVALS_HELD' }, held });
    expect(await live()).toBe(100);
    simulator.clearFaults();
    expect(await pulling.approve(held.digest)).toMatchObject({ verdict: 'complete', assets: { removed: 20 } });
  });

  const points: FailpointName[] = ['approve.begun', 'approve.afterMark', 'approve.afterAsk', 'approve.beforeApply', 'approve.afterSlice'];
  test.each(points)('an answer lost at %s: the run goes on and ends as if nothing had happened', async (name) => {
    const { simulator, pulling, remove } = await start();
    remove(0, 20);
    const { held } = await pulling.pull({ forced: true });
    armFailpoints({ name, nth: 1, effect: 'lost' });
    expect(await pulling.approve(held.digest)).toMatchObject({
      verdict: 'complete',
      assets: { removed: 20 },
      held: { count: 0, digest: null },
    });
    await expectInventoryOf(database, simulator, pulling.spec);
    expect(await database.query('select sum(applied) as applied from removal_day where connection = $1', [pulling.spec.name])).toEqual([
      { applied: 20 },
    ]);
  });

  test('edges go too, and leave their ends', async () => {
    const { simulator, pulling } = await start({}, { streams: ['users', 'groups'] });
    const edges = [...simulator.truth('edges')].filter((edge) => edge['kind'] === 'member');
    const gone = edges.slice(0, Math.ceil(edges.length / 10));
    simulator.mutate(gone.map((edge) => ({ do: 'removeMember', group: String(edge['from']), member: String(edge['to']) })));
    const { held } = await pulling.pull();
    expect(held.count).toBe(gone.length);
    const [line] = await listHeld(database, { connection: pulling.spec.name, limit: 1 });
    expect(line).toMatchObject({
      stream: 'groups',
      kind: 'member',
      why: 'source',
      asked: true,
      other: expect.any(String),
      name: expect.any(String),
    });
    expect(await pulling.approve(held.digest)).toMatchObject({ verdict: 'complete', assets: { removed: 0 } });
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

describe('over a day', () => {
  test('three runs, each below the limits, trip at the third', async () => {
    const { pulling, remove, live } = await start({ users: 1_000 });
    remove(0, 40);
    expect((await pulling.pull()).assets.removed).toBe(40);
    remove(40, 80);
    expect((await pulling.pull({ forced: true })).assets.removed).toBe(40);
    remove(80, 120);
    expect(await pulling.pull()).toMatchObject({ assets: { removed: 0 }, held: { count: 40 } });
    expect(await live()).toBe(920);
    const lines = await readLogs(database, { connection: pulling.spec.name, limit: 10 });
    expect(lines.find(({ level }) => level === 'warning')?.details).toEqual({
      because: [{ stream: 'users', kind: 'record', rule: 'daily', count: 120, limit: 100 }],
    });
  });

  test('what was removed more than a day ago does not count', async () => {
    const { pulling, remove } = await start({ users: 1_000 });
    for (const from of [0, 40]) {
      remove(from, from + 40);
      await pulling.pull();
    }
    await database.query(`update removal_day set at = at - interval '25 hours' where connection = $1`, [pulling.spec.name]);
    remove(80, 120);
    expect(await pulling.pull()).toMatchObject({ assets: { removed: 40 }, held: { count: 0 } });
    await database.query(`update removal_day set at = at - interval '25 hours' where connection = $1`, [pulling.spec.name]);
    remove(120, 121);
    await pulling.pull();
    expect(await database.query('select from removal_day where connection = $1', [pulling.spec.name])).toHaveLength(2);
  });
});

describe('a changed scope holds a single removal', () => {
  test.each([
    ['another client', { clientId: '00000000-0000-4000-8000-00000000c11e' }],
    ['another tenant', { tenantId: '00000000-0000-4000-8000-000000007e4a' }],
  ])('%s', async (_, scope) => {
    const { simulator, pulling, remove } = await start({ users: 1_000 });
    remove(0, 1);
    const { name } = pulling.spec;
    const other = await startPulling({ database, simulator, name, streams: ['users'], scope });
    opened.push(other);
    expect(await other.pull()).toMatchObject({ mode: 'full', reason: 'scope changed', held: { count: 1 }, assets: { removed: 0 } });
    // The cursor is the new scope's from here on.
    remove(1, 2);
    expect(await other.pull()).toMatchObject({ mode: 'delta', held: { count: 2 } });
  });

  test('without removals nothing is held', async () => {
    const { simulator, pulling } = await start();
    const other = await startPulling({
      database,
      simulator,
      name: pulling.spec.name,
      streams: ['users'],
      scope: { clientId: '00000000-0000-4000-8000-00000000c11e' },
    });
    opened.push(other);
    expect(await other.pull()).toMatchObject({ reason: 'scope changed', held: { count: 0 } });
  });
});

describe('edges that only follow their object', () => {
  test("do not count: a group's removal is one removal", async () => {
    const { simulator, pulling } = await start({ groups: 40, membershipsPerGroup: 30 }, { streams: ['users', 'groups'] });
    const group = simulator.idOf('group', 0);
    const members = [...simulator.truth('edges')].filter((edge) => edge['from'] === group).length;
    expect(members).toBeGreaterThan(5);
    simulator.mutate([{ do: 'deleteGroup', id: group, hard: true }]);
    const report = await pulling.pull({ forced: true });
    expect(report).toMatchObject({ held: { count: 0 }, assets: { removed: 1 } });
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('do not count either when the object went before', async () => {
    const { simulator, pulling } = await start({ groups: 40, membershipsPerGroup: 30 }, { streams: ['users', 'groups'] });
    const group = simulator.idOf('group', 0);
    simulator.mutate([{ do: 'deleteGroup', id: group, hard: true }]);
    await pulling.pull();
    const [left] = await database.query<{ edges: number }>('select count(*) as edges from edge where connection = $1 and from_id = $2', [
      pulling.spec.name,
      group,
    ]);
    const report = await pulling.pull({ forced: true });
    expect(report).toMatchObject({ held: { count: 0 } });
    expect(left?.edges).toBeGreaterThan(5);
    expect(await database.query('select from edge where connection = $1 and from_id = $2', [pulling.spec.name, group])).toEqual([]);
  });

  test('are held with it when the run is', async () => {
    const { simulator, pulling, live } = await start({ groups: 40, membershipsPerGroup: 10 }, { streams: ['users', 'groups'] });
    simulator.mutate(range(0, 30).map((index) => ({ do: 'deleteGroup', id: simulator.idOf('group', index), hard: true })));
    const { held } = await pulling.pull({ forced: true });
    const { groups } = await readHeld(database, pulling.spec.name);
    expect(groups).toEqual([
      { stream: 'groups', kind: 'member', why: 'absent', count: held.count - 30 },
      { stream: 'groups', kind: 'record', why: 'absent', count: 30 },
    ]);
    expect(await live()).toBe(100);
    expect(await pulling.approve(held.digest)).toMatchObject({ verdict: 'complete', held: { count: 0 } });
    await expectInventoryOf(database, simulator, pulling.spec);
    const days = await database.query('select kind, applied from removal_day where connection = $1', [pulling.spec.name]);
    expect(days).toEqual([{ kind: 'record', applied: 30 }]);
  });
});

test('one group over the guard holds the removals of all streams', async () => {
  const { simulator, pulling, remove } = await start({}, { streams: ['users', 'groups'] });
  remove(0, 6);
  simulator.mutate([{ do: 'deleteGroup', id: simulator.idOf('group', 0), hard: true }]);
  const report = await pulling.pull();
  expect(report.assets.removed).toBe(0);
  const { groups } = await readHeld(database, pulling.spec.name);
  expect(groups.filter(({ kind }) => kind === 'record').map(({ stream, count }) => [stream, count])).toEqual([
    ['groups', 1],
    ['users', 6],
  ]);
});

test('a rejected record counts as seen: it is neither removed nor held', async () => {
  const { simulator, pulling, live } = await start();
  simulator.addFaults([{ phase: 'list', match: '/users', times: 1, fault: { kind: 'poison', how: 'deep' } }]);
  const report = await pulling.pull({ forced: true });
  expect(streamOf(report)).toMatchObject({ rejected: 1, swept: 0 });
  expect(report.held.count).toBe(0);
  expect(await live()).toBe(100);
});

test('@removed of an id that is not known counts for nothing', async () => {
  const { simulator, pulling } = await start();
  const unknown = range(0, 50).map((index) => ({ id: `unknown-${index}`, '@removed': { reason: 'deleted' } }));
  simulator.addFaults([{ phase: 'delta', match: 'users/delta', times: 1, fault: { kind: 'body', text: await pageOf(pulling, unknown) } }]);
  const report = await pulling.pull();
  expect(report.held.count).toBe(0);
  expect(streamOf(report)).toMatchObject({ outcome: 'complete', removedBySource: 0 });
});

const settlePoints: FailpointName[] = ['settle.begun', 'settle.afterStage', 'settle.afterAsk', 'settle.afterJudge', 'settle.afterHold'];
test.each(settlePoints)('an answer lost at %s: what is held is the same', async (name) => {
  const { pulling, remove, live } = await start();
  const twin = await start();
  for (const each of [remove, twin.remove]) each(0, 20);
  const { held } = await twin.pulling.pull({ forced: true });
  armFailpoints({ name, nth: 1, effect: 'lost' });
  const report = await pulling.pull({ forced: true });
  expect(report).toMatchObject({ verdict: 'complete', held: { count: held.count } });
  expect(await live()).toBe(100);
  const lines = await readLogs(database, { connection: pulling.spec.name, limit: 10 });
  expect(lines.filter(({ level }) => level === 'warning')).toHaveLength(1);
});

const asked = (simulator: Simulator): number => simulator.requests().filter(({ path }) => path.endsWith('/$batch')).length;

/** A delta's only page, with the link that the stream has already. */
async function pageOf({ spec }: Pulling, value: readonly object[]): Promise<string> {
  const [row] = await database.query<{ link: string }>(`select link from cursor where connection = $1 and stream = 'users'`, [spec.name]);
  return JSON.stringify({ value, '@odata.deltaLink': row?.link });
}
