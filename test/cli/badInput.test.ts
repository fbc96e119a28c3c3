// Bad input gets a clear error and changes nothing: the part that needs no server. Text, fix and exit code are checked by tables.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { type CommandLine, openCommandLine } from './tidemark.ts';

let home: string;
let commandLine: CommandLine;
beforeAll(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-cli-'));
  commandLine = openCommandLine({ cwd: home });
});
afterAll(async () => {
  await commandLine.stop();
  rmSync(home, { recursive: true, force: true });
});
const call: CommandLine['call'] = (words, options) => commandLine.call(words, options);

const good = {
  name: 'contoso',
  connector: 'entra-identity',
  credentials: {
    tenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
    clientId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
    clientSecret: 'env:TIDEMARK_SECRET_CONTOSO',
  },
};

const secret = 'Zx8Q~written-out-by-mistake';

test.each([
  ['an unknown key', { ...good, profiels: [] }, ['profiels', 'not a known key', 'did you mean "profiles"']],
  ['an unknown key inside', { ...good, profiles: [{ name: 'a', schedul: {} }] }, ['profiles.0.schedul', 'did you mean "schedule"']],
  [
    'a literal secret',
    { ...good, credentials: { ...good.credentials, clientSecret: secret } },
    ['credentials.clientSecret', 'env:TIDEMARK_SECRET_NAME'],
  ],
  [
    'a reference without what it names',
    { ...good, credentials: { ...good.credentials, clientSecret: 'keyvault:a/b' } },
    ['keyvault:', 'https://VAULT.vault.azure.net/secrets/NAME'],
  ],
  ['a name that begins with a digit', { ...good, name: '1contoso' }, ['name: begins with a letter']],
  ['a name that is too long', { ...good, name: 'c'.repeat(65) }, ['name', 'at most 64']],
  ['a name with a blank', { ...good, name: 'con toso' }, ['name', 'letters, digits']],
  ['a description that is too long', { ...good, description: 'd'.repeat(165) }, ['description: has at most 164 characters']],
  ['an unknown connector', { ...good, connector: 'entra-identities' }, ['connector', 'entra-identity']],
  [
    'http outside loopback',
    { ...good, cloud: 'custom', endpoints: { login: 'http://login.example', graph: 'http://127.0.0.1:9/v1.0' } },
    ['endpoints.login', 'http is accepted for loopback only'],
  ],
  [
    'a stream that does not exist',
    { ...good, profiles: [{ name: 'a', streams: ['devices'] }] },
    ['profiles.0.streams.0', 'not a stream of entra-identity'],
  ],
  [
    'a time zone that does not exist',
    { ...good, profiles: [{ name: 'a', schedule: { occurs: 'recurring', every: 'daily', timezone: 'Mars/Base' } }] },
    ['profiles.0.schedule.timezone', 'IANA'],
  ],
  [
    'a CA file that is missing',
    { ...good, cloud: 'custom', endpoints: { login: 'https://a.example', graph: 'https://b.example', caFile: 'none.pem' } },
    ['endpoints.caFile', 'cannot be read'],
  ],
])('%s is refused with line, path and reason', async (what, connection, parts) => {
  const file = path.join(home, `${what.replaceAll(/\W+/g, '-')}.json`);
  writeFileSync(file, JSON.stringify(connection, null, 2));
  const { code, stdout, stderr } = await call(['apply', '-f', file]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^CONFIG_INVALID: Nothing was changed\.\n/);
  expect(stderr).toMatch(/\.json:\d+:\d+ /);
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr).toContain('\n  fix: ');
  expect(stderr).not.toContain(secret);
});

test('the line is that of the mistake', async () => {
  const file = path.join(home, 'lines.yaml');
  writeFileSync(
    file,
    'name: contoso\nconnector: entra-identity\ncredentials:\n  tenantId: contoso.example\n  clientId: nonsense\n  clientSecret: env:TIDEMARK_SECRET_A\n',
  );
  const { code, stderr } = await call(['apply', '-f', 'lines.yaml']);
  expect(code).toBe(2);
  expect(stderr).toContain('lines.yaml:5:13 credentials.clientId: ');
});

test('one bad file of a directory refuses all of them', async () => {
  const directory = path.join(home, 'several');
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'a.json'), JSON.stringify(good));
  writeFileSync(path.join(directory, 'b.yml'), 'name: [1, 2\n');
  writeFileSync(path.join(directory, 'c.txt'), 'not read');
  const { code, stdout, stderr } = await call(['apply', '-f', directory]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('b.yml:');
  expect(stderr).not.toContain('c.txt');
});

test.each([
  ['no verb', [], 'No verb was given', 'tidemark --help'],
  ['an unknown verb', ['aply'], "unknown command 'aply' (Did you mean apply?)", 'tidemark --help'],
  ['a verb of a later version', ['risks', 'contoso'], "unknown command 'risks'", 'tidemark --help'],
  ['an unknown option', ['run', 'contoso', '--fast'], "unknown option '--fast'", 'tidemark run --help'],
  ['a missing argument', ['runs'], "missing required argument 'name'", 'tidemark runs --help'],
  ['too many arguments', ['runs', 'a', 'b'], 'too many arguments', 'tidemark runs --help'],
  ['a format that does not exist', ['get', '--output', 'xml'], 'Allowed choices are table, json, ndjson, csv', 'tidemark get --help'],
  ['a limit of nothing', ['runs', 'a', '--limit', '0'], 'whole number of at least 1', 'tidemark runs --help'],
  ['a run that is not named so', ['run-report', '17'], '"17" does not name a run', 'NAME:N'],
  ['a run of another connection', ['logs', 'contoso', '--run', 'fabrikam:3'], 'not of connection "contoso"', 'tidemark runs contoso'],
  ['a file that is not there', ['apply', '-f', 'nowhere.yaml'], 'nowhere.yaml cannot be read (ENOENT)', 'exists'],
  ['a class that does not exist', ['assets', '--class', 'users'], 'no asset class "users"', 'user, group, role'],
])('%s is wrong usage', async (_what, words, message, hint) => {
  const text = await call(words);
  expect(text.code).toBe(2);
  expect(text.stdout).toBe('');
  expect(text.stderr).toContain(message);
  expect(text.stderr).toContain(hint);
  const json = await call([...words, '--json']);
  expect(json.code).toBe(2);
  if (words.length === 0) return;
  expect(JSON.parse(json.stderr)).toEqual({
    error: { code: 'CONFIG_INVALID', message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
  });
});

test('a query that cannot be read names the position, before any server is asked', async () => {
  const { code, stderr } = await call(['assets', 'class:user and (name:x']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/position \d+|column \d+|at \d+/);
});

test.each([
  ['no database anywhere', {}, 'STORE_UNAVAILABLE', 'No database is configured', 'tidemark up'],
  [
    'a database that is not there',
    { TIDEMARK_DATABASE_URL: 'postgresql://someone:hunter2@127.0.0.1:1/tidemark' },
    'STORE_UNAVAILABLE',
    '127.0.0.1:1',
    'TIDEMARK_DATABASE_URL',
  ],
])('%s: exit 3 with the address and the fix', async (_what, env, code, message, hint) => {
  const elsewhere = openCommandLine({ cwd: home, env });
  for (const words of [['get'], ['runs', 'contoso'], ['assets'], ['run', 'contoso', '--wait']]) {
    const ended = await elsewhere.call([...words, '--json']);
    expect({ words, code: ended.code }).toEqual({ words, code: 3 });
    expect(ended.stdout).toBe('');
    expect(JSON.parse(ended.stderr)).toEqual({
      error: { code, message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
    });
    expect(ended.stderr).not.toContain('hunter2');
  }
  await elsewhere.stop();
});

test('a variable that cannot be read is named, not its value', async () => {
  const { code, stderr } = await call(['get'], { env: { TIDEMARK_DATABASE_URL: 'mysql://hunter2@db' } });
  expect(code).toBe(2);
  expect(stderr).toContain('TIDEMARK_DATABASE_URL');
  expect(stderr).not.toContain('hunter2');
});

test('help is data: on stdout, exit 0, and names every verb of the contract that this version has', async () => {
  const { code, stdout, stderr } = await call(['--help']);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  const verbs = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map((match) => match[1]);
  expect(verbs).toEqual([
    'up',
    'worker',
    'demo',
    'doctor',
    'codec',
    'apply',
    'get',
    'delete',
    'pause',
    'resume',
    'test',
    'run',
    'export',
    'status',
    'runs',
    'run-report',
    'logs',
    'cancel',
    'removals',
    'approve',
    'reject',
    'fulfil',
    'assets',
    'findings',
    'changes',
    'connectors',
    'tags',
    'identification-rules',
    'maps',
    'models',
    'secret',
  ]);
});

test('--version is the package’s', async () => {
  const { code, stdout } = await call(['--version']);
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')));
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` });
});
