// Scores of findings: every number with the parts that it is made of (decision 56).
import { defaultScoring, type ScoringConfig } from '../../../src/mappings/scoring/config.ts';
import { type Lists, type Scorable, scoreFinding, severityOf } from '../../../src/mappings/scoring/finding.ts';

const none: Lists = { kev: null, epss: null };
const flaw = (fields: Partial<Scorable> = {}): Scorable => ({
  sourceSeverity: 'High',
  cve: 'CVE-2024-0001',
  cvss: null,
  exploit: null,
  ...fields,
});
const exploit = (fields: object = {}) => ({ exploitKit: false, published: false, verified: false, ...fields });
const score = (fields: Partial<Scorable>, lists = none, config: ScoringConfig = defaultScoring) => {
  const { severity, qds } = scoreFinding(flaw(fields), config, lists);
  return [severity, qds];
};

describe('without a CVE, by the five rows', () => {
  test.each<[string, number, number]>([
    ['Critical', 5, 95],
    ['High', 4, 80],
    [' hIGH ', 4, 80],
    ['Medium', 3, 55],
    ['Low', 2, 25],
    ['Informational', 1, 10],
    ['Unknown', 3, 55],
    ['', 3, 55],
  ])('"%s" is severity %i, QDS %i', (sourceSeverity, severity, qds) => {
    expect(score({ cve: null, sourceSeverity, cvss: 10 })).toEqual([severity, qds]);
  });

  test('rows and the default severity are the connection’s', () => {
    const rows = defaultScoring.rows.map((row) => (row.severity === 5 ? { ...row, sourceValues: ['A', '5'], qds: 99 } : row));
    const config: ScoringConfig = { ...defaultScoring, rows, defaultSeverity: 1 };
    expect(score({ cve: null, sourceSeverity: 'a' }, none, config)).toEqual([5, 99]);
    expect(score({ cve: null, sourceSeverity: 'Critical' }, none, config)).toEqual([1, 10]);
  });

  test('it is told by which row, or that no row has it', () => {
    const parts = (sourceSeverity: string) => scoreFinding(flaw({ cve: null, sourceSeverity }), defaultScoring, none).parts;
    expect(parts('High')).toEqual([
      { what: 'source severity', value: 'High', source: 'the source', contribution: 0 },
      { what: 'severity', value: 4, source: 'row 4 of the configuration', contribution: 80 },
    ]);
    expect(parts('?')[1]).toMatchObject({ value: 3, source: 'the default severity, for no row has it' });
  });
});

const epss = (probability: number): Lists => ({ kev: null, epss: new Map([['CVE-2024-0001', probability]]) });
const kev: Lists = { kev: new Map([['CVE-2024-0001', '2024-05-01']]), epss: null };

describe('with a CVE', () => {
  test.each<[string, Partial<Scorable>, Lists, number[]]>([
    ['CVSS alone', { cvss: 9.8 }, none, [5, 98]],
    ['CVSS, and no exploit known', { cvss: 9.8, exploit: exploit() }, none, [4, 71]],
    ['CVSS and a published exploit', { cvss: 9.8, exploit: exploit({ published: true }) }, none, [4, 85]],
    ['CVSS and a verified exploit', { cvss: 9.8, exploit: exploit({ published: true, verified: true }) }, none, [5, 93]],
    ['CVSS and an exploit kit', { cvss: 9.8, exploit: exploit({ exploitKit: true }) }, none, [5, 99]],
    ['CVSS and a low EPSS', { cvss: 9.8 }, epss(0.001), [4, 85]],
    ['CVSS and a high EPSS', { cvss: 9.8 }, epss(0.97), [5, 98]],
    ['a CVE that the EPSS list does not have', { cvss: 9.8 }, { kev: null, epss: new Map() }, [5, 98]],
    ['neither CVSS nor anything else: the source’s severity', { cvss: null }, none, [4, 80]],
    ['nothing at all', { cvss: null, sourceSeverity: 'Unknown' }, none, [3, 55]],
    ['a CVSS of 0', { cvss: 0 }, none, [1, 1]],
    ['known to be exploited', { cvss: 3 }, kev, [5, 90]],
    ['known to be exploited, with a verified exploit', { cvss: 3, exploit: exploit({ verified: true }) }, kev, [5, 98]],
    ['known to be exploited, with an EPSS of 0.5', { cvss: 3 }, { ...kev, epss: epss(0.5).epss }, [5, 95]],
  ])('%s', (_name, fields, lists, expected) => {
    expect(score(fields, lists)).toEqual(expected);
  });

  test('the contributions make the score', () => {
    for (const lists of [none, epss(0.3), kev, { ...kev, epss: epss(0.3).epss }]) {
      for (const cvss of [null, 0.5, 5, 10]) {
        for (const facts of [null, exploit(), exploit({ published: true }), exploit({ exploitKit: true })]) {
          const { qds, parts } = scoreFinding(flaw({ cvss, exploit: facts }), defaultScoring, lists);
          const sum = parts.reduce((total, { contribution }) => total + contribution, 0);
          expect(Math.abs(sum - qds)).toBeLessThanOrEqual(0.5);
          expect(qds).toBeGreaterThanOrEqual(1);
          expect(qds).toBeLessThanOrEqual(100);
        }
      }
    }
  });

  test('a higher CVSS, a riper exploit or a higher EPSS never scores less', () => {
    const qdsOf = (fields: Partial<Scorable>, lists = none) => scoreFinding(flaw(fields), defaultScoring, lists).qds;
    for (const facts of [null, exploit(), exploit({ verified: true })]) {
      const rising = Array.from({ length: 21 }, (_, index) => qdsOf({ cvss: index / 2, exploit: facts }));
      expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    }
    const ripening = [exploit(), exploit({ published: true }), exploit({ verified: true }), exploit({ exploitKit: true })];
    const riper = ripening.map((facts) => qdsOf({ cvss: 6, exploit: facts }));
    expect(riper).toEqual(riper.toSorted((a, b) => a - b));
    const likelier = [0, 0.2, 0.5, 1].map((probability) => qdsOf({ cvss: 6 }, epss(probability)));
    expect(likelier).toEqual(likelier.toSorted((a, b) => a - b));
  });

  test('each part says who says so', () => {
    const { parts } = scoreFinding(flaw({ cvss: 8, exploit: exploit({ published: true }) }), defaultScoring, epss(0.5));
    expect(parts).toEqual([
      { what: 'CVSS base score', value: 8, source: 'the source', contribution: 52 },
      { what: 'exploit', value: 'published', source: 'the source', contribution: 12.5 },
      { what: 'EPSS', value: 0.5, source: 'the EPSS list', contribution: 5 },
      { what: 'severity', value: 4, source: 'the bands of the configuration', contribution: 0 },
    ]);
  });
});

test.each([
  [100, 5],
  [90, 5],
  [89, 4],
  [70, 4],
  [69, 3],
  [40, 3],
  [39, 2],
  [20, 2],
  [19, 1],
  [0, 1],
])('a score of %i is severity %i', (qds, severity) => {
  expect(severityOf(qds, defaultScoring)).toBe(severity);
});
