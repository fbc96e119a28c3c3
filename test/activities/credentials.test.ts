// What is shown of credentials: which is in use, what was refused, when it ends; and that nothing of this can fail a run. Against the simulator.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createCredentials } from '../../src/activities/credentials.ts';
import { createSources, type Sources } from '../../src/activities/sources.ts';
import { credentialLines, credentialViews } from '../../src/cli/credentialView.ts';
import { createBudget } from '../../src/clients/budget.ts';
import { createKey } from '../../src/clients/secrets/keyFile.ts';
import { seal } from '../../src/clients/secrets/seal.ts';
import type { Source } from '../../src/clients/source.ts';
import { bindingOf } from '../../src/connectors/credentials.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import { createLogger } from '../../src/log.ts';
import { putConnection } from '../../src/store/connection.ts';
import { readCredentials, type StoredCredential } from '../../src/store/credential.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { readLogs } from '../../src/store/log.ts';
import { putSecret } from '../../src/store/secret.ts';
import { clientCertificate } from '../support/clientCertificate.ts';
import { startPostgresStore, type StartedStore } from '../support/stores.ts';
import { eventually } from '../support/waiting.ts';
import { secretSources } from '../support/secretSources.ts';

const day = 86_400_000;
let simulator: Simulator;
let store: StartedStore;
let dir: string;
let sources: Sources;
let passedMs = 0;
let serial = 0;

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
  endsIn(180);
  sources = startWorker(store.database);
});
afterEach(() => sources.close());

function startWorker(database: Database): Sources {
  const config = {
    secrets: secretSources({ dir, keyFile: path.join(dir, 'secret.key') }),
    allowedOrigins: [],
    proxy: { url: null, except: null },
  };
  const credentials = createCredentials({ database, config, logger: createLogger('silent') });
  return createSources(
    config,
    () => createBudget(),
    credentials,
    () => passedMs,
  );
}

/** What the login accepts, and until when. */
function endsIn(days: number, secret = simulator.clientSecret): string {
  const endDateTime = new Date(Date.now() + days * day).toISOString();
  simulator.configure({ passwords: [{ secret, endDateTime }] });
  return endDateTime;
}

/** A connection of its own. */
async function connection(credentials: Partial<ConnectionSpec['credentials']>): Promise<ConnectionSpec> {
  serial += 1;
  const { tenantId, clientId } = simulator;
  const spec: ConnectionSpec = {
    name: `credentials-${serial}`,
    title: '',
    description: '',
    connector: 'entra-identity',
    credentials: { tenantId, clientId, clientSecret: null, clientCertificate: null, identity: null, ...credentials },
    cloud: 'custom',
    endpoints: { login: simulator.origin, graph: `${simulator.origin}/v1.0`, ca: simulator.caPem },
    settings: {},
    guard: { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 },
    rejects: { absolute: 1000, percent: 5 },
    profiles: [],
    customMaps: {},
  };
  await putConnection(store.database, { name: spec.name, spec: {}, specHash: 'hash' });
  return spec;
}

const put = (name: string, value: string): string => {
  writeFileSync(path.join(dir, name), value);
  return `file:${name}`;
};

async function read(source: Source): Promise<number> {
  const page = await source.page(source.link({ path: 'users', select: ['id'], top: 999 }), {
    signal: new AbortController().signal,
    longestWaitMs: 1000,
  });
  return page.objects.length;
}

const shown = (spec: ConnectionSpec, is: (rows: readonly StoredCredential[]) => boolean): Promise<StoredCredential[]> =>
  eventually('it is recorded', 10_000, async () => {
    const rows = await readCredentials(store.database, spec.name);
    return is(rows) ? rows : null;
  });

const warnings = async (spec: ConnectionSpec): Promise<string[]> =>
  (await readLogs(store.database, { connection: spec.name, limit: 50 }))
    .filter(({ level }) => level === 'warning')
    .map(({ message }) => message);

const asked = (): number => simulator.requests().filter(({ phase }) => phase === 'application').length;
const logins = (): number => simulator.requests().filter(({ phase }) => phase === 'token').length;

test('of two the refused one and the one in its place are shown, logged once, and the dead one is not posted again', async () => {
  const references = [put('new', 'CANARY-wrong'), put('old', simulator.clientSecret)];
  const spec = await connection({ clientSecret: references });
  const source = sources.sourceFor(spec);
  expect(await read(source)).toBe(10);
  expect(logins()).toBe(2);
  const rows = await shown(spec, (found) => found.some(({ expiresAt }) => expiresAt !== null));
  expect(rows).toMatchObject([
    { reference: 'file:new', state: 'refused', aadsts: 7_000_215, inUse: false },
    { reference: 'file:old', state: 'works', aadsts: null, inUse: true },
  ]);
  const lines = credentialLines(credentialViews(spec, rows, new Date()));
  expect(lines[0]).toMatch(/^credential file:new: refused \(AADSTS7000215\) since /);
  expect(lines[1]).toMatch(/^credential file:old: works since .*, in use in place of file:new, expires in 179 days \(/);
  expect(await warnings(spec)).toEqual([
    'The login refuses the credential file:new (AADSTS7000215).',
    'The credential file:old is used in place of file:new.',
  ]);
  // Read again after its time, and nothing has changed.
  passedMs += 16 * 60_000;
  expect(await read(source)).toBe(10);
  expect(logins()).toBe(2);
  // The preferred one is mended where it is: it is used, and shown so, before the other is taken away.
  const endDateTime = new Date(Date.now() + 365 * day).toISOString();
  simulator.configure({ passwords: [...simulator.settings.passwords, { secret: 'NEW-secret', endDateTime }] });
  put('new', 'NEW-secret');
  passedMs += 16 * 60_000;
  expect(await read(source)).toBe(10);
  expect(logins()).toBe(3);
  await shown(spec, (found) => found.some(({ reference, inUse }) => reference === 'file:new' && inUse));
  expect(await warnings(spec)).toHaveLength(2);
});

test('one that cannot be read is shown with the reason, and the next one is used', async () => {
  const spec = await connection({ clientSecret: ['secret:nowhere', put('there', simulator.clientSecret)] });
  expect(await read(sources.sourceFor(spec))).toBe(10);
  const rows = await shown(spec, (found) => found.length === 2);
  const [line] = credentialLines(credentialViews(spec, rows, new Date())).slice(-2);
  expect(line).toMatch(/^credential secret:nowhere: unreadable since .*Tidemark keeps none of this name\.$/);
});

test.each(['file', 'secret'] as const)(
  'a rotated value of %s: is used without a restart: after its time, and at once when the old one is refused',
  async (kind) => {
    const keyFile = path.join(dir, 'secret.key');
    const key = await createKey(keyFile);
    const name = `rotated-${kind}`;
    const spec = await connection({ clientSecret: [`${kind}:${name}`] });
    const set = async (value: string): Promise<unknown> =>
      kind === 'file' ? put(name, value) : putSecret(store.database, seal(value, name, bindingOf(spec), key), 'test');
    await set(simulator.clientSecret);
    const source = sources.sourceFor(spec);
    expect(await read(source)).toBe(10);
    await shown(spec, (found) => found[0]?.expiresAt !== null && found[0] !== undefined);
    expect(asked()).toBe(1);

    // Both are good for a while, and the new one is there: the next reading takes it, and its end is asked for.
    const end = new Date(Date.now() + 365 * day).toISOString();
    simulator.configure({
      passwords: [
        { secret: simulator.clientSecret, endDateTime: new Date(Date.now() + 5 * day).toISOString() },
        { secret: 'NEW-secret', endDateTime: end },
      ],
    });
    await set('NEW-secret');
    passedMs += 16 * 60_000;
    expect(await read(source)).toBe(10);
    await shown(spec, (found) => found[0]?.expiresAt === end);
    expect([logins(), asked()]).toEqual([2, 2]);

    // The old one dies before its time has come: one failed login, and the new one is read.
    endsIn(90, 'THIRD-secret');
    await set('THIRD-secret');
    simulator.addFaults([{ phase: 'list', at: [1], fault: { kind: 'tokenDies' } }]);
    expect(await read(source)).toBe(10);
    simulator.clearFaults();
    expect(logins()).toBe(4);
  },
);

test.each([
  [31, []],
  [30, ['expires in 29 days']],
  [8, ['expires in 7 days']],
  [7, ['expires in 6 days']],
  [2, ['expires in 1 day']],
  [1, ['expires in 23 hours']],
])('%i days before the end: warned %j, once', async (days, words) => {
  const reference = put(`ends-${days}`, simulator.clientSecret);
  const end = endsIn(days);
  const spec = await connection({ clientSecret: [reference] });
  expect(await read(sources.sourceFor(spec))).toBe(10);
  await shown(spec, (found) => found[0]?.expiresAt === end);
  const expected = words.map((word) => `The credential ${reference} ${word}.`);
  await eventually('it is warned', 10_000, async () => ((await warnings(spec)).length === expected.length ? true : null));
  expect(await warnings(spec)).toEqual(expected);
  // Another worker, the same day.
  const other = startWorker(store.database);
  expect(await read(other.sourceFor(spec))).toBe(10);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await other.close();
  expect(await warnings(spec)).toEqual(expected);
  expect(asked()).toBe(1);
});

test('0 days before the end: the login refuses it with its number', async () => {
  endsIn(0);
  const spec = await connection({ clientSecret: [put('ended', simulator.clientSecret)] });
  await expect(read(sources.sourceFor(spec))).rejects.toMatchObject({ code: 'SOURCE_AUTH_FAILED', details: { aadsts: 7_000_222 } });
  await shown(spec, (found) => found[0]?.state === 'refused' && found[0].aadsts === 7_000_222);
});

test('a certificate tells its end by itself; one that has ended makes way for the next', async () => {
  const [ended, good] = await Promise.all([clientCertificate(-1), clientCertificate(20)]);
  simulator.configure({ certificates: [good] });
  const spec = await connection({ clientCertificate: [put('ended.pem', ended), put('good.pem', good)] });
  expect(await read(sources.sourceFor(spec))).toBe(10);
  const end = new X509Certificate(good).validToDate.toISOString();
  const rows = await shown(spec, (found) => found.some(({ expiresAt }) => expiresAt === end));
  expect(rows).toMatchObject([
    { state: 'unreadable', reason: expect.stringContaining('expired on') as string },
    { state: 'works', inUse: true },
  ]);
  await eventually('it is warned', 10_000, async () =>
    (await warnings(spec)).includes('The credential file:good.pem expires in 19 days.') ? true : null,
  );
  expect(asked()).toBe(0);
});

test('where the application may not read its registration the end is not known, and that is said', async () => {
  const { roles } = simulator.settings;
  simulator.configure({ roles: ['User.Read.All'] });
  const spec = await connection({ clientSecret: [put('untold', simulator.clientSecret)] });
  expect(await read(sources.sourceFor(spec))).toBe(10);
  const rows = await shown(spec, (found) => (found[0]?.unknown ?? null) !== null);
  simulator.configure({ roles });
  expect(credentialLines(credentialViews(spec, rows, new Date()))[0]).toContain('end not told: the application lacks Application.Read.All');
  expect(asked()).toBe(0);
});

test('a database that is away, or a directory that hangs, fails no read and delays none', async () => {
  const away = openDatabase({ url: 'postgresql://127.0.0.1:1/none', applicationName: 'tidemark-test' });
  const worker = startWorker(away);
  simulator.addFaults([{ phase: 'application', fault: { kind: 'hang' } }]);
  const reference = put('beside', simulator.clientSecret);
  expect(await read(worker.sourceFor(await connection({ clientSecret: [reference] })))).toBe(10);
  expect(await read(sources.sourceFor(await connection({ clientSecret: [reference] })))).toBe(10);
  simulator.clearFaults();
  await worker.close();
  await away.close();
});

test('what has been tried is told from what has not', async () => {
  const spec = await connection({ clientSecret: ['secret:a', 'secret:b'] });
  expect(credentialLines(credentialViews(spec, [], new Date()))).toEqual(['credential secret:a: untried', 'credential secret:b: untried']);
});
