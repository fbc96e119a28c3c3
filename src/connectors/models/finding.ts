// The target model of findings: the paths of the documents of document 004, a finding and the asset that it names.
import { asset, under } from './asset.ts';
import type { DataType, TargetModel } from './model.ts';

const finding: Readonly<Record<string, DataType>> = {
  id: 'string',
  externalFindingId: 'string',
  name: 'string',
  description: 'string',
  impact: 'string',
  severity: 'string',
  findingStatus: 'string',
  firstFoundOn: 'dateTime',
  lastFoundOn: 'dateTime',
  ingestedOn: 'dateTime',
  references: 'string[]',
  'remediation.remediationStrategy': 'string',
  'remediations[].description': 'string',
  'asset.externalAssetId': 'string',
  'asset.assetName': 'string',
  'product.cpePart': 'string',
  'product.name': 'string',
  'product.vendor': 'string',
  'product.version': 'string',
  'findingType.vulnerability.cveId': 'string',
  'findingType.vulnerability.cweIds': 'string[]',
  'findingType.misconfiguration.policy.type': 'string',
  'findingType.misconfiguration.policy.policyId': 'string[]',
  'findingType.misconfiguration.policy.title': 'string[]',
};

export const findingModel: TargetModel = {
  name: 'finding',
  title: 'Finding',
  fields: { ...under('findingGroup.findings[]', finding), ...under('asset', asset) },
};
