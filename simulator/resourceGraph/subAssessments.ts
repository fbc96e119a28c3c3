// Vulnerabilities in the older shape, which Microsoft retired on 2026-07-31: for an image a row for each CVE, for a machine one for each package.
// https://learn.microsoft.com/azure/defender-for-cloud/subassessment-rest-api
import type { Json, JsonObject } from '../../src/model.ts';
import { assessments, changeOf, numberOf, packageKey, packageSalt, rowOf, statusOf, type Writer } from './assessmentRow.ts';
import { cveId, cvesOf, packageAt } from './packages.ts';
import type { Places } from './places.ts';
import type { Slot } from './strands.ts';

export function olderSlots(writer: Writer, pack: number): Slot[] {
  const { subjects, places } = writer;
  if (subjects.source !== 'Azure') return [];
  const image = subjects.packages === 'image';
  const parent = image
    ? subjects.name === 'running'
      ? 'c609cf0f-71ab-41e9-a3c6-9a1f7fe1b8d5'
      : 'c0b7cfc6-3172-465a-b378-53c7ff2cc0d5'
    : '1195afff-c881-495e-9bc5-1486211ae03f';
  const assessed = image
    ? subjects.name === 'running'
      ? 'AzureRuntimeImageVulnerability'
      : 'AzureContainerRegistryVulnerability'
    : 'ServerVulnerabilityTvm';
  const { name, version, fixedVersion, type, language } = packageAt(pack);
  const all = cvesOf(places.shape, pack);
  const rows = image ? all.map((cve) => [cve]) : [all];
  return rows.map((cves, index) => {
    const sub = `${pack.toString(16).padStart(8, '0')}-01de-4000-8000-${index.toString(16).padStart(12, '0')}`;
    const [first = {}] = cves;
    return {
      key: packageKey(pack),
      fixed: { type: `${assessments}/subassessments`, name: sub, properties: { additionalData: { assessedResourceType: assessed } } },
      row(resource) {
        const subject = subjects.of(resource);
        const status = statusOf(writer, packageSalt(pack), resource, changeOf(writer, packageKey(pack), resource));
        return rowOf(
          writer.places,
          subject,
          `${subject.prefix}/providers/Microsoft.Security/assessments/${parent}/subassessments/${sub}`,
          `${assessments}/subassessments`,
          {
            id: image ? (first['CveId'] ?? null) : `TVM-${pack}`,
            displayName: image ? (first['CveId'] ?? null) : `Update ${name}`,
            timeGenerated: status['statusChangeDate'] ?? null,
            remediation: fixedVersion === '' ? 'No remediation exists' : `Update to ${fixedVersion}`,
            resourceDetails: {
              id: image ? `/repositories/${subject.name}/images/${places.images.imageAt(numberOf(subjects, resource)).digest}` : subject.id,
              source: 'Azure',
            },
            status: {
              code: status['code'] ?? null,
              severity: first['Severity'] ?? null,
              ...(status['cause'] === undefined ? {} : { cause: status['cause'] }),
            },
            additionalData: image
              ? {
                  assessedResourceType: assessed,
                  ...imageData(places, numberOf(subjects, resource), first, { name, version, fixedVersion, type, language }),
                }
              : {
                  assessedResourceType: assessed,
                  softwareName: name,
                  softwareVersion: version,
                  softwareVendor: 'ubuntu',
                  recommendedVersion: fixedVersion,
                  cve: cves.map((_, at) => ({ title: cveId(pack, at), link: `https://nvd.nist.gov/vuln/detail/${cveId(pack, at)}` })),
                },
          },
        );
      },
    };
  });
}

function imageData({ images }: Places, index: number, cve: JsonObject, software: JsonObject): JsonObject {
  const { host, repository, digest, tags } = images.imageAt(index);
  const [score] = Array.isArray(cve['Cvss']) ? cve['Cvss'] : [];
  const exploit = objectOf(cve['ExploitabilityDetails']);
  return {
    vulnerabilityDetails: {
      cveId: cve['CveId'] ?? null,
      severity: cve['Severity'] ?? null,
      publishedDate: cve['PublishedDate'] ?? null,
      lastModifiedDate: cve['LastModifiedDate'] ?? null,
      references: [],
      weaknesses: { cwe: [] },
      cvss: {
        '2.0': null,
        '3.0':
          score === undefined
            ? null
            : {
                base: objectOf(objectOf(score)['Value'])['Base'] ?? null,
                cvssVectorString: objectOf(objectOf(score)['Value'])['CvssVectorString'] ?? null,
              },
      },
      exploitabilityAssessment: {
        exploitStepsPublished: exploit['IsPubliclyDisclosed'] ?? false,
        exploitStepsVerified: exploit['IsVerified'] ?? false,
        isInExploitKit: exploit['IsInExploitKit'] ?? false,
        exploitUris: [],
        types: ['Remote'],
      },
    },
    artifactDetails: { registryHost: host, repositoryName: repository, digest, tags: [...tags], artifactType: 'ContainerImage' },
    softwareDetails: {
      packageName: software['name'] ?? null,
      version: software['version'] ?? null,
      fixedVersion: software['fixedVersion'] ?? null,
      fixStatus: cve['FixStatus'] ?? null,
      category: software['type'] ?? null,
      language: software['language'] ?? null,
      osDetails: { osPlatform: 'linux', osVersion: 'debian 12' },
    },
  };
}

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
