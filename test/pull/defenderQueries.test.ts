// Every query of Defender for Cloud through the client of Resource Graph, against the simulated estate: no row is lost, and both shapes of
// vulnerabilities give the same keys.
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import { createResourceGraphSource } from '../../src/clients/resourceGraph/source.ts';
import { defenderForCloud } from '../../src/connectors/defender-for-cloud/index.ts';
import { noLists, scoringOf } from '../../src/pull/score.ts';
import { evidenceOf } from '../../src/pull/evidence.ts';
import type { JsonObject } from '../../src/model.ts';
import { openClient } from '../simulator/client.ts';

let simulator: Simulator;
let http: Http;
let token: string;
beforeAll(async () => {
  simulator = await startSimulator({ users: 5, estate: {} });
  const client = openClient(simulator);
  token = String((await client.token({ scope: 'https://management.azure.com/.default' })).body['access_token']);
  client.close();
  http = createHttp({ ca: simulator.caPem });
});
afterAll(async () => {
  await http.close();
  await simulator.close();
});

const options = { signal: new AbortController().signal, longestWaitMs: 20_000 };

async function read(name: string): Promise<{ objects: JsonObject[]; rejects: unknown[] }> {
  const source = createResourceGraphSource({
    base: simulator.managementOrigin,
    token: { token: () => Promise.resolve(token) },
    http,
    queries: (types) => defenderForCloud.queries?.(defenderForCloud.settings.parse({}), types) ?? {},
    scope: { subscriptions: 'all' },
  });
  const all = { objects: [] as JsonObject[], rejects: [] as unknown[] };
  for (let link: string | null = source.link({ path: name, select: [] }); link !== null;) {
    const page = await source.page(link, options);
    all.objects.push(...page.objects);
    all.rejects.push(...(page.rejects ?? []));
    link = page.next;
  }
  return all;
}

const unique = (values: readonly unknown[]): number => new Set(values).size;

test.each(['virtualMachines', 'containerGroups', 'functions', 'vulnerabilities', 'misconfigurations'])(
  '%s: rows become objects with ids of their own, and none is set aside',
  async (name) => {
    const { objects, rejects } = await read(name);
    expect(rejects).toEqual([]);
    expect(objects.length).toBeGreaterThan(0);
    expect(unique(objects.map(({ id }) => id))).toBe(objects.length);
  },
);

test('a machine has its interface', async () => {
  const { objects } = await read('virtualMachines');
  expect(objects.filter((object) => object['primaryNetworkInterface'] !== undefined).length).toBeGreaterThan(objects.length / 2);
});

test.each(['vulnerabilities', 'misconfigurations'])('what %s say is evidence of findings, on assets that are there', async (name) => {
  const { score } = scoringOf({}, noLists);
  const { objects } = await read(name);
  const said = objects.map((object) => evidenceOf(object, score));
  const machines = new Set((await read('virtualMachines')).objects.map(({ id }) => id));
  const hosts = said.filter(({ assetClass, assetId }) => assetClass === 'host' && assetId.startsWith('/subscriptions/'));
  expect(hosts.length).toBeGreaterThan(0);
  expect(hosts.filter(({ assetId }) => !machines.has(assetId))).toEqual([]);
});

const openKeys = (objects: readonly JsonObject[]): unknown[] =>
  objects.flatMap(({ finding }) => ((finding as JsonObject)['status'] === 'open' ? [(finding as JsonObject)['key']] : []));

test('what is open has the same keys in both shapes', async () => {
  const today = openKeys((await read('vulnerabilities')).objects);
  expect(await read('olderVulnerabilities')).toEqual({ objects: [], rejects: [] });
  simulator.configure({ olderFindings: true });
  const { objects, rejects } = await read('olderVulnerabilities');
  expect(rejects).toEqual([]);
  const older = openKeys(objects);
  const known = new Set(today);
  expect(older.length).toBeGreaterThan(100);
  expect(older.filter((key) => !known.has(key))).toEqual([]);
  expect(unique(objects.map(({ id }) => id))).toBe(objects.length);
});
