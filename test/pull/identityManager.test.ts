// The directory of identity-manager (document 003) pulled by the real pipeline on a real database and the simulator: the inventory is the tenant's.
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { RunReport } from '../../src/model.ts';
import type { Database } from '../../src/store/database.ts';
import { freshDatabase } from '../support/databases.ts';
import { startPulling, unguarded } from '../support/pulling.ts';
import type { Pulling } from '../support/pulling.ts';
import { expectTally } from '../support/tally.ts';
import { expectInventoryOf } from '../support/tenant.ts';

const extension = `extension_${'0123456789abcdef'.repeat(2)}_costCenter`;

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

async function start(name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<{ simulator: Simulator; pulling: Pulling }> {
  const simulator = await startSimulator({ users: 1_500 });
  opened.push(simulator);
  const pulling = await startPulling({ database, simulator, name, connector: 'identity-manager', guard: unguarded, settings });
  opened.push(pulling);
  return { simulator, pulling };
}

const modes = ({ streams }: RunReport): object =>
  Object.fromEntries(streams.map(({ stream, mode, requests }) => [stream, [mode, requests]]));

test('a full pull reads users by list and the others by delta; a quiet delta is one request a stream', async () => {
  const { simulator, pulling } = await start('im-quiet');
  const first = await pulling.pull();
  expect(first).toMatchObject({ verdict: 'complete', mode: 'full' });
  expect(modes(first)).toMatchObject({ users: ['full', 4], directoryRoles: ['full', 1], servicePrincipals: ['full', 2] });
  await expectInventoryOf(database, simulator, pulling.spec);
  const quiet = await pulling.pull();
  expect(modes(quiet)).toEqual({
    users: ['delta', 1],
    groups: ['delta', 1],
    directoryRoles: ['delta', 1],
    servicePrincipals: ['delta', 1],
  });
});

test('deltas tell changes of objects, of members and of owners, in each of the four streams', async () => {
  const { simulator, pulling } = await start('im-delta');
  await pulling.pull();
  const principal = (index: number): string => simulator.idOf('servicePrincipal', index);
  simulator.mutate(120);
  simulator.mutate([
    { do: 'updateServicePrincipal', id: principal(2), set: { displayName: 'Renamed' } },
    { do: 'deleteServicePrincipal', id: principal(3) },
    { do: 'createServicePrincipal', set: { displayName: 'New' } },
    { do: 'addOwner', group: principal(4), owner: simulator.idOf('user', 8) },
  ]);
  const report = await pulling.pull();
  expect(report).toMatchObject({ verdict: 'complete', mode: 'delta' });
  await expectInventoryOf(database, simulator, pulling.spec);
});

test('only the entity types of the settings are pulled, with the attributes that they have, directory extensions among them', async () => {
  const { simulator, pulling } = await start('im-some', {
    entityTypes: ['user', 'servicePrincipal'],
    attributes: ['id', 'mail', 'appId', extension],
  });
  const user = simulator.idOf('user', 5);
  simulator.mutate([{ do: 'updateUser', id: user, set: { [extension]: 'R&D' } }]);
  const report = await pulling.pull();
  expect(report.streams.map(({ stream }) => stream)).toEqual(['users', 'servicePrincipals']);
  await expectInventoryOf(database, simulator, pulling.spec);
  const [row] = await database.query<{ body: object }>('select body from record where connection = $1 and id = $2', ['im-some', user]);
  expect(row?.body).toMatchObject({ [extension]: 'R&D' });
});
