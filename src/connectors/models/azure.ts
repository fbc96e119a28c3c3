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
};

export const assessment: SourceModel = {
  name: 'microsoft.security/assessments',
  title: 'Assessment',
  docs: 'https://learn.microsoft.com/azure/templates/microsoft.security/assessments',
  fields: {
    ...finding,
    properties: 'object',
    'properties.displayName': 'string',
    'properties.metadata.assessmentType': 'string',
    'properties.metadata.description': 'string',
    'properties.metadata.remediationDescription': 'string',
    'properties.metadata.severity': 'string',
    'properties.resourceDetails.NativeResourceId': 'string',
    'properties.resourceDetails.ResourceName': 'string',
    'properties.resourceDetails.ResourceType': 'string',
    'properties.resourceDetails.Source': 'string',
    'properties.status.code': 'string',
    'properties.status.cause': 'string',
    'properties.status.firstEvaluationDate': 'dateTime',
    'properties.status.statusChangeDate': 'dateTime',
    'properties.statusPerInitiative[].policyInitiativeId': 'string',
    'properties.statusPerInitiative[].policyInitiativeName': 'string',
  },
};
