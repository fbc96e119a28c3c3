// Tags (decision 39): which hosts a connection lists, judged by the real pipeline on a real database, compared with the tenant's own devices.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { mapsBeside } from '../../src/cli/tags.ts';
import { parseConnectionFiles } from '../../src/connectors/connectionFile.ts';
import { builtInMaps } from '../../src/mappings/maps/index.ts';
import { checkTagQuery } from '../../src/pull/include.ts';
import type { StreamReport } from '../../src/model.ts';
import { type AssetScope, searchAssets } from '../../src/store/asset.ts';
import type { Database } from '../../src/store/database.ts';
import { deleteTag, putTag } from '../../src/store/tag.ts';
import { freshDatabase } from '../support/databases.ts';
import { type Pulling, putSimulated, startPulling, unguarded } from '../support/pulling.ts';

const devices = 300;

let database: Database;
let simulator: Simulator;
let pulling: Pulling;
let names = 0;
const windows = { name: 'windows', query: 'hostAssetClass.operatingSystem:Windows', criticality: 3 };
const managed = { name: 'managed', query: 'untypedAttributes.entraDeviceIsManaged:true', criticality: null };

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await putTag(database, windows);
  await putTag(database, managed);
  simulator = await startSimulator({ users: 20, devices });
  names += 1;
  pulling = await startPulling(options(['windows', 'managed']));
});
afterEach(async () => {
  await pulling.close();
  await simulator.close();
});

const options = (includeTags: readonly string[]): Parameters<typeof startPulling>[0] => ({
  database,
  simulator,
  name: `tags-${names}`,
  connector: 'entra-devices',
  settings: { includeTags: [...includeTags] },
  guard: unguarded,
});

/** The same connection, applied again with other tags. */
async function including(includeTags: readonly string[]): Promise<void> {
  await pulling.close();
  await putSimulated(options(includeTags));
  pulling = await startPulling(options(includeTags));
}

async function pulled(given?: { readonly forced?: boolean }): Promise<StreamReport> {
  const report = await pulling.pull(given);
  expect(report.verdict).toBe('complete');
  const [stream] = report.streams;
  const { read, added, updated, unchanged, removedBySource, rejected, excluded } = stream!;
  expect(read).toBe(added + updated + unchanged + removedBySource + rejected + excluded);
  expect(report.assets.added + report.assets.updated + report.assets.unchanged).toBe(added + updated + unchanged);
  return stream!;
}

async function idsOf(scope: AssetScope): Promise<string[]> {
  const ids: string[] = [];
  const search = { where: 'r.connection = $1', params: [pulling.spec.name], scope, limit: null, relations: {} };
  for await (const { id, excluded } of searchAssets(database, search)) {
    expect(excluded).toBe(scope === 'excluded' ? true : undefined);
    ids.push(id);
  }
  return ids.sort();
}

/** What the tenant says, by the two properties that the tags ask for. */
const truth = (fits: (device: { readonly os: unknown; readonly managed: unknown }) => boolean): string[] =>
  [...simulator.truth('devices', ['id', 'operatingSystem', 'isManaged'])]
    .filter((device) => fits({ os: device['operatingSystem'], managed: device['isManaged'] }))
    .map(({ id }) => String(id))
    .sort();
const both = (): string[] => truth(({ os, managed: is }) => os === 'Windows' && is === true);

async function expectListed(listed: readonly string[]): Promise<void> {
  expect(await idsOf('live')).toEqual(listed);
  const all = truth(() => true);
  expect(await idsOf('excluded')).toEqual(all.filter((id) => !listed.includes(id)));
}

test('hosts that have all tags are listed; the others are kept, counted as excluded, and neither removed nor judged by the guard', async () => {
  const stream = await pulled();
  expect(both().length).toBeGreaterThan(10);
  expect(stream).toMatchObject({ read: devices, added: both().length, excluded: devices - both().length });
  await expectListed(both());
  expect(await pulled({ forced: true })).toMatchObject({ unchanged: both().length, excluded: devices - both().length, swept: 0 });
});

test('a host that stops matching is excluded by the delta that says so, and comes back when it matches again', async () => {
  await pulled();
  const [id = ''] = both();
  simulator.mutate([{ do: 'updateDevice', id, set: { operatingSystem: 'Linux' } }]);
  expect(await pulled()).toMatchObject({ mode: 'delta', read: 1, updated: 0, excluded: 1 });
  expect(both()).not.toContain(id);
  await expectListed(both());
  simulator.mutate([{ do: 'updateDevice', id, set: { operatingSystem: 'Windows' } }]);
  expect(await pulled()).toMatchObject({ mode: 'delta', read: 1, updated: 1, excluded: 0 });
  await expectListed(both());
});

test('a host that is excluded is removed by the source as any other', async () => {
  await pulled();
  const [id = ''] = await idsOf('excluded');
  simulator.mutate([{ do: 'deleteDevice', id }]);
  expect(await pulled()).toMatchObject({ removedBySource: 1, excluded: 0 });
  expect(await idsOf('tombstoned')).toEqual([id]);
});

test('a changed tag judges all hosts anew in the next run, which need not read them', async () => {
  await pulled();
  await putTag(database, { ...windows, query: 'hostAssetClass.operatingSystem:Linux' });
  expect(await pulled()).toMatchObject({ mode: 'delta', read: 0 });
  await expectListed(truth(({ os, managed: is }) => os === 'Linux' && is === true));
});

test.each([
  ['fewer tags', ['managed'], ({ managed: is }: { managed: unknown }) => is === true],
  ['none', [], () => true],
])('a connection that asks for other tags (%s) lists by them after its next run', async (_, includeTags, fits) => {
  await pulled();
  await including(includeTags);
  expect(await pulled()).toMatchObject({ mode: 'delta', read: 0 });
  await expectListed(truth(fits));
});

test('a run that fails after it judged some hosts by other tags leaves nothing half judged: the next run judges all', async () => {
  await pulled();
  await putTag(database, { ...windows, query: 'hostAssetClass.operatingSystem:Linux' });
  const [id = ''] = both();
  simulator.mutate([{ do: 'updateDevice', id, set: { displayName: 'judged by the other tag' } }]);
  simulator.configure({ deltaPageSize: 1 });
  simulator.mutate([{ do: 'updateDevice', id: both()[1] ?? '', set: { displayName: 'never read' } }]);
  simulator.addFaults([{ phase: 'page', fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' } }]);
  expect((await pulling.pull()).verdict).toBe('failed');
  expect(await idsOf('excluded')).toContain(id);
  simulator.clearFaults();
  // Back to what the adopted cursor was judged by.
  await putTag(database, windows);
  await pulled();
  await expectListed(both());
});

test('a tag that speaks of now is judged anew each day', async () => {
  await putTag(database, { name: 'seen', query: 'typedAttributes.entraDeviceLastSignIn:>now-30d', criticality: null });
  await including(['seen']);
  await pulled();
  const hashes = async (): Promise<unknown[]> => database.query('select tags from cursor where connection = $1', [pulling.spec.name]);
  const [before] = await hashes();
  jest.useFakeTimers({
    now: Date.now() + 86_400_000,
    doNotFake: ['setTimeout', 'setInterval', 'setImmediate', 'nextTick', 'queueMicrotask', 'performance'],
  });
  try {
    await pulled();
  } finally {
    jest.useRealTimers();
  }
  const [after] = await hashes();
  expect(after).not.toEqual(before);
});

test('a tag that is gone fails the opening of the run, by name', async () => {
  await deleteTag(database, 'managed');
  await expect(pulling.pull()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('"managed"') as string });
});

test("a tag asks for a field that only a map of one's own fills; where another map is in use, no host has it", async () => {
  const text = `kind: map
name: mine
connector: entra-devices
stream: devices
source: microsoft.graph.device
target: asset
rows:
  - { from: id, to: asset.assetHeader.externalAssetId, required: true }
  - { from: id, to: asset.assetHeader.vendorAssetId, required: true }
  - { from: displayName, to: asset.assetDetail.name, required: true }
  - { from: operatingSystem, to: asset.assetDetail.untypedAttributes.system }
`;
  const { maps, problems } = parseConnectionFiles([{ file: 'mine', text }], { now: new Date(0) });
  expect(problems).toEqual([]);
  const [found] = maps;
  const query = 'untypedAttributes.system:Windows';
  expect(() => checkTagQuery(query, builtInMaps)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  expect(() => checkTagQuery(query, mapsBeside([], maps))).not.toThrow();
  expect(() => checkTagQuery(query, null)).not.toThrow();
  await putTag(database, { name: 'ours', query, criticality: null });
  await including(['ours']);
  await pulled();
  expect(await idsOf('live')).toEqual([]);
  const own = { ...options(['ours']), maps: { devices: { ...found!.definition, name: 'mine' } } };
  await pulling.close();
  await putSimulated(own);
  pulling = await startPulling(own);
  await pulled({ forced: true });
  expect(await idsOf('live')).toEqual(truth(({ os }) => os === 'Windows'));
  expect(await idsOf('live')).not.toEqual([]);
});

test.each([
  'state:live',
  'lastChanged:>now-1d',
  'not firstSeen:2026-01-01',
  'pendingRemoval:true',
  'a or stale:true',
  'nosuchfield:1',
  '(open',
])('a tag cannot be "%s"', (query) =>
  expect(() => checkTagQuery(query, builtInMaps)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error),
);
