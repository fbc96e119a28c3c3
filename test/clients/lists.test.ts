// Lists of exploited CVEs from local files: what they say, when they are read again, and how a bad one is refused.
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { listsFrom } from '../../src/clients/lists/index.ts';
import type { JsonObject } from '../../src/model.ts';
import { scoringOf } from '../../src/pull/score.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-lists-'));
let files = 0;
const write = (content: string | Buffer): string => {
  files += 1;
  const file = path.join(home, `list-${files}`);
  writeFileSync(file, content);
  return file;
};

const catalog = (...ids: readonly string[]): string =>
  JSON.stringify({ title: 'Catalog', vulnerabilities: ids.map((cveID) => ({ cveID, dateAdded: '2024-02-03', vendorProject: 'x' })) });
const scores =
  '#model_version:v2025.03.14,score_date:2026-11-26T12:55:00Z\ncve,epss,percentile\nCVE-2024-0001,0.5,0.9\nCVE-2024-0002,1e-05,0.1\n';

test.each([
  ['plain', scores],
  ['packed', gzipSync(scores)],
  ['with the line ends of Windows', scores.replaceAll('\n', '\r\n')],
])('EPSS, %s', async (_what, content) => {
  const { epss, kev } = await listsFrom({ kevFile: null, epssFile: write(content) })();
  expect(kev).toBeNull();
  expect([...(epss ?? [])]).toEqual([
    ['CVE-2024-0001', 0.5],
    ['CVE-2024-0002', 0.00001],
  ]);
});

test('a file is read once, and again when it has changed; another content is another scoring', async () => {
  const kevFile = write(catalog('cve-2024-0001'));
  const read = listsFrom({ kevFile, epssFile: null });
  const [first, again] = await Promise.all([read(), read()]);
  expect(first.kev).toBe(again.kev);
  expect([...(first.kev ?? [])]).toEqual([['CVE-2024-0001', '2024-02-03']]);
  writeFileSync(kevFile, catalog('CVE-2024-0009'));
  utimesSync(kevFile, 1, 1);
  const changed = await read();
  expect([...(changed.kev?.keys() ?? [])]).toEqual(['CVE-2024-0009']);
  expect(scoringOf({}, changed).hash).not.toBe(scoringOf({}, first).hash);
  expect(scoringOf({}, await listsFrom({ kevFile, epssFile: null })()).hash).toBe(scoringOf({}, changed).hash);
});

test('a finding in a list scores more, and says by which', async () => {
  const lists = await listsFrom({ kevFile: write(catalog('CVE-2024-0001')), epssFile: write(scores) })();
  const finding: JsonObject = { sourceSeverity: 'Low', cve: 'cve-2024-0001', cvss: 4, exploit: null };
  expect(scoringOf({}, lists).explain(finding)).toMatchObject({
    severity: 5,
    qds: 95,
    parts: [{ source: 'the KEV list' }, { source: 'the EPSS list' }, {}],
  });
});

const secret = 'hunter2';
test.each([
  ['kevFile', '{"vulnerabilities": [{"cveID": "hunter2"}]}', 'is no catalog (at vulnerabilities.0.cveID)', 'TIDEMARK_KEV_FILE'],
  ['kevFile', 'hunter2', 'is no JSON', 'TIDEMARK_KEV_FILE'],
  ['epssFile', 'name,value\nhunter2,1\n', 'does not name the columns cve and epss', 'TIDEMARK_EPSS_FILE'],
  ['epssFile', `${scores}CVE-2024-0003,hunter2,1\n`, 'has no CVE with a probability in line 5', 'TIDEMARK_EPSS_FILE'],
  ['epssFile', `${scores}CVE-2024-0003,1.5,1\n`, 'in line 5', 'TIDEMARK_EPSS_FILE'],
  ['epssFile', '', 'is empty', 'TIDEMARK_EPSS_FILE'],
  ['epssFile', gzipSync(scores).subarray(0, 40), 'cannot be unpacked', 'TIDEMARK_EPSS_FILE'],
  ['epssFile', gzipSync(Buffer.alloc(200 * 1024 * 1024, 32)), 'has too many lines, or a long one (line 1)', 'TIDEMARK_EPSS_FILE'],
  ['epssFile', `${scores}${'#\n'.repeat(2_000_001)}`, 'too many lines', 'TIDEMARK_EPSS_FILE'],
  ['kevFile', gzipSync(Buffer.alloc(129 * 1024 * 1024, 32)), 'has more than 128 MiB unpacked', 'TIDEMARK_KEV_FILE'],
  ['kevFile', Buffer.alloc(33 * 1024 * 1024, 32), 'has more than 32 MiB', 'TIDEMARK_KEV_FILE'],
])('a %s that is wrong is named with its fix: %#', async (which, content, message, fix) => {
  const file = write(content);
  const read = listsFrom({ kevFile: null, epssFile: null, [which]: file })();
  const error = await read.catch((thrown: unknown) => thrown as { readonly code: string; readonly message: string; readonly hint: string });
  expect(error).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining(fix) as string,
  });
  expect(error).toMatchObject({ message: expect.stringContaining(file) as string });
  expect(JSON.stringify(error)).not.toContain(secret);
});

test('one that is missing is tried again', async () => {
  const file = path.join(home, 'later.json');
  const read = listsFrom({ kevFile: file, epssFile: null });
  await expect(read()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('ENOENT') as string });
  writeFileSync(file, catalog());
  expect((await read()).kev?.size).toBe(0);
});
