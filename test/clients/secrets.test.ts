// References to secrets: what may be read, from where, and what is said when not.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { redact } from '../../src/clients/redact.ts';
import { readAccount } from '../../src/clients/secrets/ccp.ts';
import { readVaultSecret } from '../../src/clients/secrets/keyVault.ts';
import { readSecret, type SecretPlaces } from '../../src/clients/secrets/index.ts';
import { failureOf } from './sourceServer.ts';

const binding = { tenant: 't', login: 'https://login.example', purpose: 'clientSecret' } as const;

let root: string;
let places: SecretPlaces;
let socket: net.Server;

beforeAll(async () => {
  root = mkdtempSync(path.join(os.tmpdir(), 'secrets-'));
  const dir = path.join(root, 'dir');
  mkdirSync(path.join(dir, 'nested'), { recursive: true });
  mkdirSync(path.join(root, 'dir-beside'));
  writeFileSync(path.join(dir, 'plain'), 'CANARY-plain');
  writeFileSync(path.join(dir, 'newline'), 'CANARY-newline\n');
  writeFileSync(path.join(dir, 'windows'), 'CANARY-windows\r\n');
  writeFileSync(path.join(dir, 'two-lines'), 'CANARY-1\nCANARY-2\n\n');
  writeFileSync(path.join(dir, 'nested', 'deep'), 'CANARY-deep');
  writeFileSync(path.join(dir, 'empty'), '\n');
  writeFileSync(path.join(dir, 'largest'), 'x'.repeat(64 * 1024));
  writeFileSync(path.join(dir, 'too-large'), 'x'.repeat(64 * 1024 + 1));
  writeFileSync(path.join(root, 'outside'), 'CANARY-outside');
  writeFileSync(path.join(root, 'dir-beside', 'file'), 'CANARY-beside');
  symlinkSync(path.join(root, 'outside'), path.join(dir, 'link-out'));
  symlinkSync(root, path.join(dir, 'link-up'));
  symlinkSync(path.join(dir, 'plain'), path.join(dir, 'link-in'));
  symlinkSync('/dev/zero', path.join(dir, 'device'));
  socket = net.createServer().listen(path.join(dir, 'socket'));
  await once(socket, 'listening');
  places = {
    env: { TIDEMARK_SECRET_A: 'CANARY-a', LISTED: 'CANARY-listed', PATH: 'CANARY-path', TIDEMARK_SECRET_EMPTY: '' },
    allowedEnv: ['LISTED'],
    dir,
    kept: { find: () => Promise.resolve(null), keyFile: path.join(root, 'secret.key') },
    jweKeyFiles: [],
    vaultSecret: (identifier) => readVaultSecret(identifier, { login: null, allowedOrigins: [], proxy: { url: null, except: null } }),
    account: (name) => readAccount(name, { access: null, proxy: { url: null, except: null } }),
  };
});
afterAll(() => {
  socket.close();
  rmSync(root, { recursive: true, force: true });
});

test.each([
  ['env:TIDEMARK_SECRET_A', 'CANARY-a'],
  ['env:LISTED', 'CANARY-listed'],
  ['file:plain', 'CANARY-plain'],
  ['file:newline', 'CANARY-newline'],
  ['file:windows', 'CANARY-windows'],
  ['file:two-lines', 'CANARY-1\nCANARY-2\n'],
  ['file:nested/deep', 'CANARY-deep'],
  ['file:link-in', 'CANARY-plain'],
  ['file:largest', 'x'.repeat(64 * 1024)],
])('%s is read, and redacted from then on', async (reference, value) => {
  await expect(readSecret(reference, binding, places)).resolves.toBe(value);
  expect(redact(`before ${value} after`)).toBe('before [secret] after');
});

test('an absolute path under the directory is read', async () => {
  await expect(readSecret(`file:${path.join(root, 'dir', 'plain')}`, binding, places)).resolves.toBe('CANARY-plain');
});

test.each([
  ['env:PATH', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_ENV'],
  ['env:TIDEMARK_SECRET_NONE', 'SECRET_UNAVAILABLE', 'Set TIDEMARK_SECRET_NONE'],
  ['env:TIDEMARK_SECRET_EMPTY', 'SECRET_UNAVAILABLE', 'Put the secret there'],
  ['env:toString', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_ENV'],
  ['file:none', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:empty', 'SECRET_UNAVAILABLE', 'Put the secret there'],
  ['file:too-large', 'SECRET_UNAVAILABLE', 'regular file'],
  ['file:nested', 'SECRET_UNAVAILABLE', 'regular file'],
  ['file:socket', 'SECRET_UNAVAILABLE', 'user of the worker'],
  ['file:device', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:../outside', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:../dir-beside/file', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:/etc/hostname', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:link-out', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:link-up/outside', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['file:.', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['secret:contoso', 'SECRET_UNAVAILABLE', 'tidemark secret set contoso -f FILE'],
  ['jwe:plain#/a', 'SECRET_UNAVAILABLE', 'tidemark secret encrypt'],
  ['jwe:../outside#/a', 'SECRET_UNAVAILABLE', 'TIDEMARK_SECRET_DIR'],
  ['keyvault:https://contoso.vault.azure.net/secrets/x', 'SECRET_UNAVAILABLE', 'TIDEMARK_KEYVAULT_LOGIN'],
  ['keyvault:https://vault.example/secrets/x', 'SECRET_UNAVAILABLE', 'TIDEMARK_ALLOWED_ORIGINS'],
  ['keyvault:https://evil-vault.azure.net.example/secrets/x', 'SECRET_UNAVAILABLE', 'TIDEMARK_ALLOWED_ORIGINS'],
  ['keyvault:http://contoso.vault.azure.net/secrets/x', 'SECRET_UNAVAILABLE', 'Write keyvault:https://'],
  ['cyberark:safe/object', 'SECRET_UNAVAILABLE', 'TIDEMARK_CYBERARK_URL'],
])('%s is %s and names itself and the fix', async (reference, code, fix) => {
  const error = await failureOf(readSecret(reference, binding, places));
  expect(error.code).toBe(code);
  expect(error.message).toContain(reference);
  expect(error.hint).toContain(fix);
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
});

test.each(['CANARY-literal', 'CANARY:literal', 'env:', 'file:', 'secret:', ''])(
  '%j, which may be a secret itself, is refused and not repeated',
  async (reference) => {
    const error = await failureOf(readSecret(reference, binding, places));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
  },
);

test('no file is read when no directory is configured', async () => {
  const error = await failureOf(readSecret('file:plain', binding, { ...places, dir: null }));
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(error.hint).toContain('TIDEMARK_SECRET_DIR');
});
