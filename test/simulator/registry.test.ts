// The simulated registries, and what reading them costs: every image as it was made, tokens shared, refusals and pauses kept to one registry.
import { z } from 'zod';
import { createCertificates } from '../../simulator/certificates.ts';
import { FaultPlan, type FaultRule } from '../../simulator/faults.ts';
import { createContent, type SimulatedImage } from '../../simulator/registry/content.ts';
import { type Registries, startRegistries } from '../../simulator/registry/registries.ts';
import type { SeenRequest } from '../../simulator/server.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { createTokenProvider, type TokenProvider } from '../../src/clients/token.ts';
import { createRegistries } from '../../src/clients/registry/registries.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import { createRegistry, type ImageFacts, type NameList, type Registry } from '../../src/clients/registry/registry.ts';
import { failureOf } from '../clients/sourceServer.ts';

const images = 240;
const content = createContent({ seed: 7, images, registries: 6 });
const plan = new FaultPlan();
let seen: SeenRequest[] = [];
const signal = new AbortController().signal;
const patient = { signal, longestWaitMs: 10_000 };
const hasty = { signal, longestWaitMs: 0 };

const artifactSchema = z.object({
  properties: z.object({
    additionalData: z.object({
      artifactDetails: z.object({ registryHost: z.string(), repositoryName: z.string(), digest: z.string() }),
    }),
  }),
});

let registries: Registries;
let http: Http;
/** How often the registries' token of Microsoft was asked for. */
let asked = 0;

beforeAll(async () => {
  const certificates = await createCertificates();
  registries = await startRegistries({
    content,
    port: 0,
    certificates,
    accepts: (token) => token === 'of-the-audience',
    plan,
    record: (request) => seen.push(request),
  });
  http = createHttp({ ca: certificates.caPem });
});
afterAll(async () => {
  await http.close();
  await registries.close();
});
beforeEach(() => {
  asked = 0;
  plan.clear();
  seen = [];
  registries.configure({ pageSize: 100, readsPerMinute: null });
  for (const host of registries.hosts) registries.grant(host, { pull: true, catalog: true });
});

/** `microsoft` answers for the token that is kept, and for one that is newly acquired. */
const open = (host: string, microsoft: (refresh: boolean) => string = () => 'of-the-audience'): Registry =>
  createRegistry({
    host,
    http,
    random: () => 0,
    credential: {
      kind: 'entra',
      tenantId: 'tenant',
      token: {
        token: (_, { refresh = false } = {}) => {
          asked += 1;
          return Promise.resolve(microsoft(refresh));
        },
      },
    },
  });

const hostAt = (number: number): string => registries.hosts[number] ?? '';
/** The images of one registry. */
const imagesOf = (number: number): SimulatedImage[] =>
  Array.from({ length: images }, (_, index) => content.imageAt(index)).filter(({ registry }) => registry === number);
const readAll = async (registry: Registry, number: number, options = hasty): Promise<ImageFacts[]> =>
  Promise.all(imagesOf(number).map(({ repository, manifest }) => registry.image({ repository, reference: manifest.digest }, options)));
const phases = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { phase } of seen) counts[phase] = (counts[phase] ?? 0) + 1;
  return counts;
};

test('every image is what it was made as, by tag and by digest; storage is never shown a token', async () => {
  for (const host of registries.hosts) {
    const registry = open(host);
    for (const image of imagesOf(registries.hosts.indexOf(host))) {
      const { repository, manifest, kind, scanned, tags } = image;
      const facts = await registry.image({ repository, reference: tags[0] ?? manifest.digest }, hasty);
      const isIndex = kind === 'index' || kind === 'nested';
      expect({ ...facts, config: null }).toMatchObject({
        kind: isIndex ? 'index' : kind,
        digest: manifest.digest,
        mediaType: manifest.mediaType,
      });
      expect(facts.chosen).toBe(isIndex ? scanned.manifest.digest : null);
      const platform = await registry.image({ repository, reference: scanned.manifest.digest }, hasty);
      const [os, architecture] = scanned.platform.split('/');
      expect(platform).toMatchObject({ kind: 'image', digest: scanned.manifest.digest, config: { os, architecture } });
      const layers = platform.config?.history.flatMap(({ digest, size }) => (digest === null ? [] : [{ digest, size }]));
      expect(layers).toEqual(scanned.layers.map(({ digest, size }) => ({ digest, size })));
    }
  }
  const kinds = new Set(Array.from({ length: images }, (_, index) => content.imageAt(index).kind));
  expect([...kinds].toSorted()).toEqual(['image', 'index', 'nested']);
  expect(seen.filter(({ phase, headers }) => phase === 'storage' && headers['authorization'] !== undefined)).toEqual([]);
});

test('a chart is an artifact, and an old image is recognised; neither has a config that is read', async () => {
  const registry = open(hostAt(0));
  const kinds = await Promise.all(
    ['charts/app-0', 'old/app-0'].map(async (repository) => {
      const facts = await registry.image({ repository, reference: '1.0.0' }, hasty);
      const again = await registry.image({ repository, reference: facts.digest }, hasty);
      return [facts.kind, facts.config, again.kind, again.digest === facts.digest];
    }),
  );
  expect(kinds).toEqual([
    ['artifact', null, 'artifact', true],
    ['schema1', null, 'schema1', true],
  ]);
});

test('what an image costs: six requests for the first of a registry, four for another repository, three for another version', async () => {
  const plain = Array.from({ length: images }, (_, index) => content.imageAt(index)).filter(({ kind }) => kind === 'image');
  const version = plain.find(({ repository }, at) => plain[at - 1]?.repository === repository);
  const first = plain.find(({ repository }) => repository === version?.repository);
  const other = plain.find((image) => image.registry === first?.registry && image.repository !== first.repository);
  const registry = open(hostAt(first?.registry ?? 0));
  const costs: number[] = [];
  for (const image of [first, version, other]) {
    if (image === undefined) throw new Error('no such image');
    costs.push((await registry.image({ repository: image.repository, reference: image.manifest.digest }, hasty)).requests);
  }
  expect(costs).toEqual([6, 3, 4]);
  expect(seen).toHaveLength(13);
});

test('many at a time share one exchange, and one token of each repository', async () => {
  const registry = open(hostAt(1));
  const facts = await readAll(registry, 1);
  const repositories = new Set(imagesOf(1).map(({ repository }) => repository));
  const exchanges = seen.filter(({ path }) => path === '/oauth2/exchange');
  const tokens = seen.filter(({ path }) => path === '/oauth2/token');
  expect({ exchanges: exchanges.length, tokens: tokens.length, asked }).toEqual({ exchanges: 1, tokens: repositories.size, asked: 1 });
  expect(facts.reduce((sum, { requests }) => sum + requests, 0)).toBe(seen.length);
});

test('a token that is revoked is renewed once, and all that follow use the new one', async () => {
  const registry = open(hostAt(0));
  const [image] = imagesOf(0).filter(({ kind }) => kind === 'image');
  const read = (): Promise<ImageFacts> =>
    registry.image({ repository: image?.repository ?? '', reference: image?.manifest.digest ?? '' }, hasty);
  await read();
  plan.set([{ phase: 'manifest', fault: { kind: 'tokenDies' }, times: 1 }]);
  // The refused manifest, exchange, token, manifest; then the blob and its storage.
  expect(await read()).toMatchObject({ requests: 6 });
  expect(await read()).toMatchObject({ requests: 3 });
});

test('tokens of many repositories that are revoked at once take one exchange', async () => {
  const registry = open(hostAt(1));
  await readAll(registry, 1);
  plan.set([{ phase: 'manifest', fault: { kind: 'tokenDies' }, times: 1 }]);
  seen = [];
  await readAll(registry, 1);
  expect(seen.filter(({ path }) => path === '/oauth2/exchange')).toHaveLength(1);
});

test.each([
  ['pull', 'AcrPull, or Container Registry Repository Reader'],
  ['catalog', 'AcrPull, or Container Registry Repository Catalog Lister'],
] as const)('a registry that refuses %s is named with the role that it takes; the others are read', async (access, role) => {
  registries.grant(hostAt(2), { [access]: false });
  const ask = (registry: Registry, number: number): Promise<unknown> => {
    const [image] = imagesOf(number);
    return access === 'catalog'
      ? registry.repositories({ after: null }, hasty)
      : registry.image({ repository: image?.repository ?? '', reference: image?.manifest.digest ?? '' }, hasty);
  };
  const error = await failureOf(ask(open(hostAt(2)), 2));
  expect(error).toMatchObject({
    code: 'SOURCE_FORBIDDEN',
    details: { registry: hostAt(2), role: expect.stringContaining(role), status: 401 },
  });
  expect(error.hint).toContain(hostAt(2));
  await ask(open(hostAt(3)), 3);
});

test('a token of another audience is refused at the exchange', async () => {
  const [image] = imagesOf(0);
  const of = { repository: image?.repository ?? '', reference: image?.manifest.digest ?? '' };
  expect(await failureOf(open(hostAt(0), () => 'of-management').image(of, hasty))).toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  expect(phases()).toEqual({ manifest: 1, registryToken: 2 });
});

test("Microsoft's token that was revoked is renewed once", async () => {
  const [image] = imagesOf(0);
  const of = { repository: image?.repository ?? '', reference: image?.manifest.digest ?? '' };
  const registry = open(hostAt(0), (refresh) => (refresh ? 'of-the-audience' : 'revoked'));
  expect(await registry.image(of, hasty)).toMatchObject({ digest: image?.manifest.digest });
  expect(asked).toBe(2);
});

test('catalog and tags: pages smaller than asked for, to the end, each name once', async () => {
  registries.configure({ pageSize: 3 });
  const registry = open(hostAt(4));
  const walk = async (page: (after: string | null) => Promise<NameList>): Promise<string[]> => {
    const names: string[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const read = await page(after ?? null);
      names.push(...read.names);
      after = read.next;
    }
    return names;
  };
  const repositories = await walk((after) => registry.repositories({ after }, hasty));
  expect(repositories).toEqual(content.repositories(4));
  expect(phases()['catalog']).toBe(Math.ceil(repositories.length / 3) + 1);
  const repository = repositories[0] ?? '';
  expect(await walk((after) => registry.tags({ repository, after }, hasty))).toEqual(content.tags(4, repository));
});

test('a registry that asks for a pause is waited for, and asked less at a time; another one is read meanwhile', async () => {
  const slow = open(hostAt(0));
  const quick = open(hostAt(5));
  plan.set([{ phase: 'manifest', match: hostAt(0), every: 4, times: 3, fault: { kind: 'throttle', retryAfter: 1 } }]);
  const order: string[] = [];
  const [facts] = await Promise.all([
    readAll(slow, 0, patient).finally(() => order.push('slow')),
    readAll(quick, 5).finally(() => order.push('quick')),
  ]);
  expect(order).toEqual(['quick', 'slow']);
  expect(Math.max(...facts.map(({ throttledMs }) => throttledMs))).toBeGreaterThanOrEqual(1000);
  expect(seen.filter(({ status }) => status === 429)).toHaveLength(3);
});

test('a pause longer than the run may wait is not waited: it says how long', async () => {
  registries.configure({ readsPerMinute: 0 });
  const [image] = imagesOf(0);
  const of = { repository: image?.repository ?? '', reference: 'latest' };
  const registry = open(hostAt(0));
  const error = await failureOf(registry.image(of, hasty));
  expect(error).toMatchObject({ code: 'SOURCE_THROTTLED', details: { requests: 1, registryCode: 'TOOMANYREQUESTS' } });
  expect(error.retryAfterMs).toBeGreaterThan(0);
  // Nobody is asked again before the pause is over.
  expect(await failureOf(registry.image(of, hasty))).toMatchObject({ code: 'SOURCE_THROTTLED', details: { requests: 0 } });
  expect(seen).toHaveLength(1);
});

const cut: FaultRule['fault'][] = [
  { kind: 'reset' },
  { kind: 'cut', bytes: 10 },
  { kind: 'truncated' },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500 },
];

test.each(cut.flatMap((fault) => (['manifest', 'blob', 'storage', 'registryToken'] as const).map((phase) => [fault, phase] as const)))(
  'a fault %j of %s passes: it is asked again',
  async (fault, phase) => {
    const [image] = imagesOf(0).filter(({ kind }) => kind === 'image');
    // The first request for a manifest is answered with the challenge.
    plan.set([{ phase, at: [phase === 'manifest' ? 2 : 1], fault }]);
    const registry = open(hostAt(0));
    const of = { repository: image?.repository ?? '', reference: image?.manifest.digest ?? '' };
    expect(await registry.image(of, hasty)).toMatchObject({ kind: 'image', digest: image?.manifest.digest });
  },
);

test.each([
  [{ kind: 'bomb', bytes: 20_000_000 }, 'manifest', 'SOURCE_SHAPE_CHANGED'],
  [{ kind: 'bomb', bytes: 20_000_000 }, 'storage', 'SOURCE_SHAPE_CHANGED'],
  [{ kind: 'stackedEncoding' }, 'manifest', 'SOURCE_SHAPE_CHANGED'],
  [{ kind: 'body', text: '<html>' }, 'registryToken', 'SOURCE_UNAVAILABLE'],
  [{ kind: 'body', text: '{}' }, 'registryToken', 'SOURCE_SHAPE_CHANGED'],
  [{ kind: 'body', text: '{}' }, 'manifest', 'SOURCE_SHAPE_CHANGED'],
  [{ kind: 'redirect', location: 'https://169.254.169.254/' }, 'blob', 'LINK_REFUSED'],
  [{ kind: 'redirect', location: 'https://localhost/' }, 'registryToken', 'LINK_REFUSED'],
] as const)('a fault %j of %s that lasts ends this image with %s', async (fault, phase, code) => {
  const [image] = imagesOf(0).filter(({ kind }) => kind === 'image');
  plan.set([{ phase, fault }]);
  const of = { repository: image?.repository ?? '', reference: image?.manifest.digest ?? '' };
  expect(await failureOf(open(hostAt(0)).image(of, hasty))).toMatchObject({ code });
});

test('5,000 images in 50 registries are computed, the same each time, and few at once', () => {
  const of = { seed: 1, images: 5000, registries: 50 };
  const [once, again] = [createContent(of), createContent(of)];
  const digests = new Set<string>();
  for (let index = 0; index < of.images; index += 1) {
    const { registry, repository, manifest, tags } = once.imageAt(index);
    if (again.manifest(registry, repository, tags[0] ?? manifest.digest)?.text === manifest.text) digests.add(manifest.digest);
  }
  expect(digests.size).toBe(of.images);
  expect(once.repositories(49)).toHaveLength(86);
});

test('the cloud has registries for its estate: what findings name is there, for a token of the registries only', async () => {
  const simulator = await startSimulator({
    users: 1,
    registryPort: 0,
    estate: { images: 12, registries: 2 },
    settings: { olderFindings: true },
  });
  const { hosts = [] } = simulator.registries ?? {};
  const own = createHttp({ ca: simulator.caPem });
  const { tenantId, clientId, clientSecret } = simulator;
  const tokenOf = (scope: string): TokenProvider =>
    createTokenProvider({
      login: simulator.origin,
      tenantId,
      clientId,
      credential: { kind: 'secret', secret: clientSecret },
      scope,
      http: own,
    });
  const registriesToken = tokenOf('https://containerregistry.azure.net/.default');
  const named = new Map<string, { readonly host: string; readonly repository: string; readonly digest: string }>();
  for (const row of simulator.truth('subAssessments')) {
    const details = artifactSchema.safeParse(row);
    if (!details.success) continue;
    const { registryHost: host, repositoryName: repository, digest } = details.data.properties.additionalData.artifactDetails;
    named.set(digest, { host, repository, digest });
  }
  expect(named.size).toBe(12);
  const clients = createRegistries({
    http: own,
    credential: { kind: 'entra', tenantId, token: registriesToken },
    known: { endpoints: hosts, cloud: 'custom' },
  });
  for (const { host, repository, digest } of named.values()) {
    const facts = await clients.of(host, [])?.image({ repository, reference: digest }, hasty);
    expect(facts).toMatchObject({ kind: 'image', digest, config: { os: 'linux', architecture: 'amd64' } });
  }
  const listed = [...simulator.truth('registries')].map(({ properties }) => properties);
  expect(listed).toMatchObject(hosts.map((loginServer) => ({ loginServer })));
  const wrong = createRegistry({
    host: hosts[0] ?? '',
    http: own,
    credential: { kind: 'entra', tenantId, token: tokenOf(`${simulator.managementOrigin}/.default`) },
  });
  expect(await failureOf(wrong.repositories({ after: null }, hasty))).toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  await own.close();
  await simulator.close();
});
