// The pages say what is: their commands run, their connection files are valid, their tables are whole, their links lead somewhere.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defaultRoles, writeRoles } from '../simulator/permissions.ts';
import { errorsPage } from '../scripts/errors-page.ts';
import { troubleshootingPage } from '../scripts/troubleshooting-page.ts';
import { variables } from '../src/config.ts';
import { parseConnectionFiles, problemInWords } from '../src/connectors/connectionFile.ts';
import { connectors } from '../src/connectors/index.ts';
import { findTemporalBinary, temporalOrigins } from '../src/stack/temporalBinary.ts';
import { memory } from '../src/stack/workerProcess.ts';
import { z } from 'zod';
import { type CliStack, startCliStack } from './cli/stack.ts';
import type { Ended } from './cli/tidemark.ts';
import { nodeEnvironment, preparedMain } from './support/code.ts';
import { eventually } from './support/waiting.ts';

const root = path.join(import.meta.dirname, '..');
const pages = ['README.md', 'SECURITY.md', ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)];
const read = (page: string): string => readFileSync(path.join(root, page), 'utf8');

interface Block {
  readonly page: string;
  readonly words: readonly string[];
  readonly text: string;
}

const blocks = pages.flatMap((page): Block[] =>
  [...read(page).matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info = '', text = '']) => ({ page, words: info.split(' '), text })),
);

test('docs/errors.md is what the table of codes says', () => expect(read('docs/errors.md')).toBe(errorsPage()));
test('docs/troubleshooting.md is what the tables of causes say', () => expect(read('docs/troubleshooting.md')).toBe(troubleshootingPage()));

test.each(blocks.filter(({ words }) => words[0] === 'yaml'))('a connection file of $page is valid', ({ page, text }) => {
  const { connections, tags, rules, problems } = parseConnectionFiles([{ file: page, text }], { now: new Date('2026-05-01T00:00:00Z') });
  expect(problems.map(problemInWords)).toEqual([]);
  expect([...connections, ...tags, ...rules]).toHaveLength(1);
});

test.each(pages)('the links of %s lead to files', (page) => {
  const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) =>
    path.join(root, path.dirname(page), target),
  );
  expect(targets.filter((target) => !existsSync(target))).toEqual([]);
});

test('docs/operations.md has every verb and every variable', async () => {
  const page = read('docs/operations.md');
  const { stdout } = await stack.call(['--help']);
  const verbs = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, verb = '']) => verb);
  expect(verbs.length).toBeGreaterThan(10);
  expect(verbs.filter((verb) => !page.includes(`\`${verb}`))).toEqual([]);
  // Only tests set these.
  const inner = ['TIDEMARK_TIMINGS', 'TIDEMARK_FAILPOINT'];
  expect(Object.keys(variables).filter((name) => !inner.includes(name) && !page.includes(`\`${name}\``))).toEqual([]);
});

test('docs/operations.md has what a worker is started with', () => {
  const [unit] = blocks.filter(({ page, words }) => page === 'docs/operations.md' && words[0] === 'ini');
  const { nodeFlags, allocator } = memory;
  const set = Object.entries(allocator).map(([name, value]) => `Environment=${name}=${value}`);
  expect(unit?.text.trimEnd().split('\n')).toEqual([`Environment="NODE_OPTIONS=${nodeFlags.join(' ')}"`, ...set]);
});

test('docs/connections.md has every stream with every permission', () => {
  const page = read('docs/connections.md');
  const streams = connectors.flatMap((connector) => connector.streams);
  for (const { name, permissions } of streams) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `)) ?? '';
    expect({ name, listed: permissions.filter((permission) => row.includes(`\`${permission}\``)) }).toEqual({ name, listed: permissions });
  }
});

const ordersDirectory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-orders-'));
let stack: CliStack;
let shell: Shell;
beforeAll(async () => {
  stack = await startCliStack({ worker: true, env: { TIDEMARK_ORDERS_DIR: ordersDirectory } });
  shell = await shellOf(stack);
}, 120_000);
afterAll(() => stack?.stop(), 60_000);

describe('the runnable commands of docs/operations.md, in order', () => {
  const runnable = blocks.filter(({ page, words }) => page === 'docs/operations.md' && words[0] === 'sh' && words.includes('runnable'));
  const profiles = `profiles:
  - name: default
    schedule: { occurs: recurring, every: daily, start: 2026-05-05T18:39, timezone: Asia/Calcutta }
`;
  beforeAll(() => {
    stack.write('contoso-identity', { profiles });
    // The page names the file as the README does.
    renameSync(path.join(stack.directory, 'contoso-identity.yaml'), path.join(stack.directory, 'contoso.yaml'));
  });

  test('every command of every block succeeds', async () => {
    expect(runnable.length).toBeGreaterThan(5);
    for (const { text, words } of runnable) {
      for (const line of linesOf(text)) {
        const given = words.includes('held') ? await holdRemovals() : words.includes('running') ? await beginRun() : {};
        await shell(line, given);
      }
      await stack.simulator.clearFaults();
    }
  }, 400_000);

  const status = async () =>
    z
      .looseObject({ current: z.looseObject({ run: z.int() }).nullable(), held: z.looseObject({ digest: z.string() }).nullable() })
      .parse(JSON.parse((await stack.call(['status', 'contoso-identity', '--json'])).stdout));

  /** More removals than the guard allows, and nothing that waits from before. */
  async function holdRemovals(): Promise<{ DIGEST: string }> {
    await eventually('the connection is idle', 60_000, async () => ((await status()).current === null ? true : null));
    const users: string[] = [];
    for await (const { id } of stack.simulator.truth('users')) if (users.length < 40) users.push(String(id));
    await stack.simulator.mutate(users.map((id) => ({ do: 'deleteUser', id })));
    const { code } = await stack.call(['run', 'contoso-identity', '--wait']);
    expect(code).toBe(5);
    return { DIGEST: (await status()).held?.digest ?? '' };
  }

  /** A run that lasts. */
  async function beginRun(): Promise<{ RUN: string }> {
    await stack.simulator.clearFaults();
    await eventually('the connection is idle', 60_000, async () => ((await status()).current === null ? true : null));
    await stack.simulator.addFaults([{ match: '/delta', fault: { kind: 'slow', bytesPerSecond: 1_000 } }]);
    await stack.call(['run', 'contoso-identity', '--full']);
    const run = await eventually('a run is under way', 60_000, async () => (await status()).current?.run ?? null);
    return { RUN: `contoso-identity:${run}` };
  }
});

describe('the runnable commands of docs/export.md, in order', () => {
  const runnable = blocks.filter(({ words }) => words[0] === 'sh' && words.includes('export'));
  beforeAll(() => {
    stack.write('contoso-export', { connector: 'identity-manager' });
    renameSync(path.join(stack.directory, 'contoso-export.yaml'), path.join(stack.directory, 'contoso.yaml'));
    const connection = {
      ApplicationId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
      ApplicationKey: 'CANARY-key',
      TenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
    };
    const settings = JSON.stringify({ Connections: { MicrosoftEntraIDExport: connection } });
    writeFileSync(path.join(stack.directory, 'appsettings.agent.json'), settings);
    writeFileSync(path.join(stack.directory, 'secret.txt'), 'CANARY-any');
  });

  test('every command of every block succeeds, and shows nothing of a secret', async () => {
    expect(runnable.length).toBe(2);
    for (const { text } of runnable) for (const line of linesOf(text)) expect(await shell(line)).not.toContain('CANARY');
  }, 400_000);
});

describe('the runnable commands about orders, in order', () => {
  const runnable = blocks.filter(({ words }) => words[0] === 'sh' && words.includes('orders'));
  const inbox = path.join(ordersDirectory, 'inbox');
  beforeAll(async () => {
    await stack.simulator.configure({ roles: [...defaultRoles, ...writeRoles] });
    const profiles = 'profiles: [{ name: default, streams: [users] }, { name: orders, streams: [orders] }]';
    stack.write('idm', { connector: 'identity-manager', settings: '{ fulfil: { orders: inbox } }', profiles });
    expect((await stack.call(['apply', '-f', 'idm.yaml'])).code).toBe(0);
    const order = (id: string): string =>
      `${JSON.stringify({ id, action: 'create', type: 'group', values: { displayName: id, mailEnabled: false, mailNickname: id, securityEnabled: true } })}\n`;
    writeFileSync(path.join(stack.directory, 'orders.ndjson'), order('evening'));
    writeFileSync(path.join(ordersDirectory, 'morning.ndjson'), order('morning'));
    mkdirSync(inbox);
    writeFileSync(path.join(inbox, 'noon.ndjson'), order('noon'));
  });

  test('every command of every block succeeds', async () => {
    expect(runnable.length).toBeGreaterThan(1);
    for (const { text } of runnable) for (const line of linesOf(text)) await shell(line);
    expect(readFileSync(path.join(stack.directory, 'orders.ndjson.results.csv'), 'utf8')).toContain('evening,Executed,,Added');
    expect(readFileSync(path.join(inbox, 'noon.ndjson.results.csv'), 'utf8')).toContain('noon,Executed,,Added');
  }, 200_000);
});

describe('the runnable commands of docs/defender.md, in order', () => {
  const runnable = blocks.filter(({ page, words }) => page === 'docs/defender.md' && words[0] === 'sh');
  beforeAll(() => {
    stack.write('contoso-azure', { connector: 'defender-for-cloud', settings: '{ subscriptions: all }' });
    const rules = blocks.find(({ page, text }) => page === 'docs/defender.md' && text.startsWith('kind: identification-rules'));
    writeFileSync(path.join(stack.directory, 'identification-rules.yaml'), rules?.text ?? '');
  });

  test('every command of every block succeeds', async () => {
    expect(runnable.length).toBeGreaterThan(3);
    const found = z.array(z.looseObject({ id: z.string(), asset: z.looseObject({ id: z.string() }) })).nonempty();
    for (const { text } of runnable) {
      for (const line of linesOf(text)) {
        // The page says ID where a reader has one of their own.
        const [finding] = line.includes('ID')
          ? found.parse(JSON.parse((await stack.call(['findings', 'assetClass:host', '--limit', '1', '--json'])).stdout))
          : [];
        const own =
          finding === undefined
            ? line
            : line.replace(/(findings explain) 'ID'/, `$1 '${finding.id}'`).replace(/(assets explain) \S+/, `$1 '${finding.asset.id}'`);
        await shell(own);
      }
    }
    const sarif = z.looseObject({ runs: z.array(z.looseObject({ results: z.array(z.unknown()).nonempty() })).nonempty() });
    sarif.parse(JSON.parse(readFileSync(path.join(stack.directory, 'findings.sarif'), 'utf8')));
    expect(readFileSync(path.join(stack.directory, 'findings.ndjson'), 'utf8').trim().split('\n').length).toBeGreaterThan(100);
  }, 200_000);
});

// The last of them: the client's first secret is no longer one.
describe('the runnable commands about secrets, in order', () => {
  const runnable = blocks.filter(({ words }) => words[0] === 'sh' && words.includes('secrets'));
  beforeAll(async () => {
    stack.write('contoso-identity', { secret: 'secret:contoso' });
    renameSync(path.join(stack.directory, 'contoso-identity.yaml'), path.join(stack.directory, 'contoso.yaml'));
    const secrets = { 'secret.txt': 'CANARY-first-secret', 'new-secret.txt': 'CANARY-second-secret' };
    for (const [name, secret] of Object.entries(secrets)) writeFileSync(path.join(stack.directory, name), `${secret}\n`);
    const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000 + 60_000).toISOString();
    const [first, second] = Object.values(secrets);
    await stack.simulator.configure({
      passwords: [
        { secret: first!, endDateTime: inDays(6) },
        { secret: second!, endDateTime: inDays(365) },
      ],
    });
  });

  test('every command of every block succeeds, and shows nothing of a secret', async () => {
    expect(new Set(runnable.map(({ page }) => page))).toEqual(new Set(['docs/connections.md', 'SECURITY.md']));
    const said: string[] = [];
    // The key is there once a secret was set.
    for (const { text } of runnable.toSorted((one, other) => Number(one.page === 'SECURITY.md') - Number(other.page === 'SECURITY.md')))
      for (const line of linesOf(text)) said.push(await shell(line));
    expect(said.join('')).not.toContain('CANARY');
    const shown = z.looseObject({ credentials: z.array(z.looseObject({ reference: z.string(), state: z.string() })) });
    const { credentials } = shown.parse(JSON.parse((await stack.call(['status', 'contoso-identity', '--json'])).stdout));
    expect(credentials).toMatchObject([{ reference: 'secret:contoso-2', state: 'works', inUse: true }]);
  }, 400_000);
});

/** Runs one line as the page has it, and answers what it said. Fails when the line does. */
type Shell = (line: string, given?: Readonly<Record<string, string>>) => Promise<string>;

const linesOf = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .filter((command) => !command.startsWith('#'));

/**
 * A shell in the stack's directory, with `tidemark` and `temporal` on its path. A line that is one verb and no more has only its words read by the shell:
 * a process for each verb costs more than most verbs do.
 */
async function shellOf(of: CliStack): Promise<Shell> {
  const bin = path.join(of.directory, 'bin');
  mkdirSync(bin);
  const command = path.join(bin, 'tidemark');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${await preparedMain()}" "$@"\n`);
  chmodSync(command, 0o755);
  const temporal = path.dirname(await findTemporalBinary(temporalOrigins(path.join(root, 'node_modules/.cache/tidemark'))));
  const env = {
    ...process.env,
    ...of.env,
    NO_COLOR: '1',
    ...nodeEnvironment,
    PATH: [bin, temporal, process.env['PATH']].join(path.delimiter),
  };
  return async (line, given = {}) => {
    const within = { ...env, ...given };
    const isVerb = line.startsWith('tidemark ') && !/ [<>]/.test(line);
    const { code, stdout, stderr } = isVerb ? await of.call(await wordsOf(line, within)) : await runLine(line, of.directory, within);
    expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout + stderr;
  };
}

/** Those after `tidemark`, as the shell has them. */
async function wordsOf(line: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout } = await runLine(`tidemark() { printf '%s\\0' "$@"; }\n${line}`, root, env);
  return stdout.split('\0').slice(0, -1);
}

function runLine(line: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  const child = spawn('sh', ['-euc', line], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
