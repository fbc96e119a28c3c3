// The doctor: what is fine says so, what is not names its fix, and a server that is away costs seconds, not minutes.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { connectTemporal } from '../../src/cli/temporal.ts';
import { readConfig } from '../../src/config.ts';
import { type Check, checkInstallation } from '../../src/stack/doctor.ts';
import { freePort } from '../../src/stack/ports.ts';
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
  for (const name of ['node', 'home', 'secrets']) expect(checks[name]).toMatchObject({ ok: true, fix: null });
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
