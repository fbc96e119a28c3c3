// Recommendations in today's shape: a package to update on a resource, with its CVEs; and all others, which are misconfigurations.
// https://learn.microsoft.com/azure/defender-for-cloud/transition-grouped-individual-recommendations
import type { JsonObject } from '../../src/model.ts';
import { assessments, changeOf, packageKey, packageSalt, rowOf, statusOf, type Writer } from './assessmentRow.ts';
import { cvesOf, packageAt } from './packages.ts';
import type { Slot } from './strands.ts';
import type { Subject, Subjects } from './subjects.ts';

/** One row for a package of a resource, with all its CVEs. */
export function softwareSlot(writer: Writer, pack: number): Slot {
  const { name, version, fixedVersion, type, language } = packageAt(pack);
  const key = packageKey(pack);
  const assessment = `${pack.toString(16).padStart(8, '0')}-5af7-4000-8000-0000000${pack.toString(16).padStart(5, '0')}`;
  const severity = ['High', 'Medium', 'Low', 'Critical'][pack % 4] ?? 'High';
  const fixed = fixedOf(writer, assessment, { severity, recommendationCategory: 'SoftwareUpdate' });
  return {
    key,
    fixed,
    row(resource) {
      const subject = writer.subjects.of(resource);
      const change = changeOf(writer, key, resource);
      const status = statusOf(writer, packageSalt(pack), resource, change);
      const cves = cvesOf(writer.places.shape, pack, change.moreCves);
      const open = status['code'] === 'Unhealthy';
      return rowOf(writer.places, subject, `${subject.prefix}/providers/Microsoft.Security/assessments/${assessment}`, assessments, {
        displayName: `Update ${name}`,
        status,
        metadata: {
          severity,
          recommendationCategory: 'SoftwareUpdate',
          assessmentType: 'BuiltIn',
          description: `Defender for Cloud found vulnerabilities in ${name}.`,
          remediationDescription: `Update ${name} to version ${fixedVersion === '' ? 'that mends it, when there is one' : fixedVersion}.`,
        },
        resourceDetails: detailsOf(writer.subjects, subject),
        ...(subject.additional === null ? {} : { resourceAdditionalData: JSON.stringify(subject.additional) }),
        additionalData: {
          SoftwareName: name,
          PackageType: type,
          Language: language,
          FixedVersion: fixedVersion,
          DetectedSoftwareVersions: version,
          ...(open
            ? {
                MaxCvssScore: '9.8',
                ScannersDetails: {
                  mdvm: {
                    FixedVersion: fixedVersion,
                    DetectedSoftwareVersions: [version],
                    CvesIds: cves.map(({ CveId }) => CveId ?? null),
                  },
                },
                // Mostly text of JSON; a list for some.
                CvesDetails: pack % 7 === 3 ? cves : JSON.stringify(cves),
              }
            : {}),
        },
      });
    },
  };
}

/** Any other recommendation. */
export function misconfigurationSlot(writer: Writer, rule: number): Slot {
  const key = `rule ${rule}`;
  const assessment = `f${rule.toString(16).padStart(7, '0')}-0fc6-4000-8000-000000000000`;
  const severity = ['Medium', 'High', 'Low'][rule % 3] ?? 'Low';
  return {
    key,
    fixed: fixedOf(writer, assessment, { severity, recommendationCategory: 'ResourceHardening' }),
    row(resource) {
      const subject = writer.subjects.of(resource);
      return rowOf(writer.places, subject, `${subject.prefix}/providers/Microsoft.Security/assessments/${assessment}`, assessments, {
        displayName: `Rule ${rule} should be kept`,
        status: statusOf(writer, 8_000 + rule, resource, changeOf(writer, key, resource)),
        metadata: {
          severity,
          recommendationCategory: 'ResourceHardening',
          assessmentType: 'BuiltIn',
          description: `Rule ${rule} keeps resources from harm.`,
          remediationDescription: `Do what rule ${rule} says.`,
        },
        resourceDetails: detailsOf(writer.subjects, subject),
        statusPerInitiative: Array.from({ length: (resource + rule) % 4 }, (_, initiative) => ({
          policyInitiativeId: `/providers/microsoft.authorization/policysetdefinitions/initiative-${(initiative * 7 + rule) % 10}`,
          policyInitiativeName: `Initiative ${(initiative * 7 + rule) % 10}`,
          assessmentStatus: { code: 'Unhealthy' },
        })),
      });
    },
  };
}

function fixedOf({ subjects }: Writer, name: string, metadata: JsonObject): JsonObject {
  const { resourceType, source } = subjects;
  return { type: assessments, name, properties: { metadata, resourceDetails: { Source: source, ResourceType: resourceType } } };
}

function detailsOf({ source, resourceType }: Subjects, { id, nativeId, name }: Subject): JsonObject {
  return {
    Source: source,
    ResourceType: resourceType,
    ResourceName: name,
    Id: id,
    NativeResourceId: nativeId,
    ResourceProvider: resourceType.split('/')[0] ?? '',
  };
}
