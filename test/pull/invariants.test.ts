// The invariants of a pull (design 4), on a real database and the simulator, without Temporal. Faults come from the simulator.
import { compileQuery } from '../../src/query/compile.ts';
import { searchAssets } from '../../src/store/asset.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulator.ts';
import type { FaultRule } from '../../simulator/faults.ts';
import type { RunReport, StreamReport } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';
import type { Pulling, PullingOptions } from '../support/pulling.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf, storedInventory, trueInventory } from '../support/tenant.ts';

/** Users of a tenant where nothing else is said. */
const size = 120;
const allStreams = ['users', 'groups', 'roles', 'appRoleAssignments'];

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

async function start(
  tenant: Partial<SimulatorOptions> = {},
  options: Partial<PullingOptions> = {},
): Promise<{ simulator: Simulator; pulling: Pulling }> {
  const simulator = await startSimulator({ users: size, ...tenant });
  opened.push(simulator);
  names += 1;
  const pulling = await startPulling({
    database,
    simulator,
    name: `tenant-${names}`,
    streams: allStreams,
    settings: { owners: true },
    guard: unguarded,
    ...options,
  });
  opened.push(pulling);
  return { simulator, pulling };
}

const streamOf = (report: RunReport, name: string): StreamReport => {
  const found = report.streams.find((stream) => stream.stream === name);
  if (found === undefined) throw new Error(`The report has no stream ${name}`);
  return found;
};

/** I6: counts add up. Asserted on every report of this file. */
function expectCountsToAddUp(report: RunReport): void {
  for (const stream of report.streams) {
    const { read, added, updated, unchanged, removedBySource, rejected, excluded } = stream;
    expect({ stream: stream.stream, read }).toEqual({
      stream: stream.stream,
      read: added + updated + unchanged + removedBySource + rejected + excluded,
    });
  }
}

async function pulled(pulling: Pulling, options?: { readonly forced?: boolean }): Promise<RunReport> {
  const report = await pulling.pull(options);
  expectCountsToAddUp(report);
  return report;
}

describe('requests', () => {
  test('a full pull of 2,000 users and 200 groups with 7,470 memberships takes at most 20, a delta after 50 changes at most 10', async () => {
    const { simulator, pulling } = await start({ users: 2_000 });
    const full = await pulled(pulling);
    expect(full).toMatchObject({ verdict: 'complete', mode: 'full', reason: 'first run' });
    expect(simulator.requests().length).toBeLessThanOrEqual(20);
    expect([...simulator.truth('edges')].filter((edge) => edge['kind'] === 'member')).toHaveLength(7_470);
    await expectInventoryOf(database, simulator, pulling.spec);
    simulator.mutate(50);
    simulator.resetRequests();
    expect(await pulled(pulling)).toMatchObject({ verdict: 'complete', mode: 'delta', reason: 'delta' });
    expect(simulator.requests().length).toBeLessThanOrEqual(10);
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('a quiet delta writes no record, edge or asset', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    simulator.resetRequests();
    const quiet = await pulled(pulling);
    expect(quiet.assets).toMatchObject({ added: 0, updated: 0, removed: 0 });
    expect(simulator.requests().map((request) => request.path)).toHaveLength(5);
    const changes = await database.query('select from run_change where run = $1', [Number(quiet.run.split(':')[1])]);
    expect(changes).toHaveLength(0);
  });

  test('service principals with 20 or more assignments cost one chain each', async () => {
    const { simulator, pulling } = await start({ largeServicePrincipals: 3 });
    await pulled(pulling);
    expect(simulator.requests().filter((request) => request.path.endsWith('/appRoleAssignedTo'))).toHaveLength(3);
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

const faults: readonly (readonly [string, FaultRule['fault']])[] = [
  ['429 without Retry-After', { kind: 'throttle' }],
  ['429 with Retry-After 0', { kind: 'throttle', retryAfter: 0 }],
  ['429 with a date', { kind: 'throttle', retryAfter: new Date(0).toUTCString() }],
  ['500', { kind: 'status', status: 500 }],
  ['502 as HTML', { kind: 'status', status: 502, html: true }],
  ['503 with Retry-After', { kind: 'status', status: 503, retryAfter: 0 }],
  ['504', { kind: 'status', status: 504 }],
  ['tokens dying', { kind: 'tokenDies' }],
  ['a reset', { kind: 'reset' }],
  ['a cut body', { kind: 'cut', bytes: 400 }],
  ['a truncated body', { kind: 'truncated' }],
  ['a wrong length', { kind: 'wrongLength', by: 10 }],
  ['empty pages', { kind: 'emptyPage' }],
  ['duplicates', { kind: 'duplicate', count: 5 }],
  ['replayed pages', { kind: 'replay' }],
  ['split groups', { kind: 'splitGroups' }],
];

/** Of the years of changes: one in a run of all tests. */
const seeds = process.env['TIDEMARK_TEST_YEAR'] === 'whole' ? [1, 7, 42] : [7];

describe('I1 the final inventory equals the fault-free one', () => {
  test.each(faults)('%s on every tenth request', async (_, fault) => {
    const { simulator, pulling } = await start({ settings: { deltaPageSize: 15, deltaMemberPageSize: 30 } });
    simulator.addFaults([{ match: '/v1.0/', every: 10, times: 40, fault }]);
    expect((await pulled(pulling)).verdict).toBe('complete');
    await expectInventoryOf(database, simulator, pulling.spec);
    simulator.mutate(60);
    expect((await pulled(pulling)).verdict).toBe('complete');
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test.each(seeds)('a year of changes between deltas and baselines (seed %i)', async (seed) => {
    const { simulator, pulling } = await start({ seed, users: 150, settings: { deltaPageSize: 20, deltaMemberPageSize: 30 } });
    await pulled(pulling);
    for (let round = 1; round <= 12; round += 1) {
      simulator.mutate(10 + ((round * seed) % 37));
      expect((await pulled(pulling, { forced: round % 5 === 0 })).verdict).toBe('complete');
      await expectInventoryOf(database, simulator, pulling.spec);
    }
  });

  test('changes every single event of a round, in order, to the same end', async () => {
    const { simulator, pulling } = await start({ users: 150, settings: { deltaEvents: 'each', deltaPageSize: 7, deltaMemberPageSize: 5 } });
    await pulled(pulling);
    simulator.mutate(200);
    expect((await pulled(pulling)).verdict).toBe('complete');
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

describe('a pair that one round both removes and adds, on different pages', () => {
  test.each([
    ['user', ['removeMember', 'addMember']],
    ['user', ['addMember', 'removeMember']],
    ['servicePrincipal', ['removeMember', 'addMember']],
    ['servicePrincipal', ['addMember', 'removeMember']],
  ] as const)('%s: %s', async (kind, order) => {
    const { simulator, pulling } = await start({ settings: { deltaEvents: 'each', deltaPageSize: 1 } }, { streams: ['users', 'groups'] });
    const group = simulator.idOf('group', 1);
    const member = simulator.idOf(kind, 2);
    const isMember = [...simulator.truth('edges')].some((edge) => edge['from'] === group && edge['to'] === member);
    // The first of the two must change something.
    if (isMember === (order[0] === 'addMember')) simulator.mutate([{ do: isMember ? 'removeMember' : 'addMember', group, member }]);
    await pulled(pulling);
    simulator.mutate(order.map((step) => ({ do: step, group, member })));
    expect((await pulled(pulling)).verdict).toBe('complete');
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('more of them than a run asks for make the next pull of the groups full (decision 9)', async () => {
    const { simulator, pulling } = await start(
      { users: 400, settings: { deltaEvents: 'each', deltaPageSize: 50 } },
      { streams: ['users', 'groups'], guard: { percent: 100, dailyPercent: 100 } },
    );
    await pulled(pulling);
    const members = [...simulator.truth('edges')].filter(({ kind }) => kind === 'member').slice(0, 130);
    for (const step of ['removeMember', 'addMember'] as const)
      simulator.mutate(members.map(({ from, to }) => ({ do: step, group: String(from), member: String(to) })));
    expect(streamOf(await pulled(pulling), 'groups')).toMatchObject({ mode: 'delta', outcome: 'complete' });
    expect(streamOf(await pulled(pulling), 'groups')).toMatchObject({ mode: 'full', outcome: 'complete' });
    await expectInventoryOf(database, simulator, pulling.spec);
    expect(streamOf(await pulled(pulling), 'groups')).toMatchObject({ mode: 'delta', outcome: 'complete' });
  });
});

test('I2 no duplicates of (connection, stream, source id)', async () => {
  const { simulator, pulling } = await start();
  simulator.addFaults([{ match: '/v1.0/', every: 2, times: 30, fault: { kind: 'duplicate', count: 3 } }]);
  const report = await pulled(pulling);
  expect(report.verdict).toBe('complete');
  const stored = await database.query<{ twice: number }>(
    'select count(*) - count(distinct (stream, id)) as twice from record where connection = $1',
    [pulling.spec.name],
  );
  expect(stored).toEqual([{ twice: 0 }]);
  expect(streamOf(report, 'users').read).toBe(size);
  await expectInventoryOf(database, simulator, pulling.spec);
});

describe('I3 a cursor is adopted only by a run whose every page of that stream was committed', () => {
  test('a stream that failed keeps the cursor it had; the others adopt theirs', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    const before = await cursorsOf(pulling);
    simulator.mutate(40);
    simulator.addFaults([{ match: 'users/delta', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }]);
    const report = await pulled(pulling);
    expect(report.verdict).toBe('partial');
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'failed', error: { code: 'SOURCE_FORBIDDEN' } });
    const after = await cursorsOf(pulling);
    expect(after['users']).toBe(before['users']);
    expect(after['groups']).not.toBe(before['groups']);
    simulator.clearFaults();
    expect(await pulled(pulling)).toMatchObject({ verdict: 'complete', mode: 'delta' });
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

describe('I4 a tombstone needs proof', () => {
  test('a user left out of the list by the source is asked for and kept', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    simulator.addFaults([{ phase: 'list', match: '/users', at: [1], fault: { kind: 'omit', count: 25 } }]);
    const report = await pulled(pulling, { forced: true });
    expect(streamOf(report, 'users')).toMatchObject({ mode: 'full', swept: 0 });
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('what a full pull does not see and the source does not know any more is swept', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    const gone = Array.from({ length: 30 }, (_, index) => ({ do: 'deleteUser' as const, id: simulator.idOf('user', index), hard: true }));
    simulator.mutate(gone);
    const report = await pulled(pulling, { forced: true });
    expect(streamOf(report, 'users').swept).toBe(30);
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('who cannot be asked for is not removed: the stream ends partial and the next run finds it again', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    simulator.mutate([{ do: 'deleteUser', id: simulator.idOf('user', 4), hard: true }]);
    simulator.addFaults([{ phase: 'batch', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }]);
    const report = await pulled(pulling, { forced: true });
    expect(report.verdict).toBe('partial');
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'partial', swept: 0, error: { code: 'SOURCE_FORBIDDEN' } });
    simulator.clearFaults();
    expect(streamOf(await pulled(pulling, { forced: true }), 'users')).toMatchObject({ outcome: 'complete', swept: 1 });
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

describe('I5 a failed or partial run removes nothing beyond such proof', () => {
  test.each([
    [
      'the last page of the list is refused',
      { phase: 'page', match: 'v1.0/users', at: [1], fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } },
    ],
    ['the closing round is refused', { phase: 'delta', match: 'users/delta', fault: { kind: 'status', status: 403 } }],
    ['the groups break off', { match: 'groups/delta', at: [3], fault: { kind: 'body', text: '{}' } }],
  ] as const)('%s', async (_, rule) => {
    const { simulator, pulling } = await start({ users: 1_050 });
    await pulled(pulling);
    const before = await storedInventory(database, pulling.spec.name);
    const gone = Array.from({ length: 30 }, (_unused, index) => ({
      do: 'deleteUser' as const,
      id: simulator.idOf('user', index),
      hard: true,
    }));
    simulator.mutate(gone);
    simulator.addFaults([rule]);
    const report = await pulled(pulling, { forced: true });
    expect(report.verdict).toBe('partial');
    const failed = report.streams.filter((stream) => stream.outcome !== 'complete').map((stream) => stream.stream);
    const after = await storedInventory(database, pulling.spec.name);
    for (const stream of failed) {
      const lost = [...before.records.keys()].filter((key) => key.startsWith(`${stream} `) && !after.records.has(key));
      expect({ stream, lost }).toEqual({ stream, lost: [] });
    }
    simulator.clearFaults();
    expect((await pulled(pulling, { forced: true })).verdict).toBe('complete');
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

test('I6 counts add up, also for what was removed, set aside and changed in one run', async () => {
  const { simulator, pulling } = await start({ users: 200 });
  await pulled(pulling);
  simulator.mutate(80);
  simulator.addFaults([{ match: 'users/delta', at: [1], fault: { kind: 'poison', how: 'missingId' } }]);
  const report = await pulled(pulling);
  const users = streamOf(report, 'users');
  expect(users.rejected).toBe(1);
  expect(users.removedBySource).toBeGreaterThan(0);
});

test('I8 older data never overwrites newer: what changes while a list is read is in the closing round', async () => {
  const { simulator, pulling } = await start({ users: 2_010 });
  simulator.addFaults([{ phase: 'list', match: '/users', every: 1, times: 3, fault: { kind: 'mutate', changes: 60 } }]);
  const report = await pulled(pulling);
  expect(report.verdict).toBe('complete');
  const users = [...trueInventory(simulator, pulling.spec).records.keys()].filter((key) => key.startsWith('users '));
  const stored = [...(await storedInventory(database, pulling.spec.name)).records.keys()].filter((key) => key.startsWith('users '));
  expect(new Set(stored)).toEqual(new Set(users));
});

test("I10 identity is the source's immutable id: a rename is an update", async () => {
  const { simulator, pulling } = await start();
  await pulled(pulling);
  const id = simulator.idOf('user', 5);
  simulator.mutate([{ do: 'updateUser', id, set: { userPrincipalName: 'renamed@contoso.example', displayName: 'Renamed' } }]);
  const report = await pulled(pulling);
  expect(streamOf(report, 'users')).toMatchObject({ read: 1, added: 0, updated: 1, removedBySource: 0 });
  const [asset] = await database.query<{ document: { asset: { assetHeader: { externalAssetId: string; vendorAssetId: string } } } }>(
    `select a.document from asset a join record r on r.num = a.num where r.connection = $1 and r.id = $2`,
    [pulling.spec.name, id],
  );
  expect(asset?.document.asset.assetHeader).toMatchObject({ externalAssetId: 'renamed@contoso.example', vendorAssetId: id });
});

describe('I11 a poison record is set aside with its reason and its page goes on', () => {
  test.each(['missingId', 'deep', 'wrongType', 'longText'] as const)('%s', async (how) => {
    const { simulator, pulling } = await start();
    simulator.addFaults([{ phase: 'list', match: '/users', at: [1], fault: { kind: 'poison', how } }]);
    const report = await pulled(pulling);
    expect(report.verdict).toBe('complete');
    expect(streamOf(report, 'users').read).toBe(size);
  });

  test.each(['nul', 'surrogate', 'proto', 'hugeNumber'] as const)('%s is held, not refused', async (how) => {
    const { simulator, pulling } = await start();
    simulator.addFaults([{ phase: 'list', match: '/users', at: [1], fault: { kind: 'poison', how } }]);
    const report = await pulled(pulling);
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'complete', read: size });
  });

  test('its last good asset stays live and is marked stale until the record is good again (decision 5)', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    const stale = async (): Promise<number> => {
      const { sql, params } = compileQuery('stale:true class:user');
      const where = { where: sql, params, places: { sql: 'r.connection = $1', params: [pulling.spec.name] } };
      let marked = 0;
      for await (const asset of searchAssets(database, { ...where, scope: 'live', limit: null, relations: {} })) {
        expect(asset).toMatchObject({ stale: true, document: { asset: {} } });
        marked += 1;
      }
      return marked;
    };
    expect(await stale()).toBe(0);
    simulator.addFaults([{ phase: 'list', match: '/users', at: [1], fault: { kind: 'poison', how: 'longText' } }]);
    const report = await pulled(pulling, { forced: true });
    expect(streamOf(report, 'users')).toMatchObject({ rejected: 1, unchanged: size - 1, swept: 0 });
    expect(await stale()).toBe(1);
    simulator.clearFaults();
    const good = await pulled(pulling, { forced: true });
    expect(streamOf(good, 'users')).toMatchObject({ rejected: 0, updated: 0, unchanged: size });
    expect(await stale()).toBe(0);
  });

  test('past a limit the run fails', async () => {
    const { simulator, pulling } = await start({ users: 100 }, { rejects: { absolute: 0, percent: 5 } });
    simulator.addFaults([{ phase: 'list', match: '/users', at: [1], fault: { kind: 'poison', how: 'missingId' } }]);
    expect(streamOf(await pulled(pulling), 'users')).toMatchObject({ outcome: 'failed', error: { code: 'MAPPING_FAILED' } });
  });
});

describe('walks', () => {
  test.each([
    ['400 syncStateNotFound', { kind: 'syncStateNotFound' }],
    ['410 Gone', { kind: 'gone' }],
    ['resyncRequired', { kind: 'resyncRequired' }],
  ] as const)('an expired cursor (%s) is read again in full, in the same run', async (_, fault) => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    simulator.mutate(50);
    simulator.addFaults([{ phase: 'delta', match: 'users/delta', at: [1], fault }]);
    const report = await pulled(pulling);
    expect(report.verdict).toBe('complete');
    expect(streamOf(report, 'users')).toMatchObject({ mode: 'full', reason: 'cursor expired' });
    expect(streamOf(report, 'groups')).toMatchObject({ mode: 'delta' });
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('delta links older than the source keeps them are read again in full', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    simulator.mutate(50);
    simulator.advance(8 * 86_400_000);
    const report = await pulled(pulling);
    expect(report.verdict).toBe('complete');
    expect(report.streams.filter((stream) => stream.reason === 'cursor expired').map((stream) => stream.stream)).toEqual([
      'users',
      'groups',
    ]);
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('an expired page link starts the walk again, at most three times', async () => {
    const { simulator, pulling } = await start({ groups: 40, settings: { deltaPageSize: 10 } });
    simulator.addFaults([{ phase: 'page', match: 'groups/delta', at: [2], fault: { kind: 'expiredPage' } }]);
    expect((await pulled(pulling)).verdict).toBe('complete');
    await expectInventoryOf(database, simulator, pulling.spec);
    simulator.addFaults([{ phase: 'page', match: 'groups/delta', fault: { kind: 'expiredPage' } }]);
    const report = await pulled(pulling, { forced: true });
    expect(streamOf(report, 'groups')).toMatchObject({ outcome: 'failed', error: { code: 'CURSOR_EXPIRED' } });
  });

  test('I16 a link to another origin is not followed, and ends the stream', async () => {
    const { simulator, pulling } = await start({ users: 1_050 });
    simulator.addFaults([{ phase: 'list', match: '/users', at: [1], fault: { kind: 'foreignLink', how: 'lookalike' } }]);
    expect(streamOf(await pulled(pulling), 'users')).toMatchObject({ outcome: 'failed', error: { code: 'LINK_REFUSED' } });
  });

  test('a chain of a thousand pages without a new id, replayed ones and empty ones in turn, ends the walk', async () => {
    const { simulator, pulling } = await start({ users: 2 }, { streams: ['users'] });
    await pulled(pulling);
    simulator.addFaults([
      { match: 'users', phase: 'list', fault: { kind: 'replay' } },
      { match: 'users', phase: 'page', fault: { kind: 'replay' } },
      { match: 'users', phase: 'page', every: 2, fault: { kind: 'emptyPage' } },
    ]);
    const report = await pulled(pulling, { forced: true });
    expect(streamOf(report, 'users')).toMatchObject({ outcome: 'failed', error: { code: 'LINK_REFUSED' } });
    expect(streamOf(report, 'users').pages).toBeLessThan(1_010);
  });

  test('a soft-deleted user ends its memberships, a restored one has them back', async () => {
    const { simulator, pulling } = await start();
    await pulled(pulling);
    const id = simulator.idOf('user', 3);
    simulator.mutate([{ do: 'deleteUser', id, hard: false }]);
    await pulled(pulling);
    await expectInventoryOf(database, simulator, pulling.spec);
    simulator.mutate([{ do: 'restoreUser', id }]);
    await pulled(pulling);
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

async function cursorsOf(pulling: Pulling): Promise<Record<string, string>> {
  const rows = await database.query<{ stream: string; link: string }>('select stream, link from cursor where connection = $1', [
    pulling.spec.name,
  ]);
  return Object.fromEntries(rows.map((row) => [row.stream, row.link]));
}
