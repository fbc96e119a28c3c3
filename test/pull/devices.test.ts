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

const devices = 1_200;

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
  const { simulator, pulling, first } = await start();
  expect(first).toMatchObject({ mode: 'full', reason: 'first run', read: devices, added: devices, requests: 4 });
  expect(simulator.requests().map(({ phase }) => phase)).toEqual(['discovery', 'token', 'latest', 'list', 'page', 'delta']);
  simulator.resetRequests();
  expect(await pulled(pulling)).toMatchObject({ mode: 'delta', read: 0, requests: 1 });
  expect(simulator.requests().map(({ phase }) => phase)).toEqual(['delta']);
  expect(await pulled(pulling, { forced: true })).toMatchObject({ mode: 'full', read: devices, added: 0, updated: 0, unchanged: devices });
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
