// Findings from the command line, as pulled from rows of Azure Resource Graph: searched, and explained.
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { putTag } from '../../src/store/tag.ts';
import { assessmentRow, machine, machineId } from '../support/azureRows.ts';
import { pullRows, putGiven } from '../support/defender.ts';
import { type StartedStore, stores } from '../support/stores.ts';
import { cve, olderMachineRow, todayImageRow, todayMachineRow } from '../support/vulnerabilityRows.ts';
import { type CommandLine, openCommandLine } from './tidemark.ts';

/** PostgreSQL where there is one: it computes less than the embedded one. */
const [, startStore] = stores.findLast(([, , present]) => present) ?? stores[0]!;
let store: StartedStore;
let commandLine: CommandLine;
beforeAll(async () => {
  store = await startStore();
  const { database } = store;
  commandLine = openCommandLine({ env: { TIDEMARK_DATABASE_URL: store.url } });
  const azure = await putGiven(database, { name: 'azure' });
  const rows = {
    vulnerabilities: [
      todayMachineRow({ cves: [cve('CVE-2024-0001'), cve('CVE-2024-0002', { Severity: 'Low', Cvss: null })] }),
      todayImageRow(),
    ],
    olderVulnerabilities: [olderMachineRow()],
    virtualMachines: [machine([])],
    misconfigurations: [assessmentRow(machineId, exempt, { status: { code: 'NotApplicable', cause: 'Exempt' } })],
  };
  await pullRows(database, azure, rows);
  await putTag(database, { name: 'Ours', query: 'name:"Web-1"', criticality: 5 });
  await putTag(database, { name: 'Others', query: 'name:"Web-2"', criticality: 1 });
  // Its image is gone, and with it its flaw.
  await pullRows(database, azure, { ...rows, vulnerabilities: rows.vulnerabilities.slice(0, 1) });
  const other = await putGiven(database, { name: 'other', settings: { scoring: { cve: { weights: { cvss: 100, exploit: 0 } } } } });
  await pullRows(database, other, { vulnerabilities: [todayMachineRow()] });
  // Its numbers are of before.
  await putGiven(database, { name: 'other', settings: { scoring: { cve: { weights: { cvss: 1, exploit: 1_000 } } } } });
});
afterAll(async () => {
  await commandLine?.stop();
  await store?.stop();
});

const exempt = '11111111-0000-4000-8000-000000000001';
const call = (words: readonly string[]) => commandLine.call(words);
const json = async <T>(words: readonly string[]): Promise<T> => {
  const { stdout, stderr } = await call([...words, '--json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
};
const key = JSON.stringify(['machine', machineId.toLowerCase(), 'cve-2024-0001', 'openssl']);

interface Told {
  readonly status: string;
  readonly severity: number;
  readonly qds: number;
  readonly score: {
    readonly qds: number;
    readonly note: string | null;
    readonly parts: { readonly what: string; readonly contribution: number }[];
  };
  readonly evidence: { readonly id: string; readonly state: string; readonly shown: boolean }[];
}

test('a finding is explained: its numbers by their parts, and the records that tell it', async () => {
  const told = await json<Told>(['findings', 'explain', key, '--connection', 'azure']);
  expect(told).toMatchObject({
    id: key,
    connection: 'azure',
    class: 'vulnerability',
    status: 'open',
    cve: 'CVE-2024-0001',
    asset: { class: 'host', id: machineId.toLowerCase() },
    lastSeen: null,
    reopened: 0,
    score: { severity: told.severity, qds: told.qds, note: null },
  });
  expect(Math.round(told.score.parts.reduce((sum, { contribution }) => sum + contribution, 0))).toBe(told.qds);
  expect(told.score.parts.map(({ what }) => what)).toEqual(['CVSS base score', 'exploit', 'severity']);
  // Both shapes tell it; the first of them shows it.
  expect(told.evidence.map(({ state, shown }) => [state, shown])).toEqual([
    ['live', true],
    ['live', false],
  ]);
  expect(told.evidence[0]).toMatchObject({ severity: told.severity, qds: told.qds });
});

test('the same for people', async () => {
  const { code, stdout } = await call(['findings', 'explain', key, '--connection', 'azure']);
  expect(code).toBe(0);
  for (const text of ['status:     open since ', 'CVSS base score', 'told by 2 records:', machineId.toLowerCase()])
    expect(stdout).toContain(text);
});

test('one that is fixed keeps its numbers, and the record that told it is gone', async () => {
  const [fixed] = await json<{ id: string }[]>(['findings', '--status', 'fixed', '--connection', 'azure']);
  const told = await json<Told>(['findings', 'explain', fixed?.id ?? '']);
  expect(told).toMatchObject({ status: 'fixed', lastSeen: expect.any(String) as string, evidence: [{ state: 'gone', shown: true }] });
});

test('numbers of other settings than today’s are told as such', async () => {
  const { qds, score } = await json<Told>(['findings', 'explain', key, '--connection', 'other']);
  expect(score.qds).not.toBe(qds);
  expect(score.note).toContain('other settings or lists');
});

test('the lists that the command is given are told, and that the worker had others', async () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'tidemark-lists-')), 'kev.json');
  writeFileSync(file, JSON.stringify({ vulnerabilities: [{ cveID: 'CVE-2024-0001', dateAdded: '2024-02-03' }] }));
  const env = { TIDEMARK_KEV_FILE: file };
  const { stdout } = await commandLine.call(['findings', 'explain', key, '--connection', 'azure', '--json'], { env });
  const { score } = JSON.parse(stdout) as Told;
  expect(score).toMatchObject({
    lists: { kev: '2024-02-03', epss: expect.stringContaining('TIDEMARK_EPSS_FILE is not set here') as string },
    parts: [{ what: 'known to be exploited', contribution: 90 }, { what: 'exploit' }, { what: 'severity' }],
    note: expect.stringContaining('other settings or lists') as string,
  });
});

test.each([
  ['a key that nobody has', ['["none"]'], 'There is no finding ["none"]', 'single quotes'],
  ['a key of two connections', [key], 'Several connections have this finding: azure, other', '--connection'],
])('%s is refused', async (_what, words, message, hint) => {
  const { code, stdout, stderr } = await call(['findings', 'explain', ...words]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});

// The structure that SARIF 2.1.0 asks for, where its text says MUST or its schema says required.
const sarifLog = z.object({
  version: z.literal('2.1.0'),
  runs: z.tuple([
    z.object({
      tool: z.object({
        driver: z.object({
          name: z.string(),
          semanticVersion: z.string().regex(/^\d+\.\d+\.\d+/),
          rules: z.array(
            z.object({ id: z.string(), shortDescription: z.object({ text: z.string().min(1) }), helpUri: z.url().optional() }),
          ),
        }),
      }),
      results: z.array(
        z
          .object({
            ruleId: z.string(),
            ruleIndex: z.int().min(0),
            kind: z.enum(['pass', 'fail']).default('fail'),
            level: z.enum(['none', 'note', 'warning', 'error']),
            message: z.object({ text: z.string().min(1) }),
            locations: z.array(
              z.object({ logicalLocations: z.array(z.object({ fullyQualifiedName: z.string(), kind: z.literal('resource') })).length(1) }),
            ),
            partialFingerprints: z.record(z.string(), z.string()),
            suppressions: z.array(z.object({ kind: z.enum(['inSource', 'external']), status: z.literal('accepted') })).default([]),
          })
          .refine(({ kind, level }) => (kind === 'fail') === (level !== 'none')),
      ),
    }),
  ]),
});

const byRule = ([a]: readonly unknown[], [b]: readonly unknown[]): number => String(a).localeCompare(String(b));

// All that pulls found, whatever became of it.
const all = ['findings', 'status:open or status:suppressed or status:fixed', '--connection', 'azure', '--output'];

test('SARIF: results with the rule, level and place of each, and rules once', async () => {
  const { code, stdout } = await call([...all, 'sarif']);
  expect(code).toBe(0);
  const { runs } = sarifLog.parse(JSON.parse(stdout));
  const [{ results, tool }] = runs;
  const { rules } = tool.driver;
  expect(results.map(({ ruleId, ruleIndex }) => rules[ruleIndex]?.id === ruleId)).toEqual(results.map(() => true));
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  expect(new Set(results.map(({ partialFingerprints }) => Object.values(partialFingerprints)[0])).size).toBe(results.length);
  expect(results.map(({ ruleId, kind, level, suppressions }) => [ruleId, kind, level, suppressions.length]).sort(byRule)).toEqual([
    [exempt, 'fail', 'error', 1],
    ['CVE-2022-42969', 'pass', 'none', 0],
    ['CVE-2024-0001', 'fail', 'warning', 0],
    ['CVE-2024-0002', 'fail', expect.any(String), 0],
  ]);
});

// What OCSF 1.4.0 requires of the two classes.
const ocsfEvent = z
  .object({
    activity_id: z.int(),
    category_uid: z.literal(2),
    class_uid: z.union([z.literal(2002), z.literal(2003)]),
    type_uid: z.int(),
    time: z.int().positive(),
    severity_id: z.int().min(1).max(5),
    status_id: z.union([z.literal(1), z.literal(3), z.literal(4)]),
    metadata: z.object({ version: z.literal('1.4.0'), product: z.object({ vendor_name: z.string() }) }),
    finding_info: z.object({ uid: z.string(), title: z.string() }),
    resources: z.array(z.object({ uid: z.string() })).length(1),
    vulnerabilities: z
      .array(z.object({ cve: z.object({ uid: z.string() }).optional(), advisory: z.object({ uid: z.string() }).optional() }))
      .optional(),
    compliance: z.object({ control: z.string(), standards: z.array(z.string()).min(1) }).optional(),
  })
  .refine((event) => event.type_uid === event.class_uid * 100 + event.activity_id)
  .refine((event) => (event.class_uid === 2002) === (event.vulnerabilities !== undefined))
  .refine((event) => (event.class_uid === 2003) === (event.compliance !== undefined));

test('OCSF: one event a line, by class, with the state of each', async () => {
  const { stdout } = await call([...all, 'ocsf']);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => ocsfEvent.parse(JSON.parse(line)));
  const told = events.map((event) => [event.vulnerabilities?.[0]?.cve?.uid ?? event.compliance?.control, event.class_uid, event.status_id]);
  expect(told.sort(byRule)).toEqual([
    [exempt, 2003, 3],
    ['CVE-2022-42969', 2002, 4],
    ['CVE-2024-0001', 2002, 1],
    ['CVE-2024-0002', 2002, 1],
  ]);
});

test('nothing found is a log without results, and no event', async () => {
  const none = ['findings', 'cve:CVE-1999-0001', '--output'];
  expect(sarifLog.parse(JSON.parse((await call([...none, 'sarif'])).stdout)).runs[0].results).toEqual([]);
  expect((await call([...none, 'ocsf'])).stdout).toBe('');
});

interface ToldAsset {
  readonly criticality: { readonly value: number };
  readonly score: { readonly value: number; readonly parts: { readonly contribution: number }[] };
  readonly findings: Readonly<Record<string, number>>;
}

test('an asset is explained: its criticality by its tags, its score by its open findings', async () => {
  const told = await json<ToldAsset>(['assets', 'explain', machineId.toLowerCase(), '--connection', 'azure']);
  expect(told).toMatchObject({
    connection: 'azure',
    class: 'host',
    name: 'Web-1',
    state: 'live',
    tags: [{ name: 'Ours', criticality: 5 }],
    criticality: { value: 5, parts: [{ source: 'tag Ours' }] },
  });
  // The exempt one and the fixed one do not count.
  expect(Object.values(told.findings).reduce((sum, count) => sum + count, 0)).toBe(2);
  expect(Math.round(told.score.parts.reduce((sum, { contribution }) => sum + contribution, 0))).toBe(told.score.value);
  const { stdout } = await call(['assets', 'explain', machineId.toLowerCase(), '--connection', 'azure']);
  for (const text of ['criticality:   5, by tag Ours', `score ${told.score.value} of 1,000:`]) expect(stdout).toContain(text);
  expect(await call(['assets', 'explain', machineId.toLowerCase()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Several connections have this asset: azure, other') as string,
  });
  expect(await call(['assets', 'explain', 'none'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no asset none') as string,
  });
});

test('a search by severity, as the page has it', async () => {
  expect((await json<unknown[]>(['findings', 'severity:>=2', '--connection', 'azure'])).length).toBeGreaterThan(0);
});
