// The sources of connections: where credentials may go, and how a rotated secret is picked up. Against the simulator's login.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createSources, type Sources } from '../../src/activities/sources.ts';
import { createBudget } from '../../src/clients/budget.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';

let simulator: Simulator;
let dir: string;
let sources: Sources;
let passedMs = 0;

beforeAll(async () => {
  simulator = await startSimulator({ users: 10 });
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidemark-secrets-'));
});
afterAll(async () => {
  await simulator.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  simulator.resetRequests();
  sources = createSources(
    { secrets: { env: {}, allowedEnv: [], dir }, allowedOrigins: ['https://graph.corp.example'], proxy: { url: null, except: null } },
    () => createBudget(),
    () => passedMs,
  );
});
afterEach(() => sources.close());

const fetching: FetchOptions = { signal: new AbortController().signal, longestWaitMs: 1000 };

function specOf(references: readonly string[], endpoints: Partial<NonNullable<ConnectionSpec['endpoints']>> = {}): ConnectionSpec {
  const { tenantId, clientId } = simulator;
  return {
    name: 'rotating',
    title: 'rotating',
    description: '',
    connector: 'entra-identity',
    credentials: { tenantId, clientId, clientSecret: [...references], clientCertificate: null },
    cloud: 'custom',
    endpoints: { login: simulator.origin, graph: `${simulator.origin}/v1.0`, ca: simulator.caPem, ...endpoints },
    settings: {},
    guard: { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 },
    rejects: { absolute: 1000, percent: 5 },
    profiles: [],
  };
}

const put = (name: string, value: string): string => {
  writeFileSync(path.join(dir, name), value);
  return `file:${name}`;
};

const readUsers = async (source: Source): Promise<number> =>
  (await source.page(source.link({ path: 'users', select: ['id'], top: 999 }), fetching)).objects.length;

const tokenRequests = (): number => simulator.requests().filter(({ path: asked }) => asked.endsWith('/token')).length;

test('one source for each configuration: the token is asked for once', async () => {
  const spec = specOf([put('secret', simulator.clientSecret)]);
  const source = await sources.sourceFor(spec);
  expect(await readUsers(source)).toBe(10);
  expect(await sources.sourceFor({ ...spec })).toBe(source);
  expect(await readUsers(source)).toBe(10);
  expect(tokenRequests()).toBe(1);
  expect(await sources.sourceFor({ ...spec, settings: { owners: true } })).not.toBe(source);
});

test('a source that nobody uses any more is forgotten, one in use is not', async () => {
  const spec = specOf([put('forgotten', simulator.clientSecret)]);
  const minute = 60_000;
  const first = await sources.sourceFor(spec);
  for (const later of [20, 20, 20]) {
    passedMs += later * minute;
    expect(await sources.sourceFor(spec)).toBe(first);
  }
  passedMs += 31 * minute;
  await sources.sourceFor({ ...spec, name: 'another' });
  const again = await sources.sourceFor(spec);
  expect(again).not.toBe(first);
  expect(await readUsers(again)).toBe(10);
});

test('a secret that was rotated on disk is read again when the old one is refused', async () => {
  const reference = put('rotated', 'no-longer-the-secret');
  const source = await sources.sourceFor(specOf([reference]));
  await expect(readUsers(source)).rejects.toMatchObject({ code: 'SOURCE_AUTH_FAILED' });
  put('rotated', simulator.clientSecret);
  expect(await readUsers(source)).toBe(10);
});

test('of a list the next one is tried when the first is refused, also by requests at the same time', async () => {
  const source = await sources.sourceFor(specOf([put('old', 'an-expired-secret'), put('new', simulator.clientSecret)]));
  expect(await Promise.all([readUsers(source), readUsers(source)])).toEqual([10, 10]);
  const before = tokenRequests();
  expect(await readUsers(source)).toBe(10);
  expect(tokenRequests()).toBe(before);
});

test('of a list one that cannot be read does no harm', async () => {
  const source = await sources.sourceFor(specOf(['file:missing', put('there', simulator.clientSecret)]));
  expect(await readUsers(source)).toBe(10);
});

test('a secret that cannot be read is named, and asked for again the next time', async () => {
  const spec = specOf(['file:later']);
  await expect(sources.sourceFor(spec)).rejects.toMatchObject({
    code: 'SECRET_UNAVAILABLE',
    message: expect.stringContaining('file:later') as string,
  });
  put('later', simulator.clientSecret);
  expect(await readUsers(await sources.sourceFor(spec))).toBe(10);
});

test('I16: a credential goes only to origins that the cloud or the worker allows', async () => {
  const reference = put('secret', simulator.clientSecret);
  const elsewhere = specOf([reference], { login: 'https://login.evil.example' });
  await expect(sources.sourceFor(elsewhere)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'The worker may not send credentials to endpoints.login (https://login.evil.example).',
    hint: expect.stringContaining('TIDEMARK_ALLOWED_ORIGINS') as string,
  });
  await expect(sources.sourceFor(specOf([reference], { graph: 'https://graph.corp.example.evil.example/v1.0' }))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
  // Allowed by the worker's configuration; nothing is sent before a page is asked for.
  await expect(sources.sourceFor(specOf([reference], { graph: 'https://graph.corp.example/v1.0' }))).resolves.toBeDefined();
  expect(simulator.requests()).toEqual([]);
});
