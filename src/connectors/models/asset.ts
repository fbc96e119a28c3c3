// The target model of assets: the paths of the documents that search results, exports and other systems read.
import type { DataType, TargetModel } from './model.ts';

export const under = (prefix: string, fields: Readonly<Record<string, DataType>>): Record<string, DataType> =>
  Object.fromEntries(Object.entries(fields).map(([name, type]) => [`${prefix}.${name}`, type]));

const header: Readonly<Record<string, DataType>> = {
  externalAssetId: 'string',
  vendorAssetId: 'string',
  assetTypeName: 'string',
  name: 'string',
  status: 'string',
};

const user: Readonly<Record<string, DataType>> = {
  id: 'string',
  name: 'string',
  displayName: 'string',
  firstName: 'string',
  lastName: 'string',
  email: 'string',
  phone: 'string',
  jobTitle: 'string',
  department: 'string',
  employeeId: 'string',
  userType: 'string',
  status: 'string',
  createdDateTime: 'dateTime',
  passwordLastChangedAt: 'dateTime',
  onPremisesSyncEnabled: 'boolean',
  'currentAddress.streetAddress': 'string',
  'currentAddress.city': 'string',
  'currentAddress.state': 'string',
  'currentAddress.country': 'string',
  'currentAddress.isoCode': 'string',
  'permissions[].id': 'string',
  'permissions[].name': 'string',
  'permissions[].resource': 'string',
};

const group: Readonly<Record<string, DataType>> = {
  id: 'string',
  name: 'string',
  displayName: 'string',
  description: 'string',
  visibility: 'string',
  groupTypes: 'string[]',
  securityEnabled: 'boolean',
  mailEnabled: 'boolean',
  'permissions[].id': 'string',
  'permissions[].name': 'string',
  'permissions[].resource': 'string',
};

const role: Readonly<Record<string, DataType>> = { id: 'string', name: 'string', displayName: 'string', description: 'string' };

const host: Readonly<Record<string, DataType>> = { operatingSystem: 'string', operatingSystemVersion: 'string' };

const cloud: Readonly<Record<string, DataType>> = {
  provider: 'string',
  tenantId: 'string',
  accountId: 'string',
  region: 'string',
  availabilityZone: 'string[]',
};

const cloudInstance: Readonly<Record<string, DataType>> = {
  id: 'string',
  imageId: 'string',
  hostname: 'string',
  resourceGroupName: 'string',
  publicIpv4Address: 'string',
  macAddress: 'string',
  networkInterfaceId: 'string',
};

const containerImage: Readonly<Record<string, DataType>> = {
  name: 'string',
  repository: 'string',
  registry: 'string',
  digest: 'string',
  tag: 'string',
  imageTagReferences: 'string[]',
  creationDate: 'dateTime',
  architecture: 'string',
  'layers[].sizeInBytes': 'number',
  'layers[].digest': 'string',
  'layers[].createdBy': 'string',
};

const containerInstance: Readonly<Record<string, DataType>> = {
  status: 'string',
  'ports[].containerPort': 'number',
  'ports[].protocol': 'string',
  'image.name': 'string',
  'image.tag': 'string',
  'image.registry': 'string',
  environmentVariables: 'object',
};

const detail: Readonly<Record<string, DataType>> = {
  name: 'string',
  hostname: 'string',
  'hostIdentity.hostname': 'string',
  sourceCreatedAt: 'dateTime',
  externalTags: 'object[]',
  'businessInfo.managedBy': 'string',
  ...under('cloudInfo', cloud),
  ...under('operatingSystem', { name: 'string', publisher: 'string', version: 'string' }),
  ...under('computeAssetClass.cloudInstance', cloudInstance),
  ...under('containerImageAssetClass', containerImage),
  ...under('containerInstanceAssetClass', containerInstance),
  ...under('serverlessAssetClass', { functionName: 'string' }),
  ...under('userAssetClass', user),
  ...under('groupAssetClass', group),
  ...under('roleAssetClass', role),
  ...under('hostAssetClass', host),
  // What the model does not name goes here, as the source has it.
  'typedAttributes.*': 'string',
  'untypedAttributes.*': 'object',
};

export const asset: Readonly<Record<string, DataType>> = { ...under('assetHeader', header), ...under('assetDetail', detail) };

export const assetModel: TargetModel = {
  name: 'asset',
  title: 'Asset',
  fields: { ...under('asset', asset), ...under('asset.assetRelations[]', asset) },
};
