// Findings from the command line, as pulled from rows of Azure Resource Graph: searched, and explained.
import { openDatabase, type Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/schema.ts';
import { machineId } from '../support/azureRows.ts';
import { pullRows, putGiven } from '../support/defender.ts';
import { startPglite, type TestPglite } from '../support/pglite.ts';
import { cve, olderMachineRow, todayImageRow, todayMachineRow } from '../support/vulnerabilityRows.ts';
import { tidemark } from './tidemark.ts';

let server: TestPglite;
let database: Database;
beforeAll(async () => {
  server = await startPglite();
  database = openDatabase({ url: server.url, applicationName: 'tidemark-test' });
  await migrate(database);
  const azure = await putGiven(database, { name: 'azure' });
  const rows = {
    vulnerabilities: [
      todayMachineRow({ cves: [cve('CVE-2024-0001'), cve('CVE-2024-0002', { Severity: 'Low', Cvss: null })] }),
      todayImageRow(),
    ],
    olderVulnerabilities: [olderMachineRow()],
  };
  await pullRows(database, azure, rows);
  // Its image is gone, and with it its flaw.
  await pullRows(database, azure, { ...rows, vulnerabilities: rows.vulnerabilities.slice(0, 1) });
  const other = await putGiven(database, { name: 'other', settings: { scoring: { cve: { weights: { cvss: 100, exploit: 0 } } } } });
  await pullRows(database, other, { vulnerabilities: [todayMachineRow()] });
  // Its numbers are of before.
  await putGiven(database, { name: 'other', settings: { scoring: { cve: { weights: { cvss: 1, exploit: 1_000 } } } } });
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

const call = (words: readonly string[]) => tidemark(words, { env: { TIDEMARK_DATABASE_URL: server.url } });
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

test.each([
  ['a key that nobody has', ['["none"]'], 'There is no finding ["none"]', 'single quotes'],
  ['a key of two connections', [key], 'Several connections have this finding: azure, other', '--connection'],
])('%s is refused', async (_what, words, message, hint) => {
  const { code, stdout, stderr } = await call(['findings', 'explain', ...words]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});
