// Vulnerabilities in both shapes: the same flaw has the same key, and a row that cannot be read spoils no other.
import { mostCves } from '../../../src/mappings/defender/cvesDetails.ts';
import { recommendations } from '../../../src/mappings/defender/recommendations.ts';
import { subAssessments } from '../../../src/mappings/defender/subAssessments.ts';
import type { JsonObject } from '../../../src/model.ts';
import { machineId } from '../../support/azureRows.ts';
import {
  cve,
  digest,
  olderImageRow,
  olderMachineRow,
  registryId,
  todayImageRow,
  todayMachineRow,
} from '../../support/vulnerabilityRows.ts';

const findings = ({ objects }: { readonly objects: readonly JsonObject[] }) => objects.map((object) => object['finding'] as JsonObject);
const today = (row: JsonObject) => findings(recommendations([row]));
const older = (row: JsonObject) => findings(subAssessments([row]));
const keys = (all: readonly JsonObject[]) => all.map((finding) => finding['key']);

const imageKey = JSON.stringify(['image', 'contoso.azurecr.io/team/app', digest, 'cve-2022-42969', 'py', '1.11.0.0']);
const machineKey = JSON.stringify(['machine', machineId.toLowerCase(), 'cve-2024-0001', 'openssl']);

describe('keys', () => {
  test('a flaw of an image has one key in both shapes, in its registry and where it runs', () => {
    const running = olderImageRow({ assessedResourceType: 'AzureRuntimeImageVulnerability' });
    expect([...keys(older(olderImageRow())), ...keys(today(todayImageRow())), ...keys(older(running))]).toEqual([
      imageKey,
      imageKey,
      imageKey,
    ]);
  });

  test('a flaw of a machine has one key in both shapes, whatever the case of its id and package', () => {
    expect([...keys(older(olderMachineRow())), ...keys(today(todayMachineRow()))]).toEqual([machineKey, machineKey]);
  });

  test('severity, description and time are not in it', () => {
    const other = cve('cve-2022-42969', { Severity: 'Low', Description: 'Anew.', Cvss: null, LastModifiedDate: null });
    expect(keys(today(todayImageRow({ cves: [other], properties: { status: { code: 'NotApplicable', cause: 'Exempt' } } })))).toEqual([
      imageKey,
    ]);
  });

  test.each<[string, JsonObject]>([
    ['another repository', { artifactDetails: { repositoryName: 'team/other', registryHost: 'contoso.azurecr.io', digest } }],
    ['another registry', { artifactDetails: { repositoryName: 'team/app', registryHost: 'fabrikam.azurecr.io', digest } }],
    [
      'another digest',
      { artifactDetails: { repositoryName: 'team/app', registryHost: 'contoso.azurecr.io', digest: `sha256:${'0'.repeat(64)}` } },
    ],
    ['another version', { softwareDetails: { packageName: 'py', version: '1.12' } }],
    ['another package', { softwareDetails: { packageName: 'python', version: '1.11.0.0' } }],
  ])('%s is another finding', (_name, additionalData) => {
    expect(keys(older(olderImageRow(additionalData)))).not.toEqual([imageKey]);
  });
});

describe('the place of an image', () => {
  const said = { Digest: digest.toUpperCase().replace('SHA', 'sha'), RepositoryDetails: { RepositoryName: 'Team/App' } };
  test.each<[string, JsonObject]>([
    ['as JSON text', { resourceAdditionalData: JSON.stringify(said) }],
    ['nested', { resourceAdditionalData: said }],
    ['at the top', { resourceAdditionalData: null, ...said }],
    ['with its registry', { resourceAdditionalData: { ...said, RegistryHost: 'CONTOSO.azurecr.io' } }],
  ])('is read %s', (_name, properties) => {
    expect(today(todayImageRow({ cves: [cve('CVE-2022-42969')], properties }))).toMatchObject([
      { key: imageKey, assetClass: 'container-image', assetId: `contoso.azurecr.io/team/app@${digest}`, assetType: 'container-image' },
    ]);
  });

  test('is read from the reference of another cloud', () => {
    const reference = `544047870946.dkr.ecr.us-east-1.amazonaws.com/mc/va/bigimage@${digest}`;
    const row = olderImageRow(
      { assessedResourceType: 'AwsContainerRegistryVulnerability', artifactDetails: {} },
      { resourceDetails: { id: reference, source: 'AWS' } },
    );
    expect(older(row)).toMatchObject([{ assetId: reference, assetType: 'aws-container-image', source: 'AWS' }]);
  });

  test.each<[string, JsonObject, string]>([
    ['no digest', { RepositoryDetails: { RepositoryName: 'team/app' } }, 'the digest of the image is missing, or none'],
    ['no repository', { Digest: digest }, 'the repository of the image is missing, or no name of one'],
    [
      'a repository that climbs',
      { Digest: digest, RepositoryName: '../../v2/_catalog' },
      'the repository of the image is missing, or no name of one',
    ],
    [
      'a registry that is no host',
      { Digest: digest, RepositoryName: 'a', RegistryHost: 'a.io/x?y' },
      'the registry of the image is missing, or no host',
    ],
    [
      'a registry with a user',
      { Digest: digest, RepositoryName: 'a', RegistryHost: 'me@a.io' },
      'the registry of the image is missing, or no host',
    ],
  ])('%s is set aside: the lossy id is not asked', (_name, resourceAdditionalData, reason) => {
    expect(recommendations([todayImageRow({ cves: [], properties: { resourceAdditionalData } })])).toMatchObject({
      objects: [],
      rejects: [{ reason }],
    });
  });
});

describe("today's rows", () => {
  test('give one object for each CVE, in the words of the older shape', () => {
    const { objects, rejects } = recommendations([todayImageRow({ cves: JSON.stringify([cve('CVE-2022-42969'), cve('cve-2021-0001')]) })]);
    expect(rejects).toEqual([]);
    expect(objects).toHaveLength(2);
    expect(objects[1]).toMatchObject({
      id: expect.stringMatching(/^\/subscriptions\/[^A-Z]*#cve-2022-42969$/) as string,
      properties: {
        displayName: 'CVE-2022-42969',
        description: 'About CVE-2022-42969.',
        remediation: 'm-remediation',
        timeGenerated: '2026-08-28T04:11:02Z',
        status: { code: 'Unhealthy', severity: 'High' },
        resourceDetails: { source: 'Azure', ResourceName: 'team/app' },
        additionalData: {
          assessedResourceType: 'AzureContainerRegistryVulnerability',
          artifactDetails: { repositoryName: 'team/app', registryHost: 'contoso.azurecr.io', digest },
          vulnerabilityDetails: {
            cveId: 'CVE-2022-42969',
            references: [{ title: 'https://example.com/t', link: 'https://example.com/t' }],
            weaknesses: { cwe: [{ id: 'CWE-1333' }] },
            cvss: { '3.0': { base: 7.5, cvssVectorString: 'CVSS:3.1/AV:N' } },
            exploitabilityAssessment: { isInExploitKit: false, exploitStepsPublished: true, exploitStepsVerified: false },
          },
          softwareDetails: { packageName: 'py', version: '1.11.0.0', fixedVersion: '3.0.13', fixStatus: 'FixAvailable', category: 'OS' },
        },
      },
      today: { displayName: 'Update py', cvssSource: 'nvd' },
      finding: {
        status: 'open',
        sourceSeverity: 'High',
        cve: 'CVE-2022-42969',
        cvss: 7.5,
        exploit: { exploitKit: false, published: true, verified: false },
        at: '2026-08-28T04:11:02Z',
      },
    });
  });

  test('two versions of a package in an image are two flaws of each CVE, with ids of their own', () => {
    const { objects } = recommendations([
      todayImageRow({ cves: [cve('CVE-2022-42969')], additionalData: { DetectedSoftwareVersions: ['2', '1'] } }),
    ]);
    expect(objects.map(({ id }) => String(id).split('#').slice(1))).toEqual([
      ['cve-2022-42969', '1'],
      ['cve-2022-42969', '2'],
    ]);
    expect(new Set(keys(findings({ objects }))).size).toBe(2);
  });

  test.each<[string, JsonObject['x'], number, string | undefined]>([
    ['JSON text', JSON.stringify([cve('CVE-1999-0001')]), 1, undefined],
    ['a list', [cve('CVE-1999-0001')], 1, undefined],
    ['one object', cve('CVE-1999-0001'), 1, undefined],
    ['the same CVE twice', [cve('CVE-1999-0001'), cve('cve-1999-0001')], 1, undefined],
    ['an identifier of another list', [cve('GHSA-xxxx-yyyy-zzzz')], 1, undefined],
    ['invalid JSON', '[{"CveId":', 0, 'properties.additionalData.CvesDetails is no valid JSON'],
    ['JSON that is no list', '7', 0, 'properties.additionalData.CvesDetails is no valid JSON'],
    ['an entry without an identifier', [{}, cve('CVE-1999-0001')], 1, 'properties.additionalData.CvesDetails[0].CveId is missing'],
    ['entries that are no objects', [null, 'x', cve('CVE-1999-0001')], 1, 'properties.additionalData.CvesDetails[0].CveId is missing'],
    ['an identifier without an end', [cve('x'.repeat(65))], 0, 'properties.additionalData.CvesDetails[0].CveId is missing'],
  ])('CvesDetails with %s: the rest of the page goes on', (_name, cves, count, reason) => {
    const { objects, rejects } = recommendations([todayMachineRow({ cves: cves ?? null }), todayMachineRow()]);
    expect([objects.length, rejects.map((reject) => reject.reason)]).toEqual([count + 1, reason === undefined ? [] : [reason]]);
  });

  test('more CVEs than the bound are cut to it, always the same ones, and said', () => {
    const many = Array.from({ length: mostCves + 5 }, (_, index) => ({ CveId: `CVE-2026-${String(10_000 + index)}` }));
    const cut = (entries: readonly JsonObject[]) => recommendations([todayMachineRow({ cves: [...entries] })]);
    const { objects, rejects } = cut(many);
    expect([objects.length, rejects]).toEqual([
      mostCves,
      [
        {
          id: expect.any(String) as string,
          reason: `properties.additionalData.CvesDetails has ${mostCves + 5} CVEs; ${mostCves} are read`,
        },
      ],
    ]);
    expect(cut(many.toReversed()).objects.map(({ id }) => id)).toEqual(objects.map(({ id }) => id));
  });

  test.each<[string, JsonObject, object]>([
    ['healthy: it ends by not being told', { code: 'Healthy' }, []],
    [
      'exempt: all that it told is suppressed',
      { code: 'NotApplicable', cause: 'Exempt' },
      [{ covers: expect.any(String) as string, finding: { status: 'suppressed', cve: null } }],
    ],
    ['unhealthy: a flaw without a CVE', { code: 'Unhealthy' }, [{ finding: { status: 'open', cve: null, sourceSeverity: 'Medium' } }]],
  ])('without CvesDetails, %s', (_name, status, expected) => {
    const { objects, rejects } = recommendations([todayMachineRow({ properties: { status } })]);
    expect(objects).toMatchObject(expected);
    expect([objects.length, rejects]).toEqual([(expected as unknown[]).length, []]);
  });

  test('without CvesDetails, the identifiers that scanners list are read', () => {
    const additionalData = { ScannersDetails: { mdvm: { CvesIds: ['CVE-2024-0001'] }, agentlessmdvm: {} } };
    expect(keys(today(todayMachineRow({ additionalData })))).toEqual([machineKey]);
  });

  test.each([
    ['High', 'High'],
    ['', 'Medium'],
    ['Unknown', 'Medium'],
    [null, 'Medium'],
  ])('a CVE of severity %j is %s: the recommendation speaks where it does not', (Severity, expected) => {
    expect(today(todayMachineRow({ cves: [cve('CVE-2024-0001', { Severity })] }))).toMatchObject([{ sourceSeverity: expected }]);
  });
});

describe('older rows', () => {
  test('keep what they say', () => {
    expect(subAssessments([olderImageRow()])).toMatchObject({
      objects: [
        {
          assessmentKey: 'c0b7cfc6-3172-465a-b378-53c7ff2cc0d5',
          properties: {
            description: 'o-description',
            resourceDetails: { id: `/repositories/team/app/images/${digest}`, ResourceName: 'team/app' },
          },
          finding: {
            cve: 'CVE-2022-42969',
            cvss: 7.5,
            sourceSeverity: 'High',
            exploit: { published: true },
            at: '2023-09-12T13:36:15.0772799Z',
          },
        },
      ],
      rejects: [],
    });
  });

  test.each<[string, JsonObject['x'], string[]]>([
    ['a list', [{ title: 'CVE-2024-0001' }, { title: 'CVE-2024-0002' }], ['CVE-2024-0001', 'CVE-2024-0002']],
    ['one object', { title: 'CVE-2024-0001' }, ['CVE-2024-0001']],
    ['text', 'cve-2024-0001', ['CVE-2024-0001']],
  ])("a machine's CVEs are read from %s", (_name, said, expected) => {
    const { objects } = subAssessments([olderMachineRow(said)]);
    expect(findings({ objects }).map((finding) => finding['cve'])).toEqual(expected);
    expect(new Set(objects.map(({ id }) => id)).size).toBe(expected.length);
  });

  test('a flaw without a CVE is known by its own name', () => {
    expect(older(olderMachineRow(null))).toMatchObject([{ cve: null, cvss: null, exploit: null }]);
  });

  test('an image without a registry host has that of the registry it was found in', () => {
    expect(keys(older(olderImageRow({ artifactDetails: { repositoryName: 'team/app', digest } })))).toEqual([imageKey]);
    expect(registryId).toContain('/registries/contoso');
  });

  test.each<[string, JsonObject, string]>([
    ['no additional data', { id: 'a', properties: {} }, 'properties.additionalData is missing'],
    ['no machine', olderMachineRow([], { resourceDetails: { source: 'Azure' } }), 'properties.resourceDetails names no resource'],
    [
      'no flaw',
      { id: 'a', properties: { resourceDetails: { id: 'm' }, additionalData: {} } },
      'properties.additionalData names no vulnerability',
    ],
  ])('a row with %s is set aside', (_name, row, reason) => {
    expect(subAssessments([row, olderImageRow()])).toMatchObject({ objects: [{}], rejects: [{ reason }] });
  });
});

test('no row makes either shape throw', () => {
  const odd: JsonObject['x'][] = [null, 7, 'x', [], {}, [null], true];
  const rows = odd.flatMap((value) =>
    ['properties', 'resourceDetails', 'additionalData', 'status', 'metadata', 'CvesDetails', 'cve', 'Cvss', 'Value'].map((name) => {
      const replace = (from: JsonObject): JsonObject =>
        Object.fromEntries(
          Object.entries(from).map(([key, old]) => {
            if (key === name) return [key, value ?? null];
            return [key, typeof old === 'object' && old !== null && !Array.isArray(old) ? replace(old) : old];
          }),
        );
      return [
        replace(olderImageRow()),
        replace(olderMachineRow()),
        replace(todayImageRow({ cves: [cve('CVE-2022-42969')] })),
        replace(todayMachineRow()),
      ];
    }),
  );
  for (const row of rows.flat()) {
    for (const read of [subAssessments, recommendations]) {
      const { objects, rejects } = read([row]);
      expect(objects.length + rejects.length).toBeGreaterThan(0);
    }
  }
});
