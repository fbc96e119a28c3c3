// The doctor: what is fine says so, what is not names its fix, and a server that is away costs seconds, not minutes.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { connectTemporal } from '../../src/cli/temporal.ts';
import { readConfig } from '../../src/config.ts';
import type { Check } from '../../src/stack/check.ts';
import { checkInstallation } from '../../src/stack/doctor.ts';
import { freePort } from '../../src/stack/ports.ts';
import { createKey } from '../../src/clients/secrets/keyFile.ts';
import { seal } from '../../src/clients/secrets/seal.ts';
import { reachVault } from '../../src/clients/secrets/keyVault.ts';
import { putConnection } from '../../src/store/connection.ts';
import { putSecret } from '../../src/store/secret.ts';
import { createCertificates } from '../../simulator/certificates.ts';
import { clientCertificate } from '../support/clientCertificate.ts';
import { type StartedStore, stores } from '../support/stores.ts';
import { sharedTemporalAddress } from '../support/temporal.ts';
import { type CcpStub, startCcp, startVault } from '../support/vaults.ts';

/** Secrets are kept there by one test, and a connection by another. */
let store: StartedStore;
beforeAll(async () => {
  store = await stores[0]![1]();
});
afterAll(() => store?.stop());

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-doctor-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function check(env: Record<string, string>): Promise<Record<string, Check>> {
  const config = readConfig({ TIDEMARK_HOME: home, HOME: home, ...env }, home);
  let client: Client | undefined;
  try {
    const checks = await checkInstallation(config, async () => (client = await connectTemporal(config.temporal)));
    return Object.fromEntries(checks.map((each) => [each.check, each]));
  } finally {
    await client?.connection.close();
  }
}

test('nothing there: each part is named with its fix, within five seconds', async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  const startedAt = performance.now();
  const checks = await check({ TEMPORAL_ADDRESS: nobody, TIDEMARK_DATABASE_URL: `postgresql://${nobody}/none` });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  for (const name of ['temporal', 'namespace', 'search attributes', 'workers']) {
    expect(checks[name]).toMatchObject({
      ok: false,
      found: expect.stringContaining(nobody),
      fix: expect.stringContaining('TEMPORAL_ADDRESS'),
    });
  }
  for (const name of ['database', 'schema'])
    expect(checks[name]).toMatchObject({ ok: false, fix: expect.stringContaining('TIDEMARK_DATABASE_URL') });
  for (const name of ['node', 'home', 'secrets', 'secret key', 'jwe keys', 'key vaults', 'cyberark'])
    expect(checks[name]).toMatchObject({ ok: true, fix: null });
});

test('Temporal is there: it is fine, and what it lacks is named', async () => {
  const checks = await check({ TEMPORAL_ADDRESS: sharedTemporalAddress(), TEMPORAL_NAMESPACE: 'nowhere' });
  expect(checks['temporal']).toMatchObject({ ok: true, found: sharedTemporalAddress() });
  expect(checks['namespace']).toMatchObject({ ok: false, fix: expect.stringContaining('temporal operator namespace create -n nowhere') });
  expect(checks['database']).toMatchObject({ ok: false, fix: expect.stringContaining('tidemark up') });
});

test.each([
  [0o600, true],
  [0o640, false],
  [0o604, false],
])('a file of secrets with mode %o: %s', async (mode, ok) => {
  const secrets = path.join(home, 'secrets');
  mkdirSync(secrets);
  const file = path.join(secrets, 'contoso');
  writeFileSync(file, 'x');
  chmodSync(file, mode);
  const { secrets: found } = await check({ TEMPORAL_ADDRESS: sharedTemporalAddress(), TIDEMARK_SECRET_DIR: secrets });
  expect(found).toMatchObject({ ok, fix: ok ? null : expect.stringContaining('chmod 600') });
});

describe('the key of kept secrets', () => {
  let keyFile: string;
  beforeEach(() => {
    keyFile = path.join(home, 'secret.key');
  });
  const found = async (): Promise<Check | undefined> =>
    (await check({ TEMPORAL_ADDRESS: sharedTemporalAddress(), TIDEMARK_DATABASE_URL: store.url }))['secret key'];

  test('is fine where none is needed, where it opens what is kept, and not where it is lost, another one, or open to others', async () => {
    expect(await found()).toMatchObject({ ok: true, found: 'none yet: no secret is kept' });
    const key = await createKey(keyFile);
    const binding = { tenant: 't', login: 'https://login.example', purpose: 'clientSecret' } as const;
    await putSecret(store.database, seal('CANARY', 'contoso', binding, key), 'test');
    expect(await found()).toMatchObject({ ok: true, found: `${key.id} (${keyFile}); secrets kept: 1` });
    chmodSync(keyFile, 0o644);
    expect(await found()).toMatchObject({ ok: false, fix: `chmod 600 ${keyFile}` });
    rmSync(keyFile);
    expect(await found()).toMatchObject({
      ok: false,
      found: expect.stringContaining(`sealed by the key ${key.id}`),
      fix: expect.stringContaining('backup'),
    });
    const other = await createKey(keyFile);
    expect(await found()).toMatchObject({ ok: false, found: expect.stringContaining(`holds another key (${other.id})`) });
  });
});

describe('where secrets are read from', () => {
  let ccp: CcpStub;
  let files: string;
  const at = (name: string): string => path.join(files, name);
  const put = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(at(name), text, { mode });
    return at(name);
  };
  beforeAll(async () => {
    files = mkdtempSync(path.join(os.tmpdir(), 'tidemark-doctor-secrets-'));
    const worker = await createCertificates({ purpose: 'client', authority: 'The authority of clients' });
    const stranger = await createCertificates({ purpose: 'client', authority: 'Another authority' });
    put('worker.pem', `${worker.certificatePem}\n${worker.keyPem}`);
    put('stranger.pem', `${stranger.certificatePem}\n${stranger.keyPem}`);
    put('jwe.pem', await clientCertificate(30));
    put('open.pem', await clientCertificate(30), 0o644);
    put('half.pem', worker.certificatePem);
    ccp = await startCcp(worker.caPem);
    put('ca.pem', ccp.ca);
  });
  afterAll(async () => {
    await ccp.close();
    rmSync(files, { recursive: true, force: true });
  });
  const temporal = { TEMPORAL_ADDRESS: sharedTemporalAddress() };
  const cyberark = (changed: Record<string, string> = {}): Record<string, string> => ({
    ...temporal,
    TIDEMARK_CYBERARK_URL: ccp.url,
    TIDEMARK_CYBERARK_APP_ID: 'tidemark',
    TIDEMARK_CYBERARK_CERT_FILE: at('worker.pem'),
    TIDEMARK_CYBERARK_CA_FILE: at('ca.pem'),
    ...changed,
  });

  test('nothing is configured: each says by what it would be', async () => {
    const checks = await check(temporal);
    expect(checks['jwe keys']).toMatchObject({ ok: true, found: 'none (TIDEMARK_JWE_KEY_FILES)' });
    expect(checks['key vaults']).toMatchObject({ ok: true, found: expect.stringContaining('no login (TIDEMARK_KEYVAULT_LOGIN)') });
    expect(checks['cyberark']).toMatchObject({ ok: true, found: 'none (TIDEMARK_CYBERARK_URL)' });
  });

  test.each([
    ['a certificate with its key', 'jwe.pem', true, 'jwe.pem', ''],
    ['a certificate alone', 'half.pem', false, 'half.pem holds no RSA certificate with its private key', 'TIDEMARK_JWE_KEY_FILES'],
    ['one that others can read', 'open.pem', false, 'can be read by others', 'chmod 600'],
    ['one that is not there', 'none.pem', false, 'cannot be read (ENOENT)', 'TIDEMARK_JWE_KEY_FILES'],
  ])('a file of keys that is %s', async (_what, name, isOk, found, fix) => {
    const { 'jwe keys': keys } = await check({ ...temporal, TIDEMARK_JWE_KEY_FILES: `${at('jwe.pem')},${at(name)}` });
    expect(keys).toMatchObject({ ok: isOk, found: expect.stringContaining(found), fix: isOk ? null : expect.stringContaining(fix) });
    expect(JSON.stringify(keys)).not.toContain('PRIVATE');
  });

  test.each<[string, () => Record<string, string> | Promise<Record<string, string>>, boolean, string, string]>([
    ['answers', () => cyberark(), true, 'AIMWebService', ''],
    [
      'does not know the certificate',
      () => cyberark({ TIDEMARK_CYBERARK_CERT_FILE: at('stranger.pem') }),
      false,
      'breaks off',
      'TIDEMARK_CYBERARK_CERT_FILE',
    ],
    [
      'is away',
      async () => cyberark({ TIDEMARK_CYBERARK_URL: `https://localhost:${await freePort()}/AIMWebService` }),
      false,
      'cannot be reached',
      'TIDEMARK_CYBERARK_URL',
    ],
  ])('CyberArk that %s', async (_what, env, isOk, found, fix) => {
    const { cyberark: line } = await check(await env());
    expect(line).toMatchObject({ ok: isOk, found: expect.stringContaining(found), fix: isOk ? null : expect.stringContaining(fix) });
    expect(ccp.asked.filter(({ account }) => account !== '/')).toEqual([]);
  });

  test('a vault that a connection names: without a login, untrusted, away, and one that the worker may not log in to', async () => {
    const vault = await startVault();
    try {
      const name = async (origin: string): Promise<void> => {
        const spec = { credentials: { clientSecret: [`keyvault:${origin}/secrets/contoso`] } };
        await putConnection(store.database, { name: 'contoso', spec, specHash: origin });
      };
      const login = { ...temporal, TIDEMARK_DATABASE_URL: store.url, TIDEMARK_KEYVAULT_LOGIN: 'managed' };
      const line = async (env: Record<string, string> = login): Promise<Check | undefined> => (await check(env))['key vaults'];
      await name(vault.origin);
      expect(await line({ ...temporal, TIDEMARK_DATABASE_URL: store.url })).toMatchObject({
        ok: false,
        found: expect.stringContaining(`connections name ${vault.origin}`),
        fix: expect.stringContaining('TIDEMARK_KEYVAULT_LOGIN'),
      });
      expect(await line()).toMatchObject({ ok: false, found: expect.stringContaining('is not trusted') });
      await name(`https://localhost:${await freePort()}`);
      expect(await line()).toMatchObject({ ok: false, found: expect.stringContaining('cannot be reached') });
      await name('https://vault.example');
      expect(await line()).toMatchObject({ ok: false, fix: expect.stringContaining('TIDEMARK_ALLOWED_ORIGINS') });
      // As where its authority is trusted: it answers, and nobody has logged in.
      await expect(
        reachVault(vault.origin, { allowedOrigins: [], proxy: { url: null, except: null }, ca: vault.ca }),
      ).resolves.toBeUndefined();
      expect(vault.logins()).toBe(0);
    } finally {
      await vault.close();
    }
  });
});
