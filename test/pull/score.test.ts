// How a connection's settings score what its records say.
import { defenderForCloud } from '../../src/connectors/defender-for-cloud/index.ts';
import { noLists, scoringOf } from '../../src/pull/score.ts';

const rows = [1, 2, 3, 4, 5].map((severity) => ({ severity, sourceValues: [`S${severity}`], qds: severity * 20 }));

test.each<[string, object, object, object]>([
  ['by the defaults', {}, { sourceSeverity: 'High', cve: null }, { severity: 4, qds: 80 }],
  ['by the rows of the connection', { scoring: { rows } }, { sourceSeverity: 's5', cve: null }, { severity: 5, qds: 100 }],
  ['by CVSS', {}, { sourceSeverity: 'Low', cve: 'CVE-2024-0001', cvss: 9.8, exploit: null }, { severity: 5, qds: 98 }],
  ['without what it does not say', {}, {}, { severity: 3, qds: 55 }],
])('%s', (_name, settings, finding, expected) => {
  expect(scoringOf(defenderForCloud.settings.parse(settings), noLists).score(finding as never)).toMatchObject(expected);
});

test('its hash changes with a weight and with a list, and with nothing else', () => {
  const of = (settings: object, lists = noLists) => scoringOf(defenderForCloud.settings.parse(settings), lists).hash;
  const hashes = [
    of({}),
    of({ scoring: { defaultSeverity: 1 } }),
    of({}, { ...noLists, kev: new Map(), hash: 'kev' }),
    of({}, { ...noLists, epss: new Map(), hash: 'epss' }),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(of({ registryCatalog: true })).toBe(of({}));
});

test('by the lists that are given', () => {
  const lists = { ...noLists, kev: new Map([['CVE-2024-0001', '2024-05-01']]), hash: 'kev' };
  expect(scoringOf({}, lists).score({ cve: 'CVE-2024-0001', cvss: 1 })).toMatchObject({ severity: 5, qds: 90 });
});
