// Vulnerabilities in the older shape: sub-assessments, one row for a flaw of a package (machines: for a package, with its CVEs). Microsoft retired them on
// 2026-07-31; sovereign clouds and recorded data have them. https://learn.microsoft.com/azure/defender-for-cloud/subassessment-rest-api
import type { AssessedClass, Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { at, firstText, list, present, text } from './fields.ts';
import { assessmentKeyOf, findingPart, resourceNameOf, statusOf } from './finding.ts';
import { baseScore, cveOf, exploitOf, scoreOf } from './flaw.ts';
import { type FromRow, normalise, type Normalised, refused } from './rows.ts';
import { artifactDetails, imageSubject, keyOn, machineSubject, type Subject } from './subject.ts';

/** `assessedResourceType` by the class of what was assessed. */
export const assessedTypes: Readonly<Partial<Record<AssessedClass, readonly string[]>>> = {
  host: ['ServerVulnerabilityTvm'],
  'container-image': [
    'AzureContainerRegistryVulnerability',
    'AzureRuntimeImageVulnerability',
    'AwsContainerRegistryVulnerability',
    'AwsRuntimeImageVulnerability',
    'GcpContainerRegistryVulnerability',
    'GcpRuntimeImageVulnerability',
  ],
};

export function subAssessments(rows: readonly JsonObject[]): Normalised {
  return normalise(rows, fromRow);
}

function fromRow(row: JsonObject, id: string): FromRow {
  const properties = at(row, 'properties');
  const additional = at(properties, 'additionalData');
  if (!isObject(properties) || !isObject(additional)) return refused('properties.additionalData is missing');
  const subject = subjectOf(id, properties, additional);
  if (typeof subject === 'string') return refused(subject);
  const flaws = flawsOf(properties, additional);
  if (flaws.length === 0) return refused('properties.additionalData names no vulnerability');
  const objects = flaws.map((flaw) =>
    objectOf(row, { id: flaws.length === 1 ? id : `${id}#${flaw.toLowerCase()}`, subject, flaw, properties, additional }),
  );
  return { objects };
}

function subjectOf(id: string, properties: JsonObject, additional: JsonObject): Subject | string {
  const details = at(properties, 'resourceDetails');
  const resourceId = firstText(at(details, 'id'));
  const cloud = text(at(details, 'source')) ?? 'Azure';
  if (/image|registry/i.test(text(at(additional, 'assessedResourceType')) ?? '')) {
    const artifact = at(additional, 'artifactDetails');
    const [repository, host, digest] = ['repositoryName', 'registryHost', 'digest'].map((name) => text(at(artifact, name)));
    return imageSubject({ repository, host, digest, ids: [resourceId, id], cloud });
  }
  if (resourceId === undefined) return 'properties.resourceDetails names no resource';
  return (
    machineSubject(resourceId, machineTypes[cloud.toLowerCase()] ?? 'instance', cloud) ?? 'properties.resourceDetails names no machine'
  );
}

// This shape does not say of what type the resource is.
const machineTypes: Readonly<Record<string, string>> = { azure: 'microsoft.compute/virtualmachines' };

/** The identifier of an image's flaw is one; a machine's row has a list, one object, or one text. Without any, the row's own name for it. */
function flawsOf(properties: JsonObject, additional: JsonObject): string[] {
  const own = text(at(additional, 'vulnerabilityDetails', 'cveId'));
  if (own !== undefined) return [own];
  const said = at(additional, 'cve');
  const listed = (Array.isArray(said) ? said : [said ?? null]).flatMap(
    (one) => text(one) ?? firstText(at(one, 'title'), at(one, 'id')) ?? [],
  );
  if (listed.length > 0) return [...new Set(listed.map((one) => one.toUpperCase()))];
  return list([text(at(properties, 'id')) ?? null]).flatMap((one) => text(one) ?? []);
}

interface Told {
  readonly id: string;
  readonly subject: Subject;
  readonly flaw: string;
  readonly properties: JsonObject;
  readonly additional: JsonObject;
}

function objectOf(row: JsonObject, { id, subject, flaw, properties, additional }: Told): JsonObject {
  const vulnerability = at(additional, 'vulnerabilityDetails');
  const software = softwareOf(additional);
  const status = at(properties, 'status');
  const cve = cveOf(flaw) ?? null;
  const timeGenerated = firstText(at(properties, 'timeGenerated'));
  const finding = findingPart({
    key: keyOn(subject, flaw, text(software['packageName']) ?? '', text(software['version']) ?? ''),
    kind: 'vulnerability',
    assetClass: subject.assetClass,
    assetId: subject.assetId,
    assetType: subject.assetType,
    source: subject.source,
    status: statusOf(status),
    sourceSeverity: firstText(at(status, 'severity'), at(vulnerability, 'severity')) ?? '',
    cve,
    cvss: baseScore(at(vulnerability, 'cvss')) ?? scoreOf(at(additional, 'cvssV30Score')),
    exploit: exploitOf(at(vulnerability, 'exploitabilityAssessment')),
    at: timeGenerated ?? null,
  });
  return {
    ...row,
    id,
    resourceId: row['id'] ?? null,
    assessmentKey: assessmentKeyOf(id) ?? null,
    assetType: subject.assetType,
    properties: {
      ...properties,
      resourceDetails: resourceDetails(subject, at(properties, 'resourceDetails')),
      additionalData: present({
        assessedResourceType: at(additional, 'assessedResourceType'),
        artifactDetails: artifactDetails(subject, at(additional, 'artifactDetails')),
        vulnerabilityDetails: { ...(isObject(vulnerability) ? vulnerability : {}), ...(cve === null ? {} : { cveId: cve }) },
        softwareDetails: software,
      }),
    },
    finding,
  };
}

/** Machines' rows have what images' rows have in `softwareDetails`, under names of their own. */
function softwareOf(additional: JsonObject): JsonObject {
  const details = at(additional, 'softwareDetails');
  if (isObject(details)) return details;
  return present({
    packageName: at(additional, 'softwareName'),
    version: at(additional, 'softwareVersion'),
    vendor: at(additional, 'softwareVendor'),
    fixedVersion: at(additional, 'recommendedVersion'),
  });
}

/** As the document spells the keys; the name is the resource's, of an image its repository's. */
export function resourceDetails(subject: Subject, said: Json | undefined): JsonObject {
  const { placement, assetId, source } = subject;
  return {
    id: placement === null ? assetId : (text(at(said, 'id')) ?? assetId),
    source: text(at(said, 'source')) ?? source,
    ResourceName: firstText(at(said, 'ResourceName')) ?? placement?.repository ?? resourceNameOf(said) ?? assetId,
  };
}
