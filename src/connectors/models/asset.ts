// The target model of assets: the paths of the documents that search results, exports and other systems read.
import type { DataType, TargetModel } from './model.ts';

const under = (prefix: string, fields: Readonly<Record<string, DataType>>): Record<string, DataType> =>
  Object.fromEntries(Object.entries(fields).map(([name, type]) => [`${prefix}.${name}`, type]));

const header: Readonly<Record<string, DataType>> = { externalAssetId: 'string', vendorAssetId: 'string', name: 'string', status: 'string' };

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

const detail: Readonly<Record<string, DataType>> = {
  name: 'string',
  ...under('userAssetClass', user),
  ...under('groupAssetClass', group),
  ...under('roleAssetClass', role),
  ...under('hostAssetClass', host),
  // What the model does not name goes here, as the source has it.
  'typedAttributes.*': 'string',
  'untypedAttributes.*': 'object',
};

const asset: Readonly<Record<string, DataType>> = { ...under('assetHeader', header), ...under('assetDetail', detail) };

export const assetModel: TargetModel = {
  name: 'asset',
  title: 'Asset',
  fields: { ...under('asset', asset), ...under('asset.assetRelations[]', asset) },
};
