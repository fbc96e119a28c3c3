// Secrets of Azure Key Vault by the real library against a stub on loopback: which identity logs in, to whom its token goes, and what is said when not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { redact } from '../../src/clients/redact.ts';
import { readVaultSecret } from '../../src/clients/secrets/keyVault.ts';
import type { VaultLogin } from '../../src/clients/secrets/vaultLogin.ts';
import { clientCertificate } from '../support/clientCertificate.ts';
import { startVault, type VaultStub } from '../support/vaults.ts';
import { clientId, refusal, tenantId } from './login.ts';
import { failureOf, json, portOf } from './sourceServer.ts';

const proxy = { url: null, except: null };
let vault: VaultStub;
let dir: string;
let application: { tenantId: string; clientId: string; authority: string };
let bySecret: VaultLogin;

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'vault-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(async () => {
  vault = await startVault();
  vault.secrets.set('graph', 'CANARY-vault').set('graph/0123456789abcdef0123456789abcdef', 'CANARY-version');
  application = { tenantId, clientId, authority: vault.origin };
  bySecret = { by: 'secret', ...application, secret: 'CANARY-worker' };
});
afterEach(() => vault.close());

const read = (name = 'graph', login: VaultLogin | null = bySecret): Promise<string> =>
  readVaultSecret(`${vault.origin}/secrets/${name}`, { login, allowedOrigins: [], proxy, ca: vault.ca });

const put = (name: string, text: string): string => {
  writeFileSync(path.join(dir, name), text);
  return path.join(dir, name);
};

test('a secret is read, by its latest version or the one named, and redacted from then on', async () => {
  await expect(read()).resolves.toBe('CANARY-vault');
  await expect(read('graph/0123456789abcdef0123456789abcdef')).resolves.toBe('CANARY-version');
  const version = 'graph/0123456789abcdef0123456789abcdef';
  expect(vault.asked).toEqual(['graph challenged', 'graph', `${version} challenged`, version]);
  expect(redact('before CANARY-vault after')).toBe('before [secret] after');
  // A new value needs no restart: each reading asks.
  vault.secrets.set('graph', 'CANARY-rotated');
  await expect(read()).resolves.toBe('CANARY-rotated');
});

test('the worker logs in by a certificate, or by the token of its platform', async () => {
  const certificateFile = put('worker.pem', await clientCertificate(20));
  await expect(read('graph', { by: 'certificate', ...application, certificateFile })).resolves.toBe('CANARY-vault');
  await expect(read('graph', { by: 'workload', ...application, tokenFile: put('token', 'CANARY-federated') })).resolves.toBe(
    'CANARY-vault',
  );
  expect(vault.logins()).toBe(2);
});

test('the worker logs in by the identity of its machine', async () => {
  const claims = Buffer.from(JSON.stringify({ tid: tenantId })).toString('base64url');
  const asked: string[] = [];
  const endpoint = createServer((request, response) => {
    asked.push(request.url ?? '');
    json(response, {
      access_token: `e30.${claims}.x`,
      expires_on: String(Math.floor(Date.now() / 1000) + 3600),
      resource: 'r',
      token_type: 'Bearer',
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${portOf(endpoint)}/msi/token`;
  process.env['IDENTITY_HEADER'] = 'CANARY-header';
  try {
    // The second one asks by a transport of its own, although the library keeps the first for as long as it is loaded.
    await expect(read('graph', { by: 'managed', clientId: null })).resolves.toBe('CANARY-vault');
    await expect(read('graph', { by: 'managed', clientId })).resolves.toBe('CANARY-vault');
  } finally {
    delete process.env['IDENTITY_ENDPOINT'];
    delete process.env['IDENTITY_HEADER'];
    endpoint.close();
  }
  expect(asked.map((url) => new URL(url, 'http://x').searchParams.get('client_id'))).toEqual([null, clientId]);
  expect(asked[0]).toContain(encodeURIComponent('https://vault.azure.net'));
  expect(vault.logins()).toBe(0);
});

interface Trouble {
  readonly what: string;
  readonly before?: (stub: VaultStub) => void;
  readonly login?: () => VaultLogin | null;
  readonly name?: string;
  readonly message: string;
  readonly fix: string;
  readonly passing?: true;
}

const troubles: readonly Trouble[] = [
  { what: 'no such secret', name: 'none', message: 'answers 404 (SecretNotFound)', fix: 'Correct the name of the secret' },
  {
    what: 'no right to read it',
    before: (stub) =>
      (stub.refuse = { status: 403, body: { error: { code: 'Forbidden', message: 'CANARY', innererror: { code: 'ForbiddenByRbac' } } } }),
    message: 'answers 403 (ForbiddenByRbac)',
    fix: 'Key Vault Secrets User',
  },
  {
    what: 'a vault that does not take the token',
    before: (stub) => (stub.refuse = { status: 401, body: { error: { code: 'Unauthorized', message: 'CANARY' } } }),
    message: 'answers 401 (Unauthorized)',
    fix: 'AZURE_TENANT_ID',
  },
  {
    what: 'a vault that is busy',
    before: (stub) => (stub.refuse = { status: 429, headers: { 'retry-after': '0' } }),
    message: 'answers 429',
    fix: 'asked again',
    passing: true,
  },
  {
    what: 'a vault that fails',
    before: (stub) => (stub.refuse = { status: 503 }),
    message: 'answers 503',
    fix: 'asked again',
    passing: true,
  },
  {
    what: 'a login that is refused',
    before: (stub) => (stub.loginAnswers = { token: (_, response) => json(response, refusal(7_000_215), 401) }),
    message: 'AADSTS7000215',
    fix: 'TIDEMARK_KEYVAULT_LOGIN',
  },
  {
    what: 'a vault of another tenant',
    before: (stub) => (stub.challenge.tenant = '00000000-0000-4000-8000-000000000000'),
    message: 'The vault is of the tenant 00000000-0000-4000-8000-000000000000',
    fix: 'AZURE_TENANT_ID',
  },
  { what: 'no login', login: () => null, message: 'the worker has no login to vaults', fix: 'TIDEMARK_KEYVAULT_LOGIN' },
  {
    what: 'no token of the platform',
    login: () => ({ by: 'workload', ...application, tokenFile: null }),
    message: 'AZURE_FEDERATED_TOKEN_FILE',
    fix: 'TIDEMARK_KEYVAULT_LOGIN',
  },
  {
    what: 'no certificate of the worker',
    login: () => ({ by: 'certificate', ...application, certificateFile: '/nowhere' }),
    message: '/nowhere cannot be read (ENOENT)',
    fix: 'AZURE_CLIENT_CERTIFICATE_PATH',
  },
];

test.each(troubles)('$what: SECRET_UNAVAILABLE with cause and fix', async ({ before, login, name, message, fix, passing }) => {
  before?.(vault);
  const error = await failureOf(read(name, login === undefined ? bySecret : login()));
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(error.message).toContain(`keyvault:${vault.origin}/secrets/${name ?? 'graph'}`);
  expect(error.message).toContain(message);
  expect(error.hint).toContain(fix);
  expect(error.details['passing']).toBe(passing);
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
});

test('a vault that is down is told, and passes', async () => {
  await vault.close();
  const error = await failureOf(read());
  expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', details: { passing: true } });
  expect(error.message).toContain('cannot be reached (ECONNREFUSED)');
});

test('a vault whose certificate nobody trusts gets no login', async () => {
  const error = await failureOf(readVaultSecret(`${vault.origin}/secrets/graph`, { login: bySecret, allowedOrigins: [], proxy }));
  expect(error.message).toContain('is not trusted');
  expect(vault.logins()).toBe(0);
});

describe('a host of its own, which the worker is allowed', () => {
  let corp: VaultStub;
  let tunnel: Server;
  const readCorp = (allowedOrigins: readonly string[]): Promise<string> =>
    readVaultSecret('https://vault.corp.invalid/secrets/graph', {
      login: { ...bySecret, authority: vault.origin } as VaultLogin,
      allowedOrigins,
      proxy: { url: `http://127.0.0.1:${portOf(tunnel)}`, except: null },
      ca: `${corp.ca}\n${vault.ca}`,
    });
  beforeEach(async () => {
    corp = await startVault(['vault.corp.invalid']);
    corp.secrets.set('graph', 'CANARY-corp');
    // The name resolves to nothing: a proxy leads there.
    tunnel = createServer().on('connect', (_request, socket: Socket) => {
      const onward = connect(Number(new URL(corp.origin).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
    });
    await new Promise<void>((resolve) => tunnel.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await corp.close();
    tunnel.close();
  });

  test('is read when it asks for a token of itself', async () => {
    corp.challenge.resource = 'https://corp.invalid';
    await expect(readCorp(['https://vault.corp.invalid'])).resolves.toBe('CANARY-corp');
  });

  test('I16 a credential goes only to the origin it is for: it gets no token of another service', async () => {
    for (const resource of ['https://graph.microsoft.com', 'https://vault.azure.net', 'https://evilcorp.invalid']) {
      corp.challenge.resource = resource;
      const error = await failureOf(readCorp(['https://vault.corp.invalid']));
      expect(error.message).toContain('vault.corp.invalid asks for a login to something else than this vault');
    }
    expect((await failureOf(readCorp([]))).message).toContain('the worker may not log in to vault.corp.invalid');
    expect(vault.logins()).toBe(0);
  });
});
