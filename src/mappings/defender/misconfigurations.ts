// Assessments that tell a misconfiguration, for the classes of assets that document 004 names.
import type { AssessedClass, Json, JsonObject } from '../../model.ts';
import { isObject } from '../read.ts';
import { assetTypeOf, sourceNamed } from './assetTypes.ts';
import { at, firstText, list, present, text } from './fields.ts';
import { assessmentKeyOf, findingPart, misconfigurationKey, resourceIdOf, resourceNameOf, statusOf } from './finding.ts';
import { type FromRow, normalise, type Normalised, refused } from './rows.ts';

/**
 * Sites of the web that are no functions give findings of the same resource type: which are is joined (`sites`), and the others left out. So are images of
 * Azure, which have no misconfigurations in document 004; of other clouds they have.
 */
export function misconfigurations(rows: readonly JsonObject[], joined: Readonly<Record<string, readonly JsonObject[]>>): Normalised {
  const functions = new Set((joined['sites'] ?? []).flatMap((site) => text(site['id'])?.toLowerCase() ?? []));
  const asked = rows.filter((row) => !isAzureImage(row) && siteIds(row).every((id) => functions.has(id)));
  return normalise(asked, fromRow);
}

/** The site of the web that a row is about. */
export function siteIds(row: JsonObject): string[] {
  const id = resourceIdOf(detailsOf(row));
  return azureClassOf(row) === 'serverless' && id !== undefined ? [id] : [];
}

const isAzureImage = (row: JsonObject): boolean => azureClassOf(row) === 'container-image';

const detailsOf = (row: JsonObject): Json | undefined => at(row, 'properties_resourceDetails') ?? at(row, 'properties', 'resourceDetails');

/** The class of a resource of Azure; of others none. */
function azureClassOf(row: JsonObject): AssessedClass | undefined {
  const details = detailsOf(row);
  const source = sourceNamed(text(at(details, 'Source')) ?? 'Azure');
  return source === 'Azure' ? assetTypeOf(source, text(at(details, 'ResourceType')) ?? '')?.class : undefined;
}

function fromRow(row: JsonObject, id: string): FromRow {
  const properties = at(row, 'properties');
  const details = at(properties, 'resourceDetails');
  if (!isObject(properties) || !isObject(details)) return refused('properties.resourceDetails is missing');
  const resourceId = resourceIdOf(details);
  if (resourceId === undefined) return refused('properties.resourceDetails names no resource');
  const assessmentKey = assessmentKeyOf(id) ?? text(row['name'])?.toLowerCase();
  if (assessmentKey === undefined) return refused('id names no assessment');
  const resourceType = text(at(details, 'ResourceType')) ?? '';
  const source = sourceNamed(text(at(details, 'Source')) ?? 'Azure');
  const type = assetTypeOf(source, resourceType);
  if (type === undefined) return refused('properties.resourceDetails.ResourceType is of no class of assets');
  const status = at(properties, 'status');
  const finding = findingPart({
    key: misconfigurationKey(resourceId, assessmentKey),
    kind: 'misconfiguration',
    assetClass: type.class,
    assetId: resourceId,
    assetType: type.name,
    source,
    status: statusOf(status),
    sourceSeverity: firstText(at(properties, 'metadata', 'severity'), at(status, 'severity')) ?? '',
    cve: null,
    cvss: null,
    exploit: null,
    at: firstText(at(status, 'statusChangeDate'), at(status, 'firstEvaluationDate'), at(properties, 'timeGenerated')) ?? null,
  });
  const object: JsonObject = {
    ...row,
    id,
    resourceId: row['id'] ?? null,
    assessmentKey,
    assetType: type.name,
    properties: { ...properties, resourceDetails: spelled(details, resourceId), statusPerInitiative: initiatives(properties) },
    finding,
  };
  return { objects: [object] };
}

/** As the document spells the keys. */
function spelled(details: JsonObject, resourceId: string): JsonObject {
  return present({
    NativeResourceId: resourceId,
    ResourceName: resourceNameOf(details),
    Source: at(details, 'Source'),
    ResourceType: at(details, 'ResourceType'),
    Id: at(details, 'Id'),
  });
}

/** By id: the source sends them in no order, and a finding that only changes places has not changed (decision 54). */
function initiatives(properties: JsonObject): JsonObject[] {
  const all = list(at(properties, 'statusPerInitiative')).flatMap((entry) => {
    const policyInitiativeId = text(at(entry, 'policyInitiativeId'));
    if (policyInitiativeId === undefined) return [];
    return [{ policyInitiativeId, policyInitiativeName: text(at(entry, 'policyInitiativeName')) ?? '' }];
  });
  return all.sort((a, b) => (a.policyInitiativeId < b.policyInitiativeId ? -1 : a.policyInitiativeId > b.policyInitiativeId ? 1 : 0));
}
