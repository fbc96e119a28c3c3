// A platform's token in place of a secret, by the real library against the simulator's login and its checks.
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Federation } from '../../simulator/federation.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { aadsts as known } from '../../src/clients/aadsts.ts';
import { federatedTokenFile } from '../../src/clients/federatedToken.ts';
import { createHttp, type Http } from '../../src/clients/http.ts';
import { redact } from '../../src/clients/redact.ts';
import { createTokenProvider } from '../../src/clients/token.ts';
import { rolesOf } from '../../src/clients/tokenClaims.ts';
import { failureOf } from './sourceServer.ts';

const never = new AbortController().signal;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const federation: Federation = {
  issuer: 'https://oidc.example/cluster/',
  subject: 'system:serviceaccount:tidemark:worker',
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
};

let simulator: Simulator;
let http: Http;
let dir: string;
let tokenFile: string;

beforeAll(async () => {
  simulator = await startSimulator({ users: 10 });
  http = createHttp({ ca: simulator.caPem });
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidemark-federated-'));
  tokenFile = path.join(dir, 'token');
});
afterAll(async () => {
  await http.close();
  await simulator.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  simulator.configure({ federations: [federation] });
  simulator.resetRequests();
});

/** A service account's token as a platform signs it. */
function platformToken(changed: object = {}, key = privateKey): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: federation.issuer,
    sub: federation.subject,
    aud: ['api://AzureADTokenExchange'],
    iat: now,
    nbf: now,
    exp: now + 3600,
    ...changed,
  };
  const signed = [{ alg: 'RS256', kid: 'k1', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

const provider = () =>
  createTokenProvider({
    login: simulator.origin,
    tenantId: simulator.tenantId,
    clientId: simulator.clientId,
    credential: { kind: 'workload', tokenFile },
    scope: `${simulator.origin}/.default`,
    http,
  });

test('the file is read at each login: a renewed token is used without a restart', async () => {
  writeFileSync(tokenFile, platformToken({ exp: 1 }));
  const tokens = provider();
  expect((await failureOf(tokens.token(never))).details['aadsts']).toBe(700_024);
  writeFileSync(tokenFile, `${platformToken()}\n`);
  expect(rolesOf(await tokens.token(never))).toContain('User.Read.All');
  expect(simulator.requests().filter(({ phase }) => phase === 'token')).toHaveLength(2);
});

test.each<[string, number, object, Partial<{ federations: readonly Federation[] }>]>([
  ['nothing is trusted', 70_021, {}, { federations: [] }],
  ['another issuer', 700_211, { iss: 'https://oidc.example/cluster' }, {}],
  ['another subject', 700_213, { sub: 'system:serviceaccount:tidemark:Worker' }, {}],
  ['another audience', 700_212, { aud: 'https://kubernetes.default.svc' }, {}],
  ['an expired token', 700_024, { exp: Math.floor(Date.now() / 1000) - 1 }, {}],
  ['a token of later', 700_024, { nbf: Math.floor(Date.now() / 1000) + 3600 }, {}],
])('%s is refused with AADSTS%i and its own hint', async (_, aadsts, claims, settings) => {
  simulator.configure(settings);
  const token = platformToken(claims);
  writeFileSync(tokenFile, token);
  const error = await failureOf(provider().token(never));
  expect([error.code, error.details['aadsts'], error.hint]).toEqual([
    'SOURCE_AUTH_FAILED',
    aadsts,
    `${known[aadsts]?.cause} ${known[aadsts]?.fix}`,
  ]);
  expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain(token.split('.')[2]);
});

test('a token that somebody else signed is refused', async () => {
  writeFileSync(tokenFile, platformToken({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
  expect((await failureOf(provider().token(never))).details['aadsts']).toBe(50_013);
});

test.each<[string, () => string | null, string]>([
  ['no file is named', () => null, 'AZURE_FEDERATED_TOKEN_FILE of the worker names no file'],
  ['the file is not there', () => path.join(dir, 'none'), 'cannot be read (ENOENT)'],
  ['a directory', () => dir, 'is no regular file'],
  ['an empty file', () => (writeFileSync(path.join(dir, 'empty'), '\n'), path.join(dir, 'empty')), 'is empty'],
])('a worker without an identity: %s', async (_, file, what) => {
  const error = await failureOf(federatedTokenFile(file()));
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(error.message).toContain(`The worker has no workload identity: `);
  expect(error.message).toContain(what);
  expect(error.hint).toContain('azure.workload.identity/use');
});

test("the platform's token is redacted from then on", async () => {
  const token = platformToken();
  writeFileSync(tokenFile, `${token}\n`);
  expect(await federatedTokenFile(tokenFile)).toBe(tokenFile);
  expect(redact(`before ${token} after`)).toBe('before [secret] after');
});
