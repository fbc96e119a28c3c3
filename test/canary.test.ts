// I14 no secret in logs, histories, database, errors, exports: canaries go every way that a credential goes, also where the source repeats them;
// then everything that is left behind is searched for them, in every form that they may take.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createCertificates } from '../simulator/certificates.ts';
import { openDatabase } from '../src/store/database.ts';
import { type CliStack, startCliStack } from './cli/stack.ts';
import { tenantId } from './clients/login.ts';
import { json } from './clients/sourceServer.ts';
import { clientCertificate } from './support/clientCertificate.ts';
import { type CcpStub, startCcp, startVault, type VaultStub } from './support/vaults.ts';

const canary = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}~/+"`;
const canaries: Record<string, string> & Record<'literal' | 'env' | 'old' | 'stored' | 'replaced' | 'certificate', string> = {
  literal: canary('literal'),
  env: canary('env'),
  old: canary('old'),
  stored: canary('stored'),
  replaced: canary('replaced'),
  certificate: canary('certificate'),
};
/** Behind references of the other kinds; and what the worker logs in to the vault with. */
const remote = { jwe: canary('jwe'), vault: canary('vault'), cyberark: canary('cyberark'), vaultLogin: canary('vaultLogin') };
Object.assign(canaries, remote);

/** Head and claims of a JWT. */
const accessToken = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}/;

let stack: CliStack;
let secrets: string;
let vault: VaultStub;
let ccp: CcpStub;
/** All that the command line printed. */
const printed: string[] = [];

beforeAll(async () => {
  secrets = mkdtempSync(path.join(os.tmpdir(), 'tidemark-canary-'));
  for (const [name, value] of Object.entries(canaries)) writeFileSync(path.join(secrets, name), value, { mode: 0o600 });
  const put = (name: string, text: string): string => {
    writeFileSync(path.join(secrets, name), text, { mode: 0o600 });
    return path.join(secrets, name);
  };
  const worker = await createCertificates({ purpose: 'client', authority: 'The authority of clients' });
  const jwe = await clientCertificate(30);
  put('certificate.pem', /-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----/.exec(jwe)?.[0] ?? '');
  // A line of each private key is a canary too.
  for (const [name, pem] of Object.entries({ jweKey: jwe, workerKey: worker.keyPem }))
    canaries[name] = /-----BEGIN (?:RSA )?PRIVATE KEY-----\s+\S+\s+(\S{32,})/.exec(pem)?.[1] ?? '';
  vault = await startVault();
  ccp = await startCcp(worker.caPem);
  vault.secrets.set('contoso', remote.vault);
  ccp.accounts.set('cloud/contoso', { Content: remote.cyberark, UserName: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3' });
  stack = await startCliStack({
    worker: true,
    env: {
      TIDEMARK_SECRET_CANARY: canaries.env,
      TIDEMARK_SECRET_DIR: secrets,
      TIDEMARK_JWE_KEY_FILES: put('jwe.pem', jwe),
      TIDEMARK_CYBERARK_URL: ccp.url,
      TIDEMARK_CYBERARK_APP_ID: 'tidemark',
      TIDEMARK_CYBERARK_CERT_FILE: put('worker.pem', `${worker.certificatePem}\n${worker.keyPem}`),
      TIDEMARK_CYBERARK_CA_FILE: put('ccp.pem', ccp.ca),
      TIDEMARK_KEYVAULT_LOGIN: 'secret',
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
      AZURE_CLIENT_SECRET: remote.vaultLogin,
      AZURE_AUTHORITY_HOST: vault.origin,
      NODE_EXTRA_CA_CERTS: put('vault.pem', vault.ca),
    },
  });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await vault?.close();
  await ccp?.close();
  rmSync(secrets, { recursive: true, force: true });
}, 60_000);

async function call(words: readonly string[], stdin?: string): Promise<number | null> {
  const ended = await stack.call(words, stdin === undefined ? undefined : { stdin });
  printed.push(`${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`);
  return ended.code;
}

/** As it is, as forms and JSON write it, and in base64 at each of its three alignments. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const aligned = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + 3 * Math.floor((bytes.length - skip) / 3)).toString('base64'));
  return [
    value,
    encodeURIComponent(value),
    new URLSearchParams([['', value]]).toString().slice(1),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('hex'),
    ...aligned,
  ];
}

/** Which canaries a text or file holds, by name. */
function heldBy(content: Buffer): string[] {
  const held = Object.entries(canaries).flatMap(([name, value]) => (formsOf(value).some((form) => content.includes(form)) ? [name] : []));
  return accessToken.test(content.toString('latin1')) ? [...held, 'a token'] : held;
}

function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile());
}

test('the search finds what is there', () => {
  const claims = Buffer.from('{"roles":["User.Read.All"]}').toString('base64url');
  expect(heldBy(Buffer.from(`Bearer ${claims}.${claims}.s`))).toEqual(['a token']);
  for (const [name, value] of Object.entries(canaries)) {
    for (const form of formsOf(value)) expect(heldBy(Buffer.from(`before ${form} after`))).toContain(name);
  }
});

test('I14 no secret in logs, histories, database, errors, exports', async () => {
  // The login and Graph repeat what they were told, as a hostile or careless one might.
  const repeated = Object.values(canaries).join(' ');
  const repeating = [
    { phase: 'token', every: 3, fault: { kind: 'status', status: 401, code: 'invalid_client', message: repeated } },
    { match: '/v1.0/users', at: [1, 4], fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied', message: repeated } },
    { match: '/v1.0/users', at: [2, 5], fault: { kind: 'status', status: 500, message: repeated } },
  ] as const;
  await stack.simulator.addFaults(repeating);
  // All but the old one log in.
  const endDateTime = new Date(Date.now() + 5 * 86_400_000).toISOString();
  await stack.simulator.configure({
    passwords: [canaries.env, canaries.stored, canaries.replaced, remote.jwe, remote.vault, remote.cyberark].map((secret) => ({
      secret,
      endDateTime,
    })),
  });
  const write = (name: string, secret: string): string => stack.write(name, { secret });

  expect(await call(['apply', '-f', write('literal', canaries.literal)])).toBe(2);
  const ways: Readonly<Record<string, string>> = {
    'by-env': 'env:TIDEMARK_SECRET_CANARY',
    'by-file': 'file:old',
    'by-two': '[file:old, env:TIDEMARK_SECRET_CANARY]',
    'by-store': 'secret:kept',
    'by-jwe': 'jwe:contoso.json#/contoso/clientSecret',
    'by-vault': `keyvault:${vault.origin}/secrets/contoso`,
    'by-cyberark': 'cyberark:cloud/contoso',
  };
  const encrypt = ['secret', 'encrypt', path.join(secrets, 'contoso.json'), '--certificate', path.join(secrets, 'certificate.pem')];
  expect(await call([...encrypt, '--path', '/contoso/clientSecret'], remote.jwe)).toBe(0);
  // The vault and CyberArk repeat them too, once.
  vault.refuse = { status: 403, body: { error: { code: 'Forbidden', message: repeated } } };
  ccp.next.push((response) => json(response, { ErrorCode: 'APPAP004E', ErrorMsg: repeated }, 404));
  expect(await call(['secret', 'set', 'kept', '-f', write('by-store', 'secret:kept')], canaries.stored)).toBe(0);
  for (const [name, secret] of Object.entries(ways)) {
    const file = write(name, secret);
    await call(['apply', '--skip-test', '-f', file]);
    await call(['test', name, '--json']);
    await call(['run', name, '--wait']);
  }
  await stack.simulator.clearFaults();
  vault.refuse = null;
  // What each finds behind its reference is used: all log in but the dead one.
  for (const name of Object.keys(ways))
    expect([name, await call(['run', name, '--wait', '--json'])]).toEqual([name, name === 'by-file' ? 4 : 0]);
  expect(await call(['secret', 'set', 'kept'], canaries.replaced)).toBe(0);
  expect(await call(['secret', 'set', 'cert', '-f', stack.write('by-cert', { certificate: 'secret:cert' })], canaries.certificate)).toBe(2);
  for (const words of [['secret', 'list'], ['status'], ['get'], ['doctor'], ['assets', '--output', 'csv', '--limit', '5000']])
    await call(words);
  for (const verb of ['status', 'get', 'logs', 'runs']) await call([verb, 'by-two', '--json']);

  const found: Record<string, readonly string[]> = {};
  const note = (where: string, content: Buffer): void => {
    const held = heldBy(content);
    if (held.length > 0) found[where] = held;
  };
  printed.forEach((text) => note(`printed by ${text.split('\n')[0]}`, Buffer.from(text)));
  for (const file of filesUnder(path.join(stack.directory, '.tidemark'))) note(path.relative(stack.directory, file), readFileSync(file));
  for (const [table, text] of await databaseText()) note(`table ${table}`, Buffer.from(text));
  for (const [workflow, text] of await histories()) note(workflow, Buffer.from(text));
  expect(found).toEqual({});
  // Each was asked for, and by its own way.
  expect([vault.asked.some((name) => name === 'contoso'), vault.logins() > 0]).toEqual([true, true]);
  expect(new Set(ccp.asked.map(({ account }) => account))).toEqual(new Set(['cloud/contoso']));
}, 300_000);

/** Every row of every table as text; bytes as hex, as PostgreSQL writes them. */
async function databaseText(): Promise<[string, string][]> {
  const { databaseUrl } = JSON.parse(readFileSync(path.join(stack.directory, '.tidemark', 'stack.json'), 'utf8')) as {
    databaseUrl: string;
  };
  const database = openDatabase({ url: databaseUrl, applicationName: 'canary', maxConnections: 1 });
  try {
    const tables = await database.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public' order by 1`);
    expect(tables.length).toBeGreaterThan(15);
    const dumped: [string, string][] = [];
    for (const { name } of tables) {
      const rows = await database.query<{ text: string }>(`select t::text as text from ${name} as t`);
      dumped.push([name, rows.map(({ text }) => text).join('\n')]);
    }
    return dumped;
  } finally {
    await database.close();
  }
}

/** Every history with its payloads decoded. */
async function histories(): Promise<[string, string][]> {
  const connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
  try {
    const client = new Client({ connection });
    const found: [string, string][] = [];
    for await (const { workflowId, runId } of client.workflow.list()) {
      const text = historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory());
      const decoded = text.replaceAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString('utf8'));
      found.push([`${workflowId} ${runId}`, `${text}\n${decoded}`]);
    }
    expect(found.length).toBeGreaterThan(10);
    return found;
  } finally {
    await connection.close();
  }
}
