// The devices of entra-devices (document 002) pulled by the real pipeline on a real database and the simulator: the inventory is the tenant's.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../simulator/simulator.ts';
import type { JsonObject, RunReport, StreamReport } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';
import type { Pulling } from '../support/pulling.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf } from '../support/tenant.ts';

/** Of a tenant where nothing else is said. */
const devices = 120;

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

/** A tenant and its connection, pulled once. */
async function start(tenant: Partial<SimulatorOptions> = {}): Promise<{ simulator: Simulator; pulling: Pulling; first: StreamReport }> {
  const simulator = await startSimulator({ users: 20, devices, ...tenant });
  opened.push(simulator);
  names += 1;
  const pulling = await startPulling({ database, simulator, name: `devices-${names}`, connector: 'entra-devices', guard: unguarded });
  opened.push(pulling);
  const first = await pulled(pulling);
  await expectInventoryOf(database, simulator, pulling.spec);
  return { simulator, pulling, first };
}

/** One run, complete, whose counts add up. */
async function pulled(pulling: Pulling, options?: { readonly forced?: boolean }): Promise<StreamReport> {
  const report: RunReport = await pulling.pull(options);
  expect(report).toMatchObject({ verdict: 'complete', streams: [{ stream: 'devices', outcome: 'complete' }] });
  const [stream] = report.streams;
  if (stream === undefined) throw new Error('The report has no stream.');
  const { added, updated, unchanged, removedBySource, rejected, excluded } = stream;
  expect(stream.read).toBe(added + updated + unchanged + removedBySource + rejected + excluded);
  return stream;
}

async function documentOf(pulling: Pulling, id: string): Promise<JsonObject | undefined> {
  const [asset] = await database.query<{ document: JsonObject }>(
    'select a.document from asset a join record r on r.num = a.num where r.connection = $1 and r.id = $2 and r.tombstoned_at is null',
    [pulling.spec.name, id],
  );
  return asset?.document;
}

test('a full pull reads lists of 999 between two tokens; a quiet delta is one request', async () => {
  const many = 1_200;
  const { simulator, pulling, first } = await start({ devices: many });
  expect(first).toMatchObject({ mode: 'full', reason: 'first run', read: many, added: many, requests: 4 });
  expect(simulator.requests().map(({ phase }) => phase)).toEqual(['discovery', 'token', 'latest', 'list', 'page', 'delta']);
  simulator.resetRequests();
  expect(await pulled(pulling)).toMatchObject({ mode: 'delta', read: 0, requests: 1 });
  expect(simulator.requests().map(({ phase }) => phase)).toEqual(['delta']);
  expect(await pulled(pulling, { forced: true })).toMatchObject({ mode: 'full', read: many, added: 0, updated: 0, unchanged: many });
  await expectInventoryOf(database, simulator, pulling.spec);
});

test('changes come by delta: created, renamed, cleared, deleted for good', async () => {
  const { simulator, pulling } = await start();
  const [renamed, cleared, deleted] = [1, 2, 3].map((index) => simulator.idOf('device', index));
  simulator.mutate([
    { do: 'createDevice', set: { displayName: 'NEW-HOST', trustType: 'AzureAd' } },
    { do: 'updateDevice', id: renamed ?? '', set: { displayName: 'RENAMED', isManaged: true, isCompliant: true } },
    { do: 'updateDevice', id: cleared ?? '', set: { trustType: null } },
    { do: 'deleteDevice', id: deleted ?? '' },
  ]);
  simulator.resetRequests();
  expect(await pulled(pulling)).toMatchObject({ mode: 'delta', read: 4, added: 1, updated: 2, removedBySource: 1, requests: 1 });
  expect(simulator.requests()).toHaveLength(1);
  expect(await documentOf(pulling, renamed ?? '')).toMatchObject({
    asset: {
      assetHeader: { externalAssetId: renamed, vendorAssetId: renamed },
      assetDetail: { name: 'RENAMED', untypedAttributes: { entraDeviceIsManaged: true, entraDeviceIsCompliant: true } },
    },
  });
  expect(await documentOf(pulling, cleared ?? '')).not.toHaveProperty('asset.assetDetail.typedAttributes.entraDeviceTrustType');
  expect(await documentOf(pulling, deleted ?? '')).toBeUndefined();
  await expectInventoryOf(database, simulator, pulling.spec);
});

test('a device that a list left out is asked for by its id and kept; one that is gone is removed', async () => {
  const { simulator, pulling } = await start();
  simulator.addFaults([{ phase: 'list', match: '/devices', at: [1], fault: { kind: 'omit', count: 25 } }]);
  simulator.resetRequests();
  expect(await pulled(pulling, { forced: true })).toMatchObject({ mode: 'full', read: devices - 25, swept: 0 });
  expect(simulator.requests().filter(({ phase }) => phase === 'batch')).toHaveLength(2);
  await expectInventoryOf(database, simulator, pulling.spec);
  simulator.clearFaults();
  simulator.mutate([{ do: 'deleteDevice', id: simulator.idOf('device', 30) }]);
  expect(await pulled(pulling, { forced: true })).toMatchObject({ mode: 'full', swept: 1 });
  await expectInventoryOf(database, simulator, pulling.spec);
});

describe('a device without a display name, which document 002 requires', () => {
  const reason = '"asset.assetDetail.name" is required and gets no value from "displayName".';
  const rejectedOf = (pulling: Pulling): Promise<object[]> =>
    database.query('select id, code, reason from rejected where connection = $1 order by run, id', [pulling.spec.name]);

  test('is set aside with its reason, its page goes on, and it comes when it has one', async () => {
    const { simulator, pulling } = await start();
    const [created] = simulator.mutate([{ do: 'createDevice', set: { displayName: null } }]);
    const id = created !== undefined && 'id' in created ? (created.id ?? '') : '';
    for (const forced of [false, true]) expect(await pulled(pulling, { forced })).toMatchObject({ added: 0, rejected: 1 });
    expect(await rejectedOf(pulling)).toEqual([0, 1].map(() => ({ id, code: 'MAPPING_FAILED', reason })));
    expect(await documentOf(pulling, id)).toBeUndefined();
    simulator.mutate([{ do: 'updateDevice', id, set: { displayName: 'NAMED' } }]);
    expect(await pulled(pulling)).toMatchObject({ mode: 'delta', added: 1, rejected: 0 });
    await expectInventoryOf(database, simulator, pulling.spec);
  });

  test('keeps its last good asset', async () => {
    const { simulator, pulling } = await start();
    const id = simulator.idOf('device', 5);
    const before = await documentOf(pulling, id);
    expect(before).toHaveProperty('asset.assetDetail.name');
    simulator.mutate([{ do: 'updateDevice', id, set: { displayName: null, operatingSystemVersion: 'later' } }]);
    expect(await pulled(pulling)).toMatchObject({ mode: 'delta', read: 1, rejected: 1, updated: 0 });
    expect(await pulled(pulling, { forced: true })).toMatchObject({ read: devices, rejected: 1, unchanged: devices - 1, swept: 0 });
    expect(await documentOf(pulling, id)).toEqual(before);
    simulator.mutate([{ do: 'updateDevice', id, set: { displayName: 'NAMED' } }]);
    expect(await pulled(pulling)).toMatchObject({ mode: 'delta', updated: 1, rejected: 0 });
    await expectInventoryOf(database, simulator, pulling.spec);
  });
});

test('what changes while the list is read is in the closing round', async () => {
  const simulator = await startSimulator({ users: 20, devices });
  opened.push(simulator);
  const pulling = await startPulling({ database, simulator, name: 'devices-moving', connector: 'entra-devices', guard: unguarded });
  opened.push(pulling);
  const deleted = simulator.idOf('device', 3);
  const renamed = simulator.idOf('device', 4);
  const changes = [
    { do: 'createDevice', set: { displayName: 'LATE' } },
    { do: 'updateDevice', id: renamed, set: { displayName: 'RENAMED' } },
    { do: 'deleteDevice', id: deleted },
  ] as const;
  simulator.addFaults([{ phase: 'list', match: '/devices', at: [1], fault: { kind: 'mutate', changes } }]);
  expect(await pulled(pulling)).toMatchObject({ mode: 'full' });
  expect(await documentOf(pulling, renamed)).toHaveProperty('asset.assetDetail.name', 'RENAMED');
  await expectInventoryOf(database, simulator, pulling.spec);
});

test.each([
  ['400 syncStateNotFound', { kind: 'syncStateNotFound' }],
  ['410 Gone', { kind: 'gone' }],
] as const)('an expired cursor (%s) is read again in full, in the same run', async (_, fault) => {
  const { simulator, pulling } = await start();
  simulator.mutateDevices(50);
  simulator.addFaults([{ phase: 'delta', match: 'devices/delta', at: [1], fault }]);
  expect(await pulled(pulling)).toMatchObject({ mode: 'full', reason: 'cursor expired' });
  await expectInventoryOf(database, simulator, pulling.spec);
});

test("a year of changes between deltas and baselines, among faults, ends with the tenant's devices", async () => {
  const { simulator, pulling } = await start({ devices: 300, settings: { deltaPageSize: 20 } });
  simulator.addFaults([
    { match: '/v1.0/', every: 5, times: 30, fault: { kind: 'status', status: 503 } },
    { match: '/v1.0/', every: 7, times: 20, fault: { kind: 'cut', bytes: 100 } },
    { match: '/v1.0/', every: 3, times: 40, fault: { kind: 'duplicate' } },
  ]);
  for (let round = 1; round <= 12; round += 1) {
    simulator.mutateDevices(10 + ((round * 7) % 37));
    await pulled(pulling, { forced: round % 5 === 0 });
    await expectInventoryOf(database, simulator, pulling.spec);
  }
});

test('without Device.Read.All the stream fails, and says what is missing', async () => {
  const simulator = await startSimulator({ users: 20, devices: 5, settings: { roles: ['Directory.Read.All'] } });
  opened.push(simulator);
  const pulling = await startPulling({ database, simulator, name: 'devices-forbidden', connector: 'entra-devices' });
  opened.push(pulling);
  const report = await pulling.pull();
  expect(report).toMatchObject({ verdict: 'failed', streams: [{ error: { code: 'SOURCE_FORBIDDEN' } }] });
  expect(JSON.stringify(report.streams[0]?.error)).toContain('Device.Read.All');
});
