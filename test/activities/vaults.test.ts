// Connections whose credentials are in vaults, against the simulator: rotation without a restart, vaults that go away, key and id as a pair.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createCertificates } from '../../simulator/certificates.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { createCredentials } from '../../src/activities/credentials.ts';
import { createSources, type Sources } from '../../src/activities/sources.ts';
import { createBudget } from '../../src/clients/budget.ts';
import type { SecretSources } from '../../src/config/secretSources.ts';
import type { ConnectionSpec } from '../../src/connectors/spec.ts';
import { createLogger } from '../../src/log.ts';
import { putConnection } from '../../src/store/connection.ts';
import { readCredentials } from '../../src/store/credential.ts';
import { secretSources } from '../support/secretSources.ts';
import { startPostgresStore, type StartedStore } from '../support/stores.ts';
import { type CcpStub, startCcp } from '../support/vaults.ts';
import { eventually } from '../support/waiting.ts';
import { failureOf, json } from '../clients/sourceServer.ts';

const account = 'cyberark:cloud/contoso';
let simulator: Simulator;
let store: StartedStore;
let dir: string;
let ccp: CcpStub;
let secrets: SecretSources;
let sources: Sources;
let passedMs = 0;
let serial = 0;

beforeAll(async () => {
  simulator = await startSimulator({ users: 10 });
  store = await startPostgresStore();
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidemark-vaults-'));
  const worker = await createCertificates({ purpose: 'client' });
  const put = (name: string, text: string): string => {
    writeFileSync(path.join(dir, name), text);
    return path.join(dir, name);
  };
  ccp = await startCcp(worker.caPem);
  secrets = secretSources({
    env: {
      TIDEMARK_SECRET_ID: simulator.clientId.toUpperCase(),
      TIDEMARK_SECRET_NO_ID: 'CANARY-no-id',
      TIDEMARK_SECRET_RIGHT: simulator.clientSecret,
    },
    ccp: {
      url: ccp.url,
      appId: 'tidemark',
      certificateFile: put('worker.pem', `${worker.certificatePem}${worker.keyPem}`),
      caFile: put('ca.pem', ccp.ca),
    },
  });
});
afterAll(async () => {
  await ccp.close();
  await simulator.close();
  await store.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  simulator.resetRequests();
  simulator.configure({ passwords: [{ secret: simulator.clientSecret, endDateTime: later() }] });
  ccp.next.length = 0;
  ccp.asked.length = 0;
  ccp.accounts.clear();
  ccp.accounts.set('cloud/contoso', { Content: simulator.clientSecret, UserName: simulator.clientId });
  const config = { secrets, allowedOrigins: [], proxy: { url: null, except: null } };
  const credentials = createCredentials({ database: store.database, config, logger: createLogger('silent') });
  sources = createSources(
    config,
    () => createBudget(),
    credentials,
    () => passedMs,
  );
});
afterEach(() => sources.close());

const later = (): string => new Date(Date.now() + 365 * 86_400_000).toISOString();

async function connection(credentials: Partial<ConnectionSpec['credentials']>): Promise<ConnectionSpec> {
  serial += 1;
  const spec: ConnectionSpec = {
    name: `vaults-${serial}`,
    title: '',
    description: '',
    connector: 'entra-identity',
    credentials: {
      tenantId: simulator.tenantId,
      clientId: account,
      clientSecret: [account],
      clientCertificate: null,
      identity: null,
      ...credentials,
    },
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

async function read(spec: ConnectionSpec): Promise<number> {
  const source = sources.sourceFor(spec);
  const page = await source.page(source.link({ path: 'users', select: ['id'], top: 999 }), {
    signal: new AbortController().signal,
    longestWaitMs: 1000,
  });
  return page.objects.length;
}

const logins = (): number => simulator.requests().filter(({ phase }) => phase === 'token').length;

test('key and id of one object are of one answer, which is asked for once', async () => {
  const spec = await connection({});
  // A pair whose parts were read by two requests could be half of the one and half of the other.
  const other = { Content: 'CANARY-other', UserName: '00000000-0000-4000-8000-000000000000' };
  const pair = { ...ccp.accounts.get('cloud/contoso') };
  ccp.next.push((response) => json(response, pair));
  ccp.accounts.set('cloud/contoso', other);
  expect(await read(spec)).toBe(10);
  expect(ccp.asked).toHaveLength(1);
  expect(logins()).toBe(1);
});

test('a rotation is followed without a restart: after a time, and at once when the old pair is refused', async () => {
  const spec = await connection({});
  expect(await read(spec)).toBe(10);
  simulator.configure({ passwords: [simulator.clientSecret, 'NEW-secret'].map((secret) => ({ secret, endDateTime: later() })) });
  ccp.accounts.set('cloud/contoso', { Content: 'NEW-secret', UserName: simulator.clientId });
  passedMs += 16 * 60_000;
  expect(await read(spec)).toBe(10);
  expect([logins(), ccp.asked.length]).toEqual([2, 2]);
  simulator.configure({ passwords: [{ secret: 'THIRD-secret', endDateTime: later() }] });
  ccp.accounts.set('cloud/contoso', { Content: 'THIRD-secret', UserName: simulator.clientId });
  simulator.addFaults([{ phase: 'list', at: [1], fault: { kind: 'tokenDies' } }]);
  expect(await read(spec)).toBe(10);
  simulator.clearFaults();
  expect([logins(), ccp.asked.length]).toEqual([4, 3]);
});

test('a vault that is away for a while ends nothing that works; one that says no does', async () => {
  const spec = await connection({});
  expect(await read(spec)).toBe(10);
  passedMs += 16 * 60_000;
  ccp.next.push((response) => json(response, {}, 503));
  expect(await read(spec)).toBe(10);
  await eventually('it is shown', 10_000, async () => {
    const [row] = await readCredentials(store.database, spec.name);
    return row?.state === 'unreadable' && row.reason?.includes('answers 503') === true ? row : null;
  });
  passedMs += 16 * 60_000;
  ccp.next.push((response) => json(response, { ErrorCode: 'APPAP306E', ErrorMsg: 'CANARY' }, 403));
  expect((await failureOf(read(spec))).message).toContain('(APPAP306E)');
  // And from the start there is nothing to go on with.
  const other = await connection({});
  ccp.next.push((response) => json(response, {}, 503));
  expect((await failureOf(read(other))).code).toBe('SECRET_UNAVAILABLE');
});

test.each([
  ['an id of its own place', { clientId: 'env:TIDEMARK_SECRET_ID' }, null],
  ['a secret of another place', { clientSecret: ['env:TIDEMARK_SECRET_RIGHT'] }, null],
  [
    'no id where it should be',
    { clientId: 'env:TIDEMARK_SECRET_NO_ID' },
    'env:TIDEMARK_SECRET_NO_ID is not available: what is there is no application',
  ],
])('with %s', async (_what, credentials, message) => {
  const spec = await connection(credentials);
  if (message === null) return expect(await read(spec)).toBe(10);
  const error = await failureOf(read(spec));
  expect(error.message).toContain(message);
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
});

test('an account without an id is told', async () => {
  ccp.accounts.set('cloud/contoso', { Content: simulator.clientSecret, UserName: 'svc-CANARY' });
  const error = await failureOf(read(await connection({})));
  expect(error.message).toContain(`${account} is not available: its user name is no application`);
  expect(error.message).not.toContain('CANARY');
});
