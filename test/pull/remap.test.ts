// A changed map (design 3.8): stored records are mapped again without being fetched, or the stream is read in full where the map reads what was never
// selected. By the real pipeline; the documents are compared with what the map makes of the tenant's own users.
import { randomUUID } from 'node:crypto';
import { parseConnectionFiles } from '../../src/connectors/connectionFile.ts';
import { customMap } from '../../src/connectors/customMap.ts';
import { compile } from '../../src/mappings/engine.ts';
import type { JsonObject, RunReport } from '../../src/model.ts';
import { searchAssets } from '../../src/store/asset.ts';
import type { Database } from '../../src/store/database.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { freshDatabase } from '../support/databases.ts';
import { type Pulling, startPulling, unguarded } from '../support/pulling.ts';

type Definition = JsonObject & { readonly name: string };

/** More than two pages of stored records. */
const users = 2_050;

const mapOf = (rows: string): Definition => {
  const text = `kind: map
name: mine
connector: entra-identity
stream: users
source: microsoft.graph.user
target: asset
rows:
  - { from: id, to: asset.assetHeader.vendorAssetId }
${rows}`;
  const { maps, problems } = parseConnectionFiles([{ file: 'mine', text }], { now: new Date(0) });
  expect(problems).toEqual([]);
  return { ...maps[0]!.definition, name: 'mine' };
};
const byTitle = mapOf('  - { from: jobTitle, to: asset.assetDetail.name }\n');
const byName = mapOf(
  '  - { from: displayName, to: asset.assetDetail.name }\n  - { from: jobTitle, to: asset.assetDetail.name, off: true }\n',
);
const byMail = mapOf('  - { from: mail, to: asset.assetDetail.name }\n');
const byConstant = mapOf(
  '  - { to: asset.assetDetail.typedAttributes.by, function: { name: CONSTANT, value: x } }\n  - { from: jobTitle, to: asset.assetDetail.typedAttributes.title }\n',
);
const demanding = mapOf('  - { from: jobTitle, to: asset.assetDetail.name, required: true }\n');

let database: Database;
let simulator: Simulator;
let pulling: Pulling;
let name: string;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  simulator = await startSimulator({ users });
  name = `remap-${randomUUID()}`;
  pulling = await start(byTitle);
  expect(await pulling.pull()).toMatchObject({ verdict: 'complete', mode: 'full' });
});
afterEach(async () => {
  await pulling.close();
  await simulator.close();
});

const start = (map: Definition): Promise<Pulling> =>
  startPulling({
    database,
    simulator,
    name,
    streams: ['users'],
    guard: unguarded,
    rejects: { absolute: 10_000, percent: 100 },
    maps: { users: map },
  });

/** The same connection by another map: its next run. */
async function pulledBy(map: Definition): Promise<RunReport> {
  await pulling.close();
  pulling = await start(map);
  simulator.resetRequests();
  return pulling.pull();
}

const streamOf = (report: RunReport) => report.streams[0]!;

async function expectDocumentsBy(definition: Definition, without: (user: JsonObject) => boolean = () => false): Promise<void> {
  const map = compile(customMap(definition, 'mine'));
  const stored = new Map<string, JsonObject>();
  const search = { where: 'r.connection = $1', params: [name], scope: 'live', limit: null, relations: {} } as const;
  for await (const { id, document } of searchAssets(database, search)) stored.set(id, document);
  const truth = [...simulator.truth('users', ['id', 'displayName', 'jobTitle', 'mail'])].filter((user) => !without(user));
  const present = (user: JsonObject): JsonObject => Object.fromEntries(Object.entries(user).filter(([, value]) => value !== null));
  expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(truth.map((user) => [String(user['id']), map.document(present(user))])));
}

test('a map that reads nothing new: the changes are fetched, and what is stored is mapped again', async () => {
  simulator.mutate([
    { do: 'updateUser', id: simulator.idOf('user', 3), set: { displayName: 'Renamed' } },
    { do: 'deleteUser', id: simulator.idOf('user', 5), hard: true },
  ]);
  const report = await pulledBy(byName);
  expect(report).toMatchObject({ verdict: 'complete', mode: 'remap', reason: 'map changed', assets: { added: 0, removed: 1 } });
  // What is stored is no news of the source: only its own changes are read, and a removal is not taken back.
  expect(streamOf(report)).toMatchObject({ mode: 'delta', reason: 'map changed', requests: 1, read: 2, updated: 1, removedBySource: 1 });
  expect(report.assets.updated).toBeGreaterThan(users - 100);
  await expectDocumentsBy(byName);
  expect(await pulling.pull()).toMatchObject({ mode: 'delta', reason: 'delta', assets: { added: 0, updated: 0, removed: 0 } });
});

test('documents that another map makes the same are not told as updated', async () => {
  const same = mapOf('  - { from: jobTitle, to: asset.assetDetail.name, function: { name: LOOKUP, table: { zz: zz }, default: null } }\n');
  await pulledBy(same);
  const report = await pulledBy(
    mapOf('  - { from: jobTitle, to: asset.assetDetail.name, function: { name: LOOKUP, table: { yy: yy }, default: null } }\n'),
  );
  expect(report).toMatchObject({ mode: 'remap', assets: { added: 0, updated: 0, removed: 0 } });
  const maps = await database.query('select distinct map_hash from asset join record using (num) where connection = $1', [name]);
  expect(maps).toHaveLength(1);
});

test('a map that reads relations otherwise changes nothing that is stored: no row is written', async () => {
  const stored = (): Promise<object[]> =>
    database.query('select a.num, a.ctid::text as version from asset a join record using (num) where connection = $1 order by a.num', [
      name,
    ]);
  const before = await stored();
  expect(before).toHaveLength(users);
  const report = await pulledBy(
    mapOf(`  - { from: jobTitle, to: asset.assetDetail.name }
  - { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.vendorAssetId', of: '#microsoft.graph.group' }
`),
  );
  expect(report).toMatchObject({ verdict: 'complete', mode: 'delta', reason: 'delta', assets: { added: 0, updated: 0, removed: 0 } });
  expect(await stored()).toEqual(before);
});

test('a map that reads what was never selected makes the stream full; to read less does not', async () => {
  const full = await pulledBy(byMail);
  expect(full).toMatchObject({ verdict: 'complete', mode: 'full', reason: 'map changed' });
  await expectDocumentsBy(byMail);
  const less = await pulledBy(mapOf(''));
  expect(less).toMatchObject({ mode: 'remap', reason: 'map changed' });
  await expectDocumentsBy(mapOf(''));
  // While it was not read, its changes were not kept.
  simulator.mutate([{ do: 'updateUser', id: simulator.idOf('user', 3), set: { mail: 'new@contoso.example' } }]);
  await pulling.pull();
  expect(await pulledBy(byMail)).toMatchObject({ mode: 'full', reason: 'map changed' });
  await expectDocumentsBy(byMail);
});

test('what the new map refuses is set aside, and its last good document stays, stale', async () => {
  const titleless = (user: JsonObject): boolean => user['jobTitle'] === null || user['jobTitle'] === undefined;
  const refused = [...simulator.truth('users', ['id', 'jobTitle'])].filter(titleless).length;
  expect(refused).toBeGreaterThan(0);
  const report = await pulledBy(demanding);
  expect(report).toMatchObject({ verdict: 'complete', mode: 'remap' });
  expect(streamOf(report)).toMatchObject({ read: refused, rejected: refused, requests: 1 });
  const stale = await database.query('select from asset join record using (num) where connection = $1 and stale_since is not null', [name]);
  expect(stale).toHaveLength(refused);
});

test('I1 an attempt that breaks off is gone on with where it stood', async () => {
  // The database refuses the second page of stored records once. A sequence counts on also where its transaction is taken back.
  await database.query(`create sequence pages_of_assets;
    create function refuse_second() returns trigger language plpgsql as $$
    begin
      if nextval('pages_of_assets') = 2 then
        raise exception using errcode = '57P01', message = 'the connection is closed';
      end if;
      return null;
    end $$;
    create trigger refuse_second before insert on asset execute function refuse_second()`);
  const report = await pulledBy(byConstant);
  expect(report).toMatchObject({ verdict: 'complete', mode: 'remap', assets: { updated: users } });
  expect(streamOf(report)).toMatchObject({ resumed: 1, pages: 4 });
  await expectDocumentsBy(byConstant);
  await database.query('drop trigger refuse_second on asset; drop function refuse_second; drop sequence pages_of_assets');
});
