// The sources of connections: where credentials may go, and how a rotated secret is picked up. Against the simulator's login.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createCredentials } from '../../src/activities/credentials.ts';
import { createSources, type Sources } from '../../src/activities/sources.ts';
import { createBudget } from '../../src/clients/budget.ts';
import { createLogger } from '../../src/log.ts';
import type { FetchOptions, Source } from '../../src/clients/source.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import { startPostgresStore, type StartedStore } from '../support/stores.ts';
import { secretSources } from '../support/secretSources.ts';

let simulator: Simulator;
let store: StartedStore;
let dir: string;
let sources: Sources;
let passedMs = 0;

beforeAll(async () => {
  simulator = await startSimulator({ users: 10 });
  store = await startPostgresStore();
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidemark-secrets-'));
});
afterAll(async () => {
  await simulator.close();
  await store.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  simulator.resetRequests();
  sources = createSources(
    { allowedOrigins: ['https://graph.corp.example'], proxy: { url: null, except: null } },
    () => createBudget(),
    createCredentials({
      database: store.database,
      logger: createLogger('silent'),
      config: {
        secrets: secretSources({ dir, keyFile: path.join(dir, 'secret.key') }),
        allowedOrigins: [],
        proxy: { url: null, except: null },
      },
    }),
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
    credentials: { tenantId, clientId, clientSecret: [...references], clientCertificate: null, identity: null },
    cloud: 'custom',
    endpoints: { login: simulator.origin, graph: `${simulator.origin}/v1.0`, ca: simulator.caPem, ...endpoints },
    settings: {},
    guard: { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 },
    rejects: { absolute: 1000, percent: 5 },
    customMaps: {},
    profiles: [],
  };
}

const put = (name: string, value: string): string => {
  writeFileSync(path.join(dir, name), value);
  return `file:${name}`;
};

const readUsers = async (source: Source): Promise<number> =>
  (await source.page(source.link({ path: 'users', select: ['id'], top: 999 }), fetching)).objects.length;

/** Why a source is not built; null when it is. */
function refusalOf(spec: ConnectionSpec): unknown {
  try {
    sources.sourceFor(spec);
    return null;
  } catch (error) {
    return error;
  }
}

const tokenRequests = (): number => simulator.requests().filter(({ path: asked }) => asked.endsWith('/token')).length;

test('one source for each configuration: the token is asked for once', async () => {
  const spec = specOf([put('secret', simulator.clientSecret)]);
  const source = sources.sourceFor(spec);
  expect(await readUsers(source)).toBe(10);
  expect(sources.sourceFor({ ...spec })).toBe(source);
  expect(await readUsers(source)).toBe(10);
  expect(tokenRequests()).toBe(1);
  expect(sources.sourceFor({ ...spec, settings: { owners: true } })).not.toBe(source);
});

test('a source that nobody uses any more is forgotten, one in use is not', async () => {
  const spec = specOf([put('forgotten', simulator.clientSecret)]);
  const minute = 60_000;
  const first = sources.sourceFor(spec);
  for (const later of [20, 20, 20]) {
    passedMs += later * minute;
    expect(sources.sourceFor(spec)).toBe(first);
  }
  passedMs += 31 * minute;
  sources.sourceFor({ ...spec, name: 'another' });
  const again = sources.sourceFor(spec);
  expect(again).not.toBe(first);
  expect(await readUsers(again)).toBe(10);
});

test('a secret that was rotated on disk is read again when the old one is refused', async () => {
  const reference = put('rotated', 'no-longer-the-secret');
  const source = sources.sourceFor(specOf([reference]));
  await expect(readUsers(source)).rejects.toMatchObject({ code: 'SOURCE_AUTH_FAILED' });
  put('rotated', simulator.clientSecret);
  expect(await readUsers(source)).toBe(10);
});

test('of a list the next one is tried when the first is refused, also by requests at the same time', async () => {
  const source = sources.sourceFor(specOf([put('old', 'an-expired-secret'), put('new', simulator.clientSecret)]));
  expect(await Promise.all([readUsers(source), readUsers(source)])).toEqual([10, 10]);
  const before = tokenRequests();
  expect(await readUsers(source)).toBe(10);
  expect(tokenRequests()).toBe(before);
});

test('one that was refused is not posted again until it changes, also when the source is built anew', async () => {
  const references = [put('dead', 'an-expired-secret'), put('works', simulator.clientSecret)];
  expect(await readUsers(sources.sourceFor(specOf(references)))).toBe(10);
  expect(tokenRequests()).toBe(2);
  for (const owners of [true, false]) {
    simulator.resetRequests();
    expect(await readUsers(sources.sourceFor({ ...specOf(references), settings: { owners } }))).toBe(10);
    expect(tokenRequests()).toBe(1);
  }
  // Where both are refused, both are tried again: the source may have been mended.
  simulator.configure({ secretExpired: true });
  simulator.resetRequests();
  const expired = sources.sourceFor({ ...specOf(references), title: 'expired' });
  await expect(readUsers(expired)).rejects.toMatchObject({ code: 'SOURCE_AUTH_FAILED' });
  simulator.configure({ secretExpired: false });
  expect(await readUsers(expired)).toBe(10);
});

test('a refusal that says nothing of the secret does not go on to the next', async () => {
  const references = [put('one', simulator.clientSecret), put('two', 'another-secret')];
  const spec = specOf(references);
  const elsewhere = { ...spec, credentials: { ...spec.credentials, tenantId: '00000000-0000-4000-8000-000000000000' } };
  await expect(readUsers(sources.sourceFor(elsewhere))).rejects.toMatchObject({ code: 'SOURCE_AUTH_FAILED' });
  expect(simulator.requests().filter(({ status }) => status >= 400)).toHaveLength(1);
});

test('of a list one that cannot be read does no harm', async () => {
  const source = sources.sourceFor(specOf(['file:missing', put('there', simulator.clientSecret)]));
  expect(await readUsers(source)).toBe(10);
});

test('a secret that cannot be read is named, and asked for again the next time', async () => {
  const spec = specOf(['file:later']);
  await expect(readUsers(sources.sourceFor(spec))).rejects.toMatchObject({
    code: 'SECRET_UNAVAILABLE',
    message: expect.stringContaining('file:later') as string,
  });
  put('later', simulator.clientSecret);
  expect(await readUsers(sources.sourceFor(spec))).toBe(10);
});

test('I16: a credential goes only to origins that the cloud or the worker allows', () => {
  const reference = put('secret', simulator.clientSecret);
  const elsewhere = specOf([reference], { login: 'https://login.evil.example' });
  expect(refusalOf(elsewhere)).toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'The worker may not send credentials to endpoints.login (https://login.evil.example).',
    hint: expect.stringContaining('TIDEMARK_ALLOWED_ORIGINS') as string,
  });
  expect(refusalOf(specOf([reference], { graph: 'https://graph.corp.example.evil.example/v1.0' }))).toMatchObject({
    code: 'CONFIG_INVALID',
  });
  // Allowed by the worker's configuration; nothing is sent before a page is asked for.
  expect(refusalOf(specOf([reference], { graph: 'https://graph.corp.example/v1.0' }))).toBeNull();
  expect(simulator.requests()).toEqual([]);
});
