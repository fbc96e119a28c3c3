// What went wrong elsewhere, in public: each incident on the real pull, guard and store. None may lose an inventory here.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulator.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import { defaultRoles } from '../../simulator/permissions.ts';
import type { RunReport, StreamReport } from '../../src/model.ts';
import { searchAssets } from '../../src/store/asset.ts';
import type { Database } from '../../src/store/database.ts';
import { readHeld } from '../../src/store/held.ts';
import { readLogs } from '../../src/store/log.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';
import type { Pulling, PullingOptions } from '../support/pulling.ts';
import { liveIds } from '../support/storing.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf, storedInventory } from '../support/tenant.ts';

let database: Database;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
  await expectTally(database);
});

let names = 0;

interface Started {
  readonly simulator: Simulator;
  readonly pulling: Pulling;
  readonly name: string;
}

/** A tenant that was pulled once, by the shipped guard. */
async function start(tenant: Partial<SimulatorOptions> = {}, options: Partial<PullingOptions> = {}): Promise<Started> {
  const simulator = await startSimulator({ users: 60, groups: 30, ...tenant });
  opened.push(simulator);
  names += 1;
  const name = `tenant-${names}`;
  const pulling = await startPulling({ database, simulator, name, streams: ['users', 'groups'], ...options });
  opened.push(pulling);
  expect(await pulling.pull()).toMatchObject({ verdict: 'complete', held: { count: 0 } });
  await expectInventoryOf(database, simulator, pulling.spec);
  return { simulator, pulling, name };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

const streamOf = (report: RunReport, name: string): StreamReport => {
  const found = report.streams.find((stream) => stream.stream === name);
  if (found === undefined) throw new Error(`The report has no stream ${name}`);
  return found;
};

/** Everything that is stored of a connection and lives, numbers included: what was removed and made anew differs. */
async function everything(name: string): Promise<unknown> {
  return {
    records: await database.query('select stream, id, num, body from record where connection = $1 and tombstoned_at is null order by num', [
      name,
    ]),
    edges: await database.query('select num, kind, from_id, to_id from edge where connection = $1 order by num', [name]),
  };
}

const linkOf = async (name: string, stream: string): Promise<string> => {
  const [row] = await database.query<{ link: string }>('select link from cursor where connection = $1 and stream = $2', [name, stream]);
  if (row === undefined) throw new Error(`No cursor of ${stream}`);
  return row.link;
};

const emptyList: FaultRule = { phase: 'list', match: '/users', fault: { kind: 'body', text: '{"value":[]}' } };

describe('awslabs/ssosync', () => {
  test('#194: a read that came back without users deletes none, and their groups stay', async () => {
    const { simulator, pulling, name } = await start();
    const before = await everything(name);
    simulator.addFaults([emptyList]);
    const report = await pulling.pull({ forced: true });
    expect(report).toMatchObject({ verdict: 'complete', held: { count: 60 }, assets: { added: 0, removed: 0 } });
    expect(await everything(name)).toEqual(before);
    simulator.clearFaults();
    // The next cycle sees them again: nothing was recreated, and nothing waits any more.
    expect(await pulling.pull({ forced: true })).toMatchObject({ held: { count: 0 }, assets: { added: 0, removed: 0 } });
    expect(await everything(name)).toEqual(before);
  });

  test.each([
    ['slow beyond the limit', { kind: 'status', status: 504 }],
    ['refused', { kind: 'status', status: 403, code: 'Authorization_RequestDenied' }],
    ['not JSON', { kind: 'body', text: '<html>' }],
    ['without its list', { kind: 'body', text: '{}' }],
  ] as const)('#194: a read that failed (%s) deletes none', async (_, fault) => {
    const { simulator, pulling, name } = await start({}, { timings: { workedLimitMs: 1, pagelessLimitMs: 1 } });
    const before = await everything(name);
    simulator.addFaults([{ phase: 'list', match: '/users', fault }]);
    const report = await pulling.pull({ forced: true });
    expect(report).toMatchObject({ verdict: 'partial', held: { count: 0 }, assets: { removed: 0 } });
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'failed', error: { code: expect.any(String) } });
    expect(await everything(name)).toEqual(before);
  });

  test('#236: groups that came back without members keep them until somebody approves', async () => {
    const { simulator, pulling, name } = await start();
    const members = (await storedInventory(database, name)).edges.size;
    const value = [...simulator.truth('groups')].map(({ id, displayName }) => ({ id, displayName }));
    const text = JSON.stringify({ value, '@odata.deltaLink': await linkOf(name, 'groups') });
    simulator.addFaults([{ phase: 'first', match: 'groups/delta', times: 1, fault: { kind: 'body', text } }]);
    const report = await pulling.pull({ forced: true });
    expect(streamOf(report, 'groups')).toMatchObject({ outcome: 'complete', swept: 0 });
    expect((await readHeld(database, name)).groups).toEqual([{ stream: 'groups', kind: 'member', why: 'absent', count: members }]);
    expect((await storedInventory(database, name)).edges.size).toBe(members);
    // The next complete read has them again.
    expect((await pulling.pull({ forced: true })).held.count).toBe(0);
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('#88: what a connection does not own it does not delete, whatever its source says', async () => {
    const { simulator, pulling, name } = await start();
    const other = await start({ seed: 99 });
    const before = await everything(other.name);
    const foreign = [...range(0, 60).map((index) => other.simulator.idOf('user', index)), 'unknown', simulator.idOf('group', 1)];
    const value = foreign.map((id) => ({ id, '@removed': { reason: 'deleted' } }));
    const text = JSON.stringify({ value, '@odata.deltaLink': await linkOf(name, 'users') });
    simulator.addFaults([{ phase: 'delta', match: 'users/delta', times: 1, fault: { kind: 'body', text } }]);
    expect(await pulling.pull()).toMatchObject({ verdict: 'complete', held: { count: 0 }, assets: { removed: 0 } });
    await expectInventoryOf(database, simulator, pulling.spec);
    expect(await everything(other.name)).toEqual(before);
  });

  test('#291: a change of name, mail and manager is an update of the same record', async () => {
    const { simulator, pulling, name } = await start();
    const id = simulator.idOf('user', 7);
    const numberOf = (): Promise<unknown> =>
      database.query('select num, first_seen from record where connection = $1 and id = $2', [name, id]);
    const before = await numberOf();
    const set = { displayName: 'Renamed', mail: 'renamed@contoso.example', userPrincipalName: 'renamed@contoso.example' };
    simulator.mutate([{ do: 'updateUser', id, set }]);
    expect(await pulling.pull()).toMatchObject({ assets: { added: 0, updated: 1, removed: 0 } });
    expect(await numberOf()).toEqual(before);
    expect(await pulling.pull({ forced: true })).toMatchObject({ assets: { added: 0, removed: 0 } });
    expect(await numberOf()).toEqual(before);
  });
});

describe('noobient.com: 44 users deleted, the administrators among them, and a limit of 500 never tripped', () => {
  test.each(['delta', 'full'] as const)('all 44 wait, found by %s', async (mode) => {
    const { simulator, pulling, name } = await start({ users: 44 });
    const before = await everything(name);
    simulator.mutate(range(0, 44).map((index) => ({ do: 'deleteUser', id: simulator.idOf('user', index), hard: true })));
    const report = await pulling.pull({ forced: mode === 'full' });
    expect(report).toMatchObject({ verdict: 'complete', assets: { removed: 0 } });
    const { groups } = await readHeld(database, name);
    expect(groups.find(({ stream, kind }) => stream === 'users' && kind === 'record')?.count).toBe(44);
    expect(await everything(name)).toEqual(before);
  });
});

test('Keycloak #20177: once its credential works again, users are the same as before, not deleted and made anew', async () => {
  const { simulator, pulling, name } = await start();
  const before = await everything(name);
  // Temporal would try again and again; here a stream gives up at once.
  const impatient = await startPulling({
    database,
    simulator,
    name,
    streams: ['users', 'groups'],
    timings: { workedLimitMs: 1, pagelessLimitMs: 1 },
  });
  opened.push(impatient);
  simulator.addFaults([{ phase: 'token', fault: { kind: 'status', status: 401, code: 'invalid_client' } }]);
  for (const forced of [false, true]) {
    expect(await impatient.pull({ forced })).toMatchObject({ verdict: 'failed', held: { count: 0 }, assets: { removed: 0 } });
    expect(await everything(name)).toEqual(before);
  }
  simulator.clearFaults();
  for (const forced of [false, true]) {
    expect(await impatient.pull({ forced })).toMatchObject({ verdict: 'complete', held: { count: 0 }, assets: { added: 0, removed: 0 } });
    expect(await everything(name)).toEqual(before);
  }
  // And where the directory itself made all of them anew, the old ones wait.
  simulator.mutate(range(0, 60).map((index) => ({ do: 'deleteUser', id: simulator.idOf('user', index), hard: true })));
  simulator.mutate(range(0, 60).map(() => ({ do: 'createUser' })));
  const report = await pulling.pull();
  expect(report.assets).toMatchObject({ added: 60, removed: 0 });
  expect(report.held.count).toBeGreaterThanOrEqual(60);
});

describe('Airbyte', () => {
  test.each(['#12782', '#13312'].flatMap((issue) => [1, 2, 3].map((page) => ({ issue, page }))))(
    '$issue: a source that fails at page $page leaves what was there, and its new cursor unused',
    async ({ issue, page }) => {
      const { simulator, pulling, name } = await start({ settings: { deltaPageSize: 10 } });
      const before = await everything(name);
      const links = await linkOf(name, 'groups');
      // The one raised an exception, the other got an answer of another shape.
      const fault = issue === '#12782' ? ({ kind: 'status', status: 403 } as const) : ({ kind: 'body', text: '{"error":{}}' } as const);
      simulator.addFaults([{ phase: page === 1 ? 'first' : 'page', match: 'groups/delta', at: [Math.max(page - 1, 1)], fault }]);
      const report = await pulling.pull({ forced: true });
      expect(streamOf(report, 'groups')).toMatchObject({ outcome: 'failed', swept: 0 });
      expect(report).toMatchObject({ verdict: 'partial', held: { count: 0 } });
      expect(await everything(name)).toEqual(before);
      expect(await linkOf(name, 'groups')).toBe(links);
    },
  );

  test('#73715: what a complete run says it read is what a search finds', async () => {
    const { simulator, pulling, name } = await start({ users: 1_010 });
    const report = await pulling.pull({ forced: true });
    const found: string[] = [];
    const search = { where: 'r.connection = $1', params: [name], scope: 'live', limit: null, relations: {} } as const;
    for await (const { stream, id } of searchAssets(database, search)) found.push(`${stream} ${id}`);
    for (const stream of ['users', 'groups']) {
      expect(found.filter((line) => line.startsWith(`${stream} `))).toHaveLength(streamOf(report, stream).read);
    }
    expect(streamOf(report, 'users').read).toBe(1_010);
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

test('redhat-cop/group-sync-operator #100: groups read in part are not called complete, and none is emptied', async () => {
  const { simulator, pulling, name } = await start({ groups: 110, settings: { deltaPageSize: 20 } });
  const before = await everything(name);
  simulator.addFaults([{ phase: 'page', match: 'groups/delta', at: [1], fault: { kind: 'status', status: 403 } }]);
  const report = await pulling.pull({ forced: true });
  expect(report.verdict).toBe('partial');
  expect(streamOf(report, 'groups')).toMatchObject({ outcome: 'failed', error: { code: 'SOURCE_FORBIDDEN' } });
  expect(streamOf(report, 'groups').read).toBeLessThan(110);
  expect(await everything(name)).toEqual(before);
  simulator.clearFaults();
  expect(streamOf(await pulling.pull({ forced: true }), 'groups')).toMatchObject({ outcome: 'complete', read: 110 });
  await expectInventoryOf(database, simulator, pulling.spec);
});

test('ssoready #164: who gets another mail address is not marked as deleted', async () => {
  const { simulator, pulling, name } = await start();
  const ids = range(0, 30).map((index) => simulator.idOf('user', index));
  simulator.mutate(
    ids.map((id, index) => ({
      do: 'updateUser',
      id,
      set: { mail: `new-${index}@contoso.example`, userPrincipalName: `new-${index}@contoso.example` },
    })),
  );
  const report = await pulling.pull();
  expect(report).toMatchObject({ held: { count: 0 }, assets: { added: 0, updated: 30, removed: 0 } });
  expect(await liveIds(database, name)).toHaveLength(60);
  await expectInventoryOf(database, simulator, pulling.spec);
});

test('probo #689: who belongs to another connection, or another stream, is not touched by a sweep', async () => {
  const { simulator, pulling } = await start();
  const other = await start({ seed: 7 });
  const before = await everything(other.name);
  simulator.mutate(range(0, 3).map((index) => ({ do: 'deleteUser', id: simulator.idOf('user', index), hard: true })));
  const report = await pulling.pull({ forced: true });
  expect(streamOf(report, 'users').swept).toBe(3);
  expect(streamOf(report, 'groups').swept).toBe(0);
  expect(await everything(other.name)).toEqual(before);
  await expectInventoryOf(database, simulator, pulling.spec);
});

describe('steampipe', () => {
  test('azure #250: 519 users end, and a page that links to itself ends the stream instead of the patience', async () => {
    const { simulator, pulling, name } = await start({ users: 519 });
    expect(await liveIds(database, name)).toHaveLength(519);
    simulator.addFaults([{ phase: 'list', match: '/users', fault: { kind: 'selfLink' } }]);
    const report = await pulling.pull({ forced: true });
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'failed', error: { code: 'LINK_REFUSED' } });
    expect(await liveIds(database, name)).toHaveLength(519);
  });

  test('azuread #121: rows that came before a failure are no complete answer, and the error says what it is', async () => {
    const { simulator, pulling, name } = await start({ users: 2_010 });
    const before = await everything(name);
    simulator.addFaults([{ phase: 'page', match: 'v1.0/users', at: [1], fault: { kind: 'body', text: '{"error":null}' } }]);
    const report = await pulling.pull({ forced: true });
    const users = streamOf(report, 'users');
    expect(users).toMatchObject({ outcome: 'failed', read: 999, swept: 0 });
    expect(users.error).toMatchObject({
      code: 'SOURCE_SHAPE_CHANGED',
      message: expect.stringMatching(/\w{5}/),
      hint: expect.stringMatching(/\w{5}/),
    });
    expect(await everything(name)).toEqual(before);
  });
});

describe('Microsoft Sentinel, Qualys connector v3.0.10: 20 s were too short for a large tenant', () => {
  test('a page that is slow is read, and the pages before one that is too slow are not read again', async () => {
    const { simulator, pulling } = await start({ users: 2_010 });
    simulator.addFaults([
      { phase: 'list', match: 'v1.0/users', fault: { kind: 'slow', bytesPerSecond: 400_000 } },
      { phase: 'page', match: 'v1.0/users', at: [1, 2], fault: { kind: 'reset' } },
    ]);
    simulator.resetRequests();
    const report = await pulling.pull({ forced: true });
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'complete', read: 2_010, pages: 5 });
    expect(simulator.requests().filter(({ phase, path }) => phase === 'list' && path === '/v1.0/users')).toHaveLength(1);
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('a source that never answers ends the run with its reason, and what was there stays', async () => {
    const { simulator, pulling, name } = await start({}, { timings: { workedLimitMs: 1, pagelessLimitMs: 1 } });
    const before = await everything(name);
    simulator.addFaults([{ match: '/v1.0/', fault: { kind: 'reset' }, phase: 'delta' }]);
    const report = await pulling.pull();
    expect(report).toMatchObject({ verdict: 'failed', held: { count: 0 } });
    for (const { error } of report.streams) expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(await everything(name)).toEqual(before);
  });
});

// Decision 59: https://learn.microsoft.com/graph/permissions-reference#memberreadhidden
test('members that a group hides are neither added nor swept without the permission, and read again with it', async () => {
  const seeing = [...defaultRoles, 'Member.Read.Hidden'];
  const { simulator, name, ...first } = await start({ settings: { roles: seeing } });
  const members = (group: string): string[] =>
    [...simulator.truth('edges')].flatMap(({ kind, from, to }) => (kind === 'member' && from === group ? [String(to)] : []));
  const [hidden = '', open = ''] = [...simulator.truth('groups')].map(({ id }) => String(id)).filter((id) => members(id).length > 2);
  const users = [...simulator.truth('users')].map(({ id }) => String(id));
  const outsider = users.find((id) => !members(hidden).includes(id) && !members(open).includes(id)) ?? '';
  simulator.mutate([{ do: 'updateGroup', id: hidden, set: { visibility: 'HiddenMembership' } }]);
  await first.pulling.pull();
  await expectInventoryOf(database, simulator, first.pulling.spec);
  const stored = async (group: string): Promise<string[]> => {
    const rows = await database.query<{ to: string }>(
      `select to_id as "to" from edge where connection = $1 and kind = 'member' and from_id = $2 order by to_id`,
      [name, group],
    );
    return rows.map(({ to }) => to);
  };
  const before = await stored(hidden);
  expect(before).toEqual(members(hidden).sort());

  const pullWith = async (roles: readonly string[], forced: boolean): Promise<string[]> => {
    simulator.configure({ roles });
    // A pulling of its own has a token of its own.
    const pulling = await startPulling({ database, simulator, name, streams: ['users', 'groups'], guard: unguarded });
    opened.push(pulling);
    const report = await pulling.pull({ forced });
    expect(report).toMatchObject({ verdict: 'complete', held: { count: 0 } });
    const lines = await readLogs(database, { connection: name, run: Number(report.run.split(':')[1]), limit: 100 });
    return lines.map(({ message }) => message).filter((message) => message.includes('members'));
  };
  simulator.mutate(
    [hidden, open].flatMap((group) => [
      { do: 'addMember', group, member: outsider } as const,
      { do: 'removeMember', group, member: members(group)[0]! } as const,
    ]),
  );
  expect(await pullWith(defaultRoles, false)).toEqual([]);
  expect([await stored(hidden), await stored(open)]).toEqual([before, members(open).sort()]);
  simulator.mutate([{ do: 'removeMember', group: open, member: members(open)[0]! }]);
  expect(await pullWith(defaultRoles, true)).toEqual([
    'Groups and their members: 1 hides its members. What is known of these stays as it is.',
  ]);
  expect([await stored(hidden), await stored(open)]).toEqual([before, members(open).sort()]);
  expect(await pullWith(seeing, true)).toEqual([]);
  expect(await stored(hidden)).toEqual(members(hidden).sort());
});
