// Images that no finding names, from the catalogs of simulated registries into the inventory.
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { readLogs } from '../../src/store/log.ts';
import { startPulling, unguarded, type Pulling } from '../support/pulling.ts';
import { startPostgresStore, type StartedStore } from '../support/stores.ts';

let store: StartedStore;
let simulator: Simulator;
const opened: Pulling[] = [];

beforeAll(async () => {
  store = await startPostgresStore();
  simulator = await startSimulator({ seed: 3, users: 1, estate: { vms: 2, images: 60, containerGroups: 2, sites: 2 }, registryPort: 0 });
  // Pages of registries that are smaller than what they hold.
  registries().configure({ pageSize: 4 });
});
afterAll(async () => {
  for (const pulling of opened) await pulling.close();
  await simulator.close();
  await store.stop();
});

function registries(): NonNullable<Simulator['registries']> {
  if (simulator.registries === null) throw new Error('No registries were started.');
  return simulator.registries;
}

async function start(name: string, streams: readonly string[], registryCatalog: boolean): Promise<Pulling> {
  const pulling = await startPulling({
    database: store.database,
    simulator,
    name,
    connector: 'defender-for-cloud',
    streams,
    settings: { registryCatalog },
    registries: registries().hosts,
    guard: unguarded,
  });
  opened.push(pulling);
  return pulling;
}

/** What every tag of every registry names, but for charts: `host/repository@digest`, with its tags. */
function imagesThere(): Map<string, string[]> {
  const there = new Map<string, string[]>();
  for (const [number, host] of registries().hosts.entries()) {
    for (const repository of simulator.content.repositories(number)) {
      if (repository.startsWith('charts/')) continue;
      for (const tag of simulator.content.tags(number, repository) ?? []) {
        const id = `${host}/${repository}@${simulator.content.manifest(number, repository, tag)?.digest}`;
        there.set(id, [...(there.get(id) ?? []), `${host}/${repository}:${tag}`]);
      }
    }
  }
  return there;
}

interface Stored {
  readonly id: string;
  readonly body: {
    readonly imageTag?: string;
    readonly imageTagReferences: string[];
    readonly imageConfigV2?: { readonly kind: string; readonly history: readonly { readonly digest: string | null }[] };
  };
}

const stored = (connection: string): Promise<Stored[]> =>
  store.database.query<Stored & Record<string, never>>(
    `select id, body from record where connection = $1 and stream = 'container-images' and tombstoned_at is null order by id`,
    [connection],
  );

const asked = (phase: string): number => simulator.requests().filter((request) => request.phase === phase).length;
const logs = async (connection: string, run: string): Promise<string[]> =>
  (await readLogs(store.database, { connection, run: Number(run.split(':')[1]), limit: 1_000 })).map(({ message }) => message);

const bare = ['registries', 'container-images'];

test('every image of the registries is an asset with its layers and tags; a digest under several tags is one', async () => {
  const pulling = await start('catalog', bare, true);
  const report = await pulling.pull();
  expect(report.verdict).toBe('complete');
  const there = imagesThere();
  expect(there.size).toBeGreaterThan(50);
  const images = await stored('catalog');
  expect(images.map(({ id, body }) => [id, body.imageTagReferences])).toEqual([...there].sort(([a], [b]) => (a < b ? -1 : 1)));
  for (const { body } of images) {
    expect(body.imageConfigV2).toBeDefined();
    const layers = body.imageConfigV2?.history.filter(({ digest }) => digest !== null) ?? [];
    if (body.imageConfigV2?.kind !== 'schema1') expect(layers.length).toBeGreaterThan(0);
  }
  // No list tells ages: the name that is no version stands before versions.
  const several = images.filter(({ body }) => body.imageTagReferences.length > 1);
  expect(several.length).toBeGreaterThan(0);
  expect(new Set(several.map(({ body }) => body.imageTag))).toEqual(new Set(['latest']));
});

test('a second run asks what each tag names, and for the content of none', async () => {
  const [pulling] = opened;
  simulator.resetRequests();
  const report = await pulling?.pull();
  const images = report?.streams.find(({ stream }) => stream === 'container-images');
  expect(images).toMatchObject({ outcome: 'complete', added: 0, updated: 0, swept: 0 });
  expect(asked('blob')).toBe(0);
  const tags = registries().hosts.flatMap((_, number) =>
    simulator.content.repositories(number).flatMap((repository) => simulator.content.tags(number, repository) ?? []),
  );
  expect(asked('manifest')).toBe(tags.length);
});

test('what findings name stays as they say; the catalogs add the others', async () => {
  const streams = [...bare, 'vulnerabilities'];
  await (await start('both', streams, false)).pull();
  const named = await stored('both');
  expect(named.length).toBeGreaterThan(0);
  simulator.resetRequests();
  const report = await (await start('both', streams, true)).pull();
  expect(report.streams.find(({ stream }) => stream === 'container-images')).toMatchObject({ outcome: 'complete', updated: 0, swept: 0 });
  expect(asked('catalog')).toBeGreaterThan(0);
  const all = await stored('both');
  expect(all.filter(({ id }) => named.some((one) => one.id === id))).toEqual(named);
  const ids = new Set([...named.map(({ id }) => id), ...imagesThere().keys()]);
  expect(all.map(({ id }) => id)).toEqual([...ids].sort());
  expect(all.length).toBeGreaterThan(named.length);
});

test('no catalog is asked for without the setting', async () => {
  simulator.resetRequests();
  const report = await (await start('without', bare, false)).pull();
  expect(report.verdict).toBe('complete');
  expect([asked('catalog'), asked('tags')]).toEqual([0, 0]);
});

test('a registry that keeps its catalog to itself is named with the role; the others are read, and nothing is removed', async () => {
  const [refusing = ''] = registries().hosts;
  registries().grant(refusing, { catalog: false });
  const pulling = await start('catalog', bare, true);
  const before = await stored('catalog');
  const report = await pulling.pull();
  expect(report.streams.find(({ stream }) => stream === 'container-images')).toMatchObject({ outcome: 'partial', swept: 0 });
  expect((await logs('catalog', report.run)).filter((line) => line.includes(refusing))).not.toEqual([]);
  expect(report.streams.find(({ stream }) => stream === 'container-images')?.error?.hint).toContain('Catalog Lister');
  expect(await stored('catalog')).toEqual(before);
  registries().grant(refusing, { catalog: true });
  expect(await pulling.pull()).toMatchObject({ verdict: 'complete' });
});

test('a registry that gives no content is challenged once; its images are as findings tell them, and the others are read', async () => {
  const [refusing = ''] = registries().hosts;
  registries().grant(refusing, { pull: false });
  // Whoever read a digest before read it for all.
  await store.database.query('delete from image');
  simulator.resetRequests();
  const report = await (await start('refused', [...bare, 'vulnerabilities'], false)).pull();
  expect(report.streams.find(({ stream }) => stream === 'container-images')).toMatchObject({ outcome: 'partial', swept: 0 });
  const images = await stored('refused');
  const [theirs, others] = [true, false].map((of) => images.filter(({ id }) => id.startsWith(`${refusing}/`) === of));
  expect(theirs?.filter(({ body }) => body.imageConfigV2 !== undefined)).toEqual([]);
  expect(others?.filter(({ body }) => body.imageConfigV2 === undefined)).toEqual([]);
  const there = simulator.requests().filter(({ host }) => host === refusing);
  expect(there.filter(({ phase }) => phase === 'manifest')).toHaveLength(1);
  // The exchange, and what is refused: no image more than once.
  expect(theirs?.length).toBeGreaterThan(0);
  expect(there.filter(({ phase }) => phase === 'registryToken').length).toBeLessThanOrEqual(1 + (theirs?.length ?? 0));
  registries().grant(refusing, { pull: true });
});
