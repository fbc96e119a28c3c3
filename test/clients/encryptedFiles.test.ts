// Values in encrypted files, from `tidemark secret encrypt` to the worker that reads them: for whom, from which place, and what is said when not.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { readEncrypted } from '../../src/clients/secrets/jwe.ts';
import { tidemark } from '../cli/tidemark.ts';
import type { Ended } from '../cli/tidemark.ts';
import { clientCertificate } from '../support/clientCertificate.ts';
import { failureOf } from './sourceServer.ts';

let dir: string;
let encrypted: string;
const keys = { old: '', new: '', other: '' };

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'encrypted-'));
  mkdirSync(path.join(dir, 'secrets'));
  for (const name of ['old', 'new', 'other'] as const) {
    keys[name] = path.join(dir, `${name}.pem`);
    const pem = await clientCertificate(name === 'old' ? -1 : 20);
    writeFileSync(keys[name], pem);
    // Whoever encrypts has the certificate alone.
    writeFileSync(path.join(dir, `${name}.crt`), pem.slice(0, pem.indexOf('-----BEGIN PRIVATE KEY')));
  }
  const plain = { contoso: { clientSecret: 'CANARY-secret', other: 'CANARY-other' }, list: ['CANARY-é"\n'], 'a/b~c': { x: 'CANARY-odd' } };
  writeFileSync(path.join(dir, 'plain.json'), JSON.stringify(plain));
  const done = await encrypt(['--certificate', 'old.crt', 'new.crt', '-f', 'plain.json']);
  expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('plain.json still has the values as they are') as string });
  expect(done.stderr).toContain('old.crt expired on');
  encrypted = readFileSync(file(), 'utf8');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const said: string[] = [];
const encrypt = async (words: readonly string[], stdin?: string): Promise<Ended> => {
  const ended = await tidemark(['secret', 'encrypt', 'secrets/contoso.json', ...words], {
    cwd: dir,
    ...(stdin === undefined ? {} : { stdin }),
  });
  said.push(ended.stdout + ended.stderr);
  return ended;
};
const read = (name: string, ...jweKeyFiles: readonly string[]): Promise<string> =>
  readEncrypted(name, { dir: path.join(dir, 'secrets'), jweKeyFiles });

const file = (): string => path.join(dir, 'secrets', 'contoso.json');
const jwe = z.looseObject({ protected: z.string(), ciphertext: z.string() });
const content = z.object({ contoso: z.looseObject({ clientSecret: jwe, other: jwe }) });
const change = (edit: (leaves: z.infer<typeof content>['contoso']) => unknown): void => {
  const document = content.parse(JSON.parse(readFileSync(file(), 'utf8')));
  writeFileSync(file(), JSON.stringify({ ...document, contoso: edit(document.contoso) }));
};

beforeEach(() => writeFileSync(file(), encrypted));

test('every value of a file is readable by the key of either certificate, and by nobody else', async () => {
  for (const key of [keys.old, keys.new]) {
    await expect(read('contoso.json#/contoso/clientSecret', key)).resolves.toBe('CANARY-secret');
    await expect(read('contoso.json#/list/0', key)).resolves.toBe('CANARY-é"\n');
    await expect(read('contoso.json#/a~1b~0c/x', keys.other, key)).resolves.toBe('CANARY-odd');
  }
  const error = await failureOf(read('contoso.json#/contoso/clientSecret', keys.other));
  expect(error.message).toMatch(/encrypted for the certificate [0-9a-f]{64} and [0-9a-f]{64}, and the worker has the key of [0-9a-f]{64}/);
  expect(error.hint).toContain('TIDEMARK_JWE_KEY_FILES');
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(readFileSync(file(), 'utf8')).not.toContain('CANARY');
});

test('one value is put into the file, and the others stay', async () => {
  expect(await encrypt(['--certificate', 'new.crt', '--path', '/contoso/clientSecret'], 'CANARY-third\n')).toMatchObject({ code: 0 });
  await expect(read('contoso.json#/contoso/clientSecret', keys.new)).resolves.toBe('CANARY-third');
  await expect(read('contoso.json#/contoso/other', keys.new)).resolves.toBe('CANARY-other');
  expect((await failureOf(read('contoso.json#/contoso/clientSecret', keys.old))).message).toContain('encrypted for the certificate');
});

test.each<[string, string, (leaves: z.infer<typeof content>['contoso']) => unknown]>([
  [
    'put in the place of another',
    'encrypted for /contoso/other: it was moved or exchanged',
    ({ other }) => ({ clientSecret: other, other }),
  ],
  [
    'given the header of another',
    'it was changed since it was encrypted',
    ({ clientSecret, other }) => ({ clientSecret: { ...other, protected: clientSecret.protected } }),
  ],
  [
    'with another ciphertext',
    'it was changed since it was encrypted',
    ({ clientSecret, other }) => ({ clientSecret: { ...clientSecret, ciphertext: other.ciphertext } }),
  ],
  [
    'whose place is not in the header',
    'it was encrypted for no place'.replace('it', 'the value there'),
    ({ clientSecret }) => ({
      clientSecret: { ...clientSecret, protected: Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM"}').toString('base64url') },
    }),
  ],
  [
    'by another algorithm',
    'it was changed since it was encrypted',
    ({ clientSecret }) => ({
      clientSecret: {
        ...clientSecret,
        protected: Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM","crit":["path"],"path":"/contoso/clientSecret"}').toString('base64url'),
      },
    }),
  ],
  ['written out', 'what is there is not encrypted', () => ({ clientSecret: 'CANARY-plain' })],
  ['taken away', 'the file has nothing at /contoso/clientSecret', () => ({})],
])('a value %s opens nothing: %s', async (_what, message, edit) => {
  change(edit);
  const error = await failureOf(read('contoso.json#/contoso/clientSecret', keys.new));
  expect(error.code).toBe('SECRET_UNAVAILABLE');
  expect(error.message).toContain('jwe:contoso.json#/contoso/clientSecret');
  expect(error.message).toContain(message);
  expect(error.hint).toContain('tidemark secret encrypt contoso.json --path /contoso/clientSecret');
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('CANARY');
});

test.each([
  ['no key file', [], 'the worker has no key'],
  ['a key file that is not there', ['/nowhere/key.pem'], 'cannot be read (ENOENT)'],
  ['a certificate without its key', ['new.crt'], 'holds no RSA certificate with its private key'],
])('with %s the file of keys is named', async (_what, files, message) => {
  const error = await failureOf(read('contoso.json#/contoso/clientSecret', ...files.map((name) => path.resolve(dir, name))));
  expect(error.message).toContain(message);
  expect(error.hint).toContain('TIDEMARK_JWE_KEY_FILES');
});

test('a file that is no JSON, or too large, is told', async () => {
  writeFileSync(file(), '{');
  expect((await failureOf(read('contoso.json#/a', keys.new))).message).toContain('the file is no JSON');
  writeFileSync(file(), JSON.stringify('x'.repeat(1024 * 1024)));
  expect((await failureOf(read('contoso.json#/a', keys.new))).message).toContain('at most 1048576 bytes');
});

test.each<[string, readonly string[], string]>([
  ['neither a path nor a file', [], 'Either --path'],
  ['both', ['--path', '/a', '-f', 'plain.json'], 'Either --path'],
  ['no path', ['--path', 'a'], 'no path in a JSON file'],
  ['a path into a value', ['--path', '/contoso/clientSecret/x'], 'in the way of /contoso/clientSecret/x'],
  ['no file of values', ['-f', 'nowhere.json'], 'holds no values'],
  ['values that are no text', ['-f', 'number.json'], 'what stands at /a is no text'],
])('what cannot be encrypted is refused, and the file stays as it was: %s', async (_what, words, message) => {
  writeFileSync(path.join(dir, 'number.json'), '{"a": 1}');
  const before = readFileSync(file(), 'utf8');
  const { code, stderr } = await encrypt(['--certificate', 'new.crt', ...words], 'CANARY-x');
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(readFileSync(file(), 'utf8')).toBe(before);
});

test('what is no certificate, or a third one, is refused', async () => {
  expect((await encrypt(['--certificate', 'plain.json', '--path', '/a'], 'x')).stderr).toContain('cannot be read as a certificate');
  expect((await encrypt(['--certificate', 'old.crt', 'new.crt', 'other.crt', '--path', '/a'], 'x')).stderr).toContain('or two while');
});

test('I14 no secret in logs, history, database, errors, exports: nothing that was said holds a value', () => {
  expect(said.length).toBeGreaterThan(9);
  expect(said.join('')).not.toContain('CANARY');
});
