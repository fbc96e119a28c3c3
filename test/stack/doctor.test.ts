// The doctor: what is fine says so, what is not names its fix, and a server that is away costs seconds, not minutes.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { connectTemporal } from '../../src/cli/temporal.ts';
import { readConfig } from '../../src/config.ts';
import { type Check, checkInstallation } from '../../src/stack/doctor.ts';
import { freePort } from '../../src/stack/ports.ts';
import { createKey } from '../../src/clients/secrets/keyFile.ts';
import { seal } from '../../src/clients/secrets/seal.ts';
import { putSecret } from '../../src/store/secret.ts';
import { type StartedStore, stores } from '../support/stores.ts';
import { sharedTemporalAddress } from '../support/temporal.ts';

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
  for (const name of ['node', 'home', 'secrets', 'secret key']) expect(checks[name]).toMatchObject({ ok: true, fix: null });
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
  let store: StartedStore;
  let keyFile: string;
  beforeAll(async () => {
    store = await stores[0]![1]();
  });
  afterAll(() => store.stop());
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
