// Lists of exploited and likely exploited CVEs from local files: what is read, and what is refused without showing it.
import { readEpss } from '../../src/connectors/enrichment/epss.ts';
import { readKev } from '../../src/connectors/enrichment/kev.ts';

const kev = (vulnerabilities: unknown): string =>
  JSON.stringify({ title: 'CISA Catalog', catalogVersion: '2026.11.20', count: 1, vulnerabilities });
const entry = { cveID: 'cve-2021-44228', vendorProject: 'Apache', dateAdded: '2021-12-10', knownRansomwareCampaignUse: 'Known' };

test('the KEV catalog is read by CVE, with the day since when', () => {
  expect([...readKev(`\uFEFF${kev([entry])}`)]).toEqual([['CVE-2021-44228', '2021-12-10']]);
  expect(readKev(kev([])).size).toBe(0);
});

test('the EPSS list is read by CVE, with or without percentiles, whatever the line ends', () => {
  const text = '#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n';
  expect([...readEpss(`${text}CVE-1999-0001,0.01297,0.85\ncve-2021-44228,0.94358,0.99961\nCVE-1999-0003,1,1\n`)]).toEqual([
    ['CVE-1999-0001', 0.01297],
    ['CVE-2021-44228', 0.94358],
    ['CVE-1999-0003', 1],
  ]);
  expect([...readEpss('\uFEFFcve,epss\r\nCVE-1999-0001,9e-05\r\n\r\n')]).toEqual([['CVE-1999-0001', 0.00009]]);
});

const secret = 'hunter2';
test.each<[string, () => unknown, string]>([
  ['no JSON', () => readKev(secret), 'it is no valid JSON'],
  ['another JSON', () => readKev('{}'), 'vulnerabilities: '],
  ['a list', () => readKev('[]'), ': '],
  ['an entry without a CVE', () => readKev(kev([{ ...entry, cveID: secret }])), 'vulnerabilities.0.cveID: '],
  ['an entry without a day', () => readKev(kev([entry, { ...entry, dateAdded: secret }])), 'vulnerabilities.1.dateAdded: '],
  ['more entries than the bound', () => readKev(kev(Array.from({ length: 100_001 }, () => entry))), 'has more than 100000 entries'],
  ['no CSV', () => readEpss(secret), 'line 1 is not "cve,epss,percentile"'],
  ['nothing', () => readEpss(''), 'it has no line "cve,epss,percentile"'],
  [
    'a line without a probability',
    () => readEpss(`cve,epss\nCVE-1999-0001,${secret}\n`),
    'line 2 is no CVE with a probability from 0 to 1',
  ],
  ['a probability over 1', () => readEpss('cve,epss\nCVE-1999-0001,1.5\n'), 'line 2 is no CVE with a probability from 0 to 1'],
  ['packed data', () => readEpss('\u001f\u008b\u0008\u0000'), 'line 1 is not'],
])('%s is refused', (_name, read, why) => {
  expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(why) as string }));
  expect(read).not.toThrow(secret);
});

test('a list of all CVEs is read in the time of a moment', () => {
  const text = `cve,epss,percentile\n${Array.from({ length: 300_000 }, (_, index) => `CVE-2024-${10_000 + index},0.00043,0.1`).join('\n')}`;
  const startedAt = performance.now();
  expect(readEpss(text).size).toBe(300_000);
  expect(performance.now() - startedAt).toBeLessThan(60_000);
});
