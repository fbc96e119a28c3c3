// The settings of Defender for Cloud: their defaults, and what is refused, with the place (decisions 18, 56, 57).
import { defenderForCloud } from '../../src/connectors/defender-for-cloud/index.ts';
import { defaultScoring } from '../../src/mappings/scoring/config.ts';

const { settings } = defenderForCloud;
const row = (severity: number, sourceValues: string[], qds = 50) => ({ severity, sourceValues, qds });
const rows = [row(1, ['E']), row(2, ['D']), row(3, ['C']), row(4, ['B']), row(5, ['A'])];

test('without any, all subscriptions are read and nothing besides, and scores are as documented', () => {
  expect(settings.parse({})).toEqual({
    subscriptions: 'all',
    managementGroups: [],
    registryCatalog: false,
    environmentValues: false,
    scoring: defaultScoring,
    identificationRules: { off: [] },
  });
});

test('one weight is changed without the others', () => {
  const { scoring } = settings.parse({ scoring: { cve: { weights: { epss: 30 } } } });
  expect(scoring).toEqual({ ...defaultScoring, cve: { ...defaultScoring.cve, weights: { cvss: 65, exploit: 25, epss: 30 } } });
});

test('ids of subscriptions are kept in lower case', () => {
  expect(settings.parse({ subscriptions: ['5B1FE1A0-0000-4000-8000-000000000001'] })).toMatchObject({
    subscriptions: ['5b1fe1a0-0000-4000-8000-000000000001'],
  });
});

test.each<[string, object, string, string]>([
  ['a subscription by name', { subscriptions: ['prod'] }, 'subscriptions.0', "must be a subscription's id"],
  ['KQL in place of a subscription', { subscriptions: ["x' or 1==1"] }, 'subscriptions.0', "must be a subscription's id"],
  ['no subscription', { subscriptions: [] }, 'subscriptions', 'must name a subscription, or be all'],
  ['KQL in place of a management group', { managementGroups: ["a'|"] }, 'managementGroups.0', "must be a management group's id"],
  ['four rows', { scoring: { rows: rows.slice(1) } }, 'scoring.rows', 'must have each severity from 1 to 5 once; look at 1'],
  [
    'a severity twice',
    { scoring: { rows: [...rows.slice(1), row(2, ['F'])] } },
    'scoring.rows',
    'must have each severity from 1 to 5 once; look at 1, 2',
  ],
  [
    'a value in two rows, in another case and with blanks',
    { scoring: { rows: [...rows.slice(0, 4), row(5, [' b '])] } },
    'scoring.rows.4.sourceValues',
    'has a value that another row has too',
  ],
  ['a score over 100', { scoring: { rows: [...rows.slice(0, 4), row(5, ['A'], 101)] } }, 'scoring.rows.4.qds', 'must be from 0 to 100'],
  ['a default severity of 6', { scoring: { defaultSeverity: 6 } }, 'scoring.defaultSeverity', 'must be from 1 to 5'],
  ['bands that do not fall', { scoring: { bands: { 3: 80 } } }, 'scoring.bands', 'must fall from 5 to 2'],
  ['CVSS without a weight', { scoring: { cve: { weights: { cvss: 0 } } } }, 'scoring.cve.weights', 'must give CVSS a weight'],
  ["the source's own key off", { identificationRules: { off: ['source-key'] } }, 'identificationRules.off.0', 'cannot be switched off'],
  [
    'every rule off',
    { identificationRules: { off: ['resource-id', 'vm-id', 'bios-uuid', 'mac-and-hostname', 'hostname-and-subscription'] } },
    'identificationRules.off',
    'must leave a rule on',
  ],
])('%s is refused', (_name, given, place, reason) => {
  const { error } = settings.safeParse(given);
  expect(error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([[place, expect.stringContaining(reason) as string]]);
});
