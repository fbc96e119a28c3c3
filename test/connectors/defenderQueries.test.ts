// The queries of Defender for Cloud: what each asks for, in words that lose no rows and hold nothing that people wrote.
import { queriesFor } from '../../src/connectors/defender-for-cloud/queries.ts';

const all = { assetTypes: ['host', 'container-image', 'container-instance', 'serverless'], environmentValues: false } as const;
const queries = Object.entries(queriesFor(all));

test.each(queries)('%s names its table and type, projects an id, and neither joins nor expands on the server', (_name, query) => {
  expect(['Resources', 'SecurityResources']).toContain(query.table);
  expect(query.where[0]).toMatch(/^type =~ '[a-z./]+'$/);
  expect(query.project[0]).toBe('id');
  expect(query.top).toBeLessThanOrEqual(1_000);
  for (const text of [...query.where, ...query.project]) expect(text).not.toMatch(/\||mv-expand|\bjoin\b|\btake\b|\blimit\b|"/);
  for (const join of query.joins) {
    expect(['rows', ...query.joins.map(({ name }) => name)]).toContain(join.of);
    expect(join.project[0]).toBe('id');
    expect(join.atOnce).toBeLessThanOrEqual(1_000);
  }
});

test.each(['vulnerabilities', 'misconfigurations'])('%s asks by type of resource, and leaves out what is of source code', (name) => {
  const text = queriesFor(all)[name]?.where.join('\n') ?? '';
  expect(text).toMatch(/resourceDetails\.ResourceType\) in~ \('microsoft\.compute\/virtualmachines'/);
  expect(text).toContain("resourceDetails.Source) !in~ ('GitHub', 'AzureDevOps', 'GitLab')");
});

test('a profile’s types of assets are asked for in the query itself (decision 52)', () => {
  const conditions = (assetTypes: (typeof all.assetTypes)[number][], name: string) =>
    queriesFor({ ...all, assetTypes })[name]?.where.join('\n') ?? '';
  expect(conditions(['serverless'], 'misconfigurations')).toContain("'microsoft.web/sites'");
  expect(conditions(['serverless'], 'misconfigurations')).not.toContain('virtualmachines');
  expect(conditions(['host'], 'olderVulnerabilities')).toContain("in~ ('ServerVulnerabilityTvm')");
  // Functions have no vulnerabilities: no row has this type, and an empty list is no KQL.
  expect(conditions(['serverless'], 'olderVulnerabilities')).toContain("in~ ('none')");
  expect(conditions(['serverless'], 'vulnerabilities')).toContain("in~ ('none')");
});

test('values of environment variables are kept only where the settings ask for it', () => {
  const row = {
    id: 'g',
    properties: { containers: [{ name: 'c', properties: { environmentVariables: [{ name: 'MODE', value: 'plain' }] } }] },
  };
  const kept = (environmentValues: boolean) =>
    JSON.stringify(queriesFor({ ...all, environmentValues })['containerGroups']?.objects([row], {})).includes('plain');
  expect([kept(false), kept(true)]).toEqual([false, true]);
});
