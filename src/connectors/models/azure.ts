// The source models of Azure Resource Graph: rows as their normalisers give them (decisions 48 and 49).
import type { DataType, SourceModel } from './model.ts';

const resource: Readonly<Record<string, DataType>> = {
  id: 'string',
  resourceId: 'string',
  name: 'string',
  type: 'string',
  tenantId: 'string',
  location: 'string',
  resourceGroup: 'string',
  subscriptionId: 'string',
  zones: 'string[]',
  tags: 'object',
  externalTags: 'object[]',
};

export const virtualMachine: SourceModel = {
  name: 'microsoft.compute/virtualmachines',
  title: 'Virtual machine',
  docs: 'https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachines',
  fields: {
    ...resource,
    properties: 'object',
    'properties.timeCreated': 'dateTime',
    'properties.vmId': 'string',
    'properties.osProfile.computerName': 'string',
    'properties.storageProfile.osDisk.osType': 'string',
    'properties.storageProfile.imageReference.publisher': 'string',
    'properties.storageProfile.imageReference.sku': 'string',
    osDiskId: 'string',
    primaryNetworkInterface: 'object',
    'primaryNetworkInterface.nicId': 'string',
    'primaryNetworkInterface.nicProperties.macAddress': 'string',
    'primaryNetworkInterface.publicIpProperties.ipAddress': 'string',
  },
};

export const containerImage: SourceModel = {
  name: 'container-image',
  title: 'Container image: what findings and its registry say of it',
  docs: 'https://learn.microsoft.com/azure/defender-for-cloud/subassessment-rest-api',
  fields: {
    id: 'string',
    tenantId: 'string',
    subscriptionId: 'string',
    location: 'string',
    zones: 'string[]',
    externalTags: 'object[]',
    properties: 'object',
    'properties.resourceDetails.source': 'string',
    'properties.additionalData.artifactDetails.repositoryName': 'string',
    'properties.additionalData.artifactDetails.registryHost': 'string',
    'properties.additionalData.artifactDetails.digest': 'string',
    'properties.additionalData.artifactDetails.tags': 'string[]',
    imageTag: 'string',
    imageTagReferences: 'string[]',
    imageConfigV2: 'object',
    'imageConfigV2.os': 'string',
    'imageConfigV2.architecture': 'string',
    'imageConfigV2.created': 'dateTime',
    'imageConfigV2.history[].size': 'number',
    'imageConfigV2.history[].digest': 'string',
    'imageConfigV2.history[].created_by': 'string',
  },
};

export const containerInstance: SourceModel = {
  name: 'microsoft.containerinstance/containergroups',
  title: 'Container of a container group',
  docs: 'https://learn.microsoft.com/azure/templates/microsoft.containerinstance/containergroups',
  fields: {
    ...resource,
    groupId: 'string',
    managedBy: 'string',
    imageName: 'string',
    imageRegistry: 'string',
    imageTagOrDigest: 'string',
    properties: 'object',
    'properties.container.name': 'string',
    'properties.container.properties.image': 'string',
    'properties.container.properties.instanceView.currentState.state': 'string',
    'properties.container.properties.ports[].port': 'number',
    'properties.container.properties.ports[].protocol': 'string',
    'properties.container.properties.environmentVariables': 'object[]',
  },
};

export const functionApp: SourceModel = {
  name: 'microsoft.web/sites',
  title: 'Function app',
  docs: 'https://learn.microsoft.com/azure/templates/microsoft.web/sites',
  fields: { ...resource, kind: 'string', properties: 'object', 'properties.name': 'string', 'properties.state': 'string' },
};

const finding: Readonly<Record<string, DataType>> = {
  id: 'string',
  resourceId: 'string',
  name: 'string',
  tenantId: 'string',
  location: 'string',
  resourceGroup: 'string',
  subscriptionId: 'string',
  assessmentKey: 'string',
  assetType: 'string',
  finding: 'object',
  'finding.assetClass': 'string',
  'finding.assetId': 'string',
  'finding.source': 'string',
  'finding.status': 'string',
  properties: 'object',
  'properties.displayName': 'string',
  'properties.resourceDetails.ResourceName': 'string',
  'properties.status.code': 'string',
  'properties.status.cause': 'string',
};

/** What both kinds of findings have: of it the asset is made that only they name. */
export const namedResource: SourceModel = {
  name: 'resource',
  title: 'Resource that only findings name',
  docs: 'https://learn.microsoft.com/azure/templates/microsoft.security/assessments',
  fields: finding,
};

export const vulnerability: SourceModel = {
  name: 'microsoft.security/assessments/subassessments',
  title: 'Vulnerability: one CVE of a package on a resource',
  docs: 'https://learn.microsoft.com/azure/defender-for-cloud/subassessment-rest-api',
  fields: {
    ...finding,
    covers: 'string',
    today: 'object',
    'properties.description': 'string',
    'properties.impact': 'string',
    'properties.remediation': 'string',
    'properties.timeGenerated': 'dateTime',
    'properties.status.severity': 'string',
    'properties.resourceDetails.id': 'string',
    'properties.resourceDetails.source': 'string',
    'properties.additionalData.artifactDetails.repositoryName': 'string',
    'properties.additionalData.artifactDetails.registryHost': 'string',
    'properties.additionalData.artifactDetails.digest': 'string',
    'properties.additionalData.softwareDetails.packageName': 'string',
    'properties.additionalData.softwareDetails.vendor': 'string',
    'properties.additionalData.softwareDetails.version': 'string',
    'properties.additionalData.softwareDetails.fixedVersion': 'string',
    'properties.additionalData.vulnerabilityDetails.cveId': 'string',
    'properties.additionalData.vulnerabilityDetails.severity': 'string',
    'properties.additionalData.vulnerabilityDetails.publishedDate': 'dateTime',
    'properties.additionalData.vulnerabilityDetails.lastModifiedDate': 'dateTime',
    'properties.additionalData.vulnerabilityDetails.references[].link': 'string',
    'properties.additionalData.vulnerabilityDetails.weaknesses.cwe[].id': 'string',
    'properties.additionalData.vulnerabilityDetails.cpe.part': 'string',
    'properties.additionalData.vulnerabilityDetails.cpe.product': 'string',
    'properties.additionalData.vulnerabilityDetails.cpe.vendor': 'string',
    'properties.additionalData.vulnerabilityDetails.cpe.version': 'string',
  },
};

export const assessment: SourceModel = {
  name: 'microsoft.security/assessments',
  title: 'Assessment',
  docs: 'https://learn.microsoft.com/azure/templates/microsoft.security/assessments',
  fields: {
    ...finding,
    'properties.metadata.assessmentType': 'string',
    'properties.metadata.description': 'string',
    'properties.metadata.remediationDescription': 'string',
    'properties.metadata.severity': 'string',
    'properties.resourceDetails.NativeResourceId': 'string',
    'properties.resourceDetails.ResourceType': 'string',
    'properties.resourceDetails.Source': 'string',
    'properties.status.firstEvaluationDate': 'dateTime',
    'properties.status.statusChangeDate': 'dateTime',
    'properties.statusPerInitiative[].policyInitiativeId': 'string',
    'properties.statusPerInitiative[].policyInitiativeName': 'string',
  },
};
