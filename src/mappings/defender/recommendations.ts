// Vulnerabilities in today's shape: an assessment of category SoftwareUpdate for each package of a resource, with the package's CVEs. One object for each
// CVE, in the field names of the older shape (decision 48), so that maps and keys are the same for both; what is new stands under `today`.
// https://learn.microsoft.com/azure/defender-for-cloud/transition-grouped-individual-recommendations
import type { Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { flawsOf, vulnerabilityDetails } from './cvesDetails.ts';
import { at, firstText, present, structure, text } from './fields.ts';
import { assessmentKeyOf, findingPart, resourceIdOf, statusOf } from './finding.ts';
import { baseScore, cveOf, exploitOf } from './flaw.ts';
import { type FromRow, normalise, type Normalised, refused } from './rows.ts';
import { resourceDetails } from './subAssessments.ts';
import { artifactDetails, imageSubject, keyOn, machineSubject, type Subject } from './subject.ts';

export function recommendations(rows: readonly JsonObject[]): Normalised {
  return normalise(rows, fromRow);
}

function fromRow(row: JsonObject, id: string): FromRow {
  const properties = at(row, 'properties');
  const details = at(properties, 'resourceDetails');
  if (!isObject(properties) || !isObject(details)) return refused('properties.resourceDetails is missing');
  const extra = structure(at(properties, 'resourceAdditionalData'));
  const subject = subjectOf(id, properties, details, extra);
  if (typeof subject === 'string') return refused(subject);
  const additional = at(properties, 'additionalData');
  const { flaws, reason } = flawsOf(additional);
  const told: Told = { row, id, properties, details, additional, extra, subject, package: packageOf(additional, subject) };
  const objects = [...flaws].flatMap(([identifier, entry]) => objectsOf(told, identifier, entry));
  if (flaws.size === 0 && reason === undefined) objects.push(...withoutFlaws(told));
  return reason === undefined ? { objects } : { objects, reason };
}

/** What is said of an image stands in `resourceAdditionalData`, in `additionalData`, or beside them. */
function subjectOf(id: string, properties: JsonObject, details: JsonObject, extra: Json | undefined): Subject | string {
  const cloud = text(at(details, 'Source')) ?? 'Azure';
  const resourceType = text(at(details, 'ResourceType')) ?? '';
  const said = (...names: readonly string[]): string | undefined =>
    firstText(
      at(extra, ...names),
      at(extra, 'artifactDetails', ...names),
      at(properties, 'additionalData', ...names),
      at(properties, ...names),
    );
  const digest = said('Digest');
  const resourceId = resourceIdOf(details);
  if (/^\.?containerimage$/i.test(resourceType) || digest !== undefined) {
    return imageSubject({
      repository: said('RepositoryDetails', 'RepositoryName') ?? said('RepositoryName'),
      host: said('RegistryHost') ?? said('RepositoryDetails', 'RegistryHost'),
      digest,
      ids: [resourceId, text(at(details, 'Id')), id],
      cloud,
    });
  }
  if (resourceId === undefined) return 'properties.resourceDetails names no resource';
  return machineSubject(resourceId, resourceType, cloud) ?? 'properties.resourceDetails.ResourceType is of no class of assets';
}

interface Package {
  readonly name: string;
  /** Of an image each, for each is a flaw of its own; of a machine all as one text. */
  readonly versions: readonly string[];
}

function packageOf(additional: Json | undefined, { placement }: Subject): Package {
  const scanners = at(additional, 'ScannersDetails');
  const scanned = isObject(scanners) ? Object.values(scanners).flatMap((one) => at(one, 'DetectedSoftwareVersions') ?? []) : [];
  const said = versionsOf(at(additional, 'DetectedSoftwareVersions'));
  const versions = [...new Set(said.length > 0 ? said : scanned.flatMap(versionsOf))].sort();
  const name = firstText(at(additional, 'SoftwareName')) ?? '';
  return { name, versions: placement === null || versions.length === 0 ? [versions.join(', ')] : versions };
}

/** A list, JSON text of one, or versions with commas between them. */
function versionsOf(said: Json | undefined): string[] {
  if (Array.isArray(said)) return said.flatMap((one) => text(one) ?? []);
  const written = text(said);
  if (written === undefined) return [];
  const parsed = structure(said);
  if (Array.isArray(parsed)) return parsed.flatMap((one) => text(one) ?? []);
  return written.split(',').flatMap((one) => text(one) ?? []);
}

interface Told {
  readonly row: JsonObject;
  readonly id: string;
  readonly properties: JsonObject;
  readonly details: JsonObject;
  readonly additional: Json | undefined;
  readonly extra: Json | undefined;
  readonly subject: Subject;
  readonly package: Package;
}

function objectsOf(told: Told, identifier: string, entry: JsonObject): JsonObject[] {
  const id = `${told.id}#${identifier.toLowerCase()}`;
  const { versions } = told.package;
  return versions.map((version) => objectOf(told, versions.length === 1 ? id : `${id}#${version}`, { identifier, entry, version }));
}

/**
 * A row without CVEs. Healthy: its findings end by not being told any more. Exempt: `covers` says that every finding which this row told is suppressed,
 * not fixed. Else it is a flaw without a CVE.
 */
function withoutFlaws(told: Told): JsonObject[] {
  const status = statusOf(at(told.properties, 'status'));
  if (status === 'fixed') return [];
  const version = told.package.versions.join(', ');
  const object = objectOf(told, told.id, { identifier: null, entry: {}, version });
  return [status === 'suppressed' ? { ...object, covers: told.id } : object];
}

interface Flaw {
  readonly identifier: string | null;
  readonly entry: JsonObject;
  readonly version: string;
}

function objectOf(
  { row, properties, details, additional, extra, subject, ...told }: Told,
  id: string,
  { identifier, entry, version }: Flaw,
): JsonObject {
  const status = at(properties, 'status');
  const metadata = at(properties, 'metadata');
  const product = present({ vendor: at(additional, 'SoftwareVendor'), product: told.package.name, version });
  const vulnerability = vulnerabilityDetails(identifier ?? '', entry, product);
  const severity = severityOf(at(entry, 'Severity'), at(metadata, 'severity'));
  const time = firstText(at(status, 'statusChangeDate'), at(status, 'firstEvaluationDate'));
  const displayName = firstText(at(properties, 'displayName'));
  const finding = findingPart({
    key: keyOn(subject, identifier ?? '', told.package.name, version),
    kind: 'vulnerability',
    assetClass: subject.assetClass,
    assetId: subject.assetId,
    assetType: subject.assetType,
    source: subject.source,
    status: statusOf(status),
    sourceSeverity: severity,
    cve: identifier === null ? null : (cveOf(identifier) ?? null),
    cvss: baseScore(vulnerability['cvss']),
    exploit: exploitOf(at(entry, 'ExploitabilityDetails')),
    at: time ?? null,
  });
  const { properties: _whole, ...columns } = row;
  return {
    ...columns,
    id,
    resourceId: row['id'] ?? null,
    assessmentKey: assessmentKeyOf(told.id) ?? null,
    assetType: subject.assetType,
    properties: present({
      displayName: identifier ?? displayName,
      description: firstText(at(entry, 'Description'), at(metadata, 'description')),
      impact: firstText(at(metadata, 'impact')),
      remediation: firstText(at(metadata, 'remediationDescription'), displayName),
      timeGenerated: time,
      status: present({ code: at(status, 'code'), cause: at(status, 'cause'), description: at(status, 'description'), severity }),
      resourceDetails: resourceDetails(subject, details),
      additionalData: present({
        assessedResourceType: assessedType(subject),
        artifactDetails: artifactDetails(subject, extra),
        vulnerabilityDetails: identifier === null ? undefined : vulnerability,
        softwareDetails: softwareDetails(additional, entry, told.package.name, version),
      }),
    }),
    today: present({
      displayName,
      firstEvaluationDate: at(status, 'firstEvaluationDate'),
      statusChangeDate: at(status, 'statusChangeDate'),
      metadataSeverity: at(metadata, 'severity'),
      maxCvssScore: at(additional, 'MaxCvssScore'),
      cvssSource: at(entry, 'CvssSource'),
      tags: at(entry, 'Tags'),
    }),
    finding,
  };
}

/** Some registries' CVEs are all Unknown: the recommendation's severity then says more. */
function severityOf(own: Json | undefined, ofAll: Json | undefined): string {
  const said = text(own);
  return (said === undefined || said.toLowerCase() === 'unknown' ? (text(ofAll) ?? said) : said) ?? '';
}

/** As the older shape calls what is assessed. */
function assessedType({ placement, source }: Subject): string {
  if (placement === null) return 'ServerVulnerabilityTvm';
  return `${source === 'AWS' ? 'Aws' : source === 'GCP' ? 'Gcp' : source}ContainerRegistryVulnerability`;
}

function softwareDetails(additional: Json | undefined, entry: JsonObject, packageName: string, version: string): JsonObject {
  return present({
    packageName,
    version,
    fixedVersion: firstText(at(entry, 'FixedVersion'), at(additional, 'FixedVersion')),
    fixStatus: at(entry, 'FixStatus'),
    category: firstText(at(additional, 'PackageType')),
    language: firstText(at(additional, 'Language')),
    vendor: at(additional, 'SoftwareVendor'),
  });
}
