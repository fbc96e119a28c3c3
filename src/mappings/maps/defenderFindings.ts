// Findings of Defender for Cloud as document 004 maps them: its tables row by row, in its order. A document is one finding, so `findings[]` and
// `findings[0]` are the same element. Policies are lists (decision 54): the document's two rows of them end in `[]` here.
import type { MapRow, TransformMap } from '../map.ts';

const misconfigurationRows: readonly MapRow[] = [
  { from: 'asset_root (assetType)', to: 'asset.assetHeader.assetTypeName' },
  { from: 'id', to: 'findingGroup.findings[].externalFindingId' },
  { from: 'properties.displayName', to: 'findingGroup.findings[].name' },
  { from: 'properties.metadata.assessmentType', to: 'findingGroup.findings[].findingType.misconfiguration.policy.type' },
  { from: 'properties.metadata.description', to: 'findingGroup.findings[].description' },
  { from: 'properties.metadata.remediationDescription', to: 'findingGroup.findings[].remediation.remediationStrategy' },
  { from: 'properties.metadata.severity', to: 'findingGroup.findings[].severity' },
  { from: 'properties.resourceDetails.NativeResourceId', to: 'findingGroup.findings[].asset.externalAssetId' },
  { from: 'properties.resourceDetails.NativeResourceId', to: 'asset.assetHeader.externalAssetId' },
  { from: 'properties.resourceDetails.NativeResourceId', to: 'asset.assetHeader.vendorAssetId' },
  { from: 'properties.resourceDetails.ResourceName', to: 'findingGroup.findings[].asset.assetName' },
  { from: 'properties.resourceDetails.ResourceName', to: 'asset.assetDetail.name' },
  { from: 'properties.status.code', to: 'findingGroup.findings[].findingStatus' },
  { from: 'properties.status.firstEvaluationDate', to: 'findingGroup.findings[].firstFoundOn' },
  { from: 'properties.status.statusChangeDate', to: 'findingGroup.findings[].lastFoundOn' },
  {
    from: 'properties.statusPerInitiative[].policyInitiativeId',
    to: 'findingGroup.findings[0].findingType.misconfiguration.policy.policyId[]',
  },
  {
    from: 'properties.statusPerInitiative[].policyInitiativeName',
    to: 'findingGroup.findings[0].findingType.misconfiguration.policy.title[]',
  },
];

const misconfigurationMap = {
  connector: 'defender-for-cloud',
  stream: 'misconfigurations',
  class: 'misconfiguration',
  document: '004',
  rows: misconfigurationRows,
} as const;

/** Of virtual machines: the document's table COMPUTE. */
export const compute: TransformMap = { name: 'defender-for-cloud/compute', ...misconfigurationMap };

export const misconfigurations: TransformMap = { name: 'defender-for-cloud/misconfigurations', ...misconfigurationMap };

export const imageVulnerabilities: TransformMap = {
  name: 'defender-for-cloud/image-vulnerabilities',
  connector: 'defender-for-cloud',
  stream: 'vulnerabilities',
  class: 'vulnerability',
  document: '004',
  rows: [
    { from: 'assessmentKey', to: 'findingGroup.findings[].externalFindingId' },
    { from: 'id', to: 'findingGroup.findings[].id' },
    { from: 'properties.additionalData.artifactDetails.digest', to: 'findingGroup.findings[].asset.externalAssetId' },
    { from: 'properties.additionalData.vulnerabilityDetails.cpe.part', to: 'findingGroup.findings[].product.cpePart' },
    { from: 'properties.additionalData.vulnerabilityDetails.cpe.product', to: 'findingGroup.findings[].product.name' },
    { from: 'properties.additionalData.vulnerabilityDetails.cpe.vendor', to: 'findingGroup.findings[].product.vendor' },
    { from: 'properties.additionalData.vulnerabilityDetails.cpe.version', to: 'findingGroup.findings[].product.version' },
    { from: 'properties.additionalData.vulnerabilityDetails.cveId', to: 'findingGroup.findings[].findingType.vulnerability.cveId' },
    { from: 'properties.additionalData.vulnerabilityDetails.lastModifiedDate', to: 'findingGroup.findings[].lastFoundOn' },
    { from: 'properties.additionalData.vulnerabilityDetails.references[].link', to: 'findingGroup.findings[0].references[]' },
    {
      from: 'properties.additionalData.vulnerabilityDetails.weaknesses.cwe[].id',
      to: 'findingGroup.findings[0].findingType.vulnerability.cweIds[]',
    },
    { from: 'properties.description', to: 'findingGroup.findings[].description' },
    { from: 'properties.displayName', to: 'findingGroup.findings[].name' },
    { from: 'properties.impact', to: 'findingGroup.findings[].impact' },
    { from: 'properties.remediation', to: 'findingGroup.findings[].remediations[].description' },
    { from: 'properties.resourceDetails.ResourceName', to: 'findingGroup.findings[].asset.assetName' },
    { from: 'properties.status.severity', to: 'findingGroup.findings[].severity' },
    { from: 'properties.timeGenerated', to: 'findingGroup.findings[].ingestedOn' },
  ],
};

/** Of virtual machines: ours, for the document's table of them repeats that of misconfigurations. */
export const machineVulnerabilities: TransformMap = {
  name: 'defender-for-cloud/vm-vulnerabilities',
  connector: 'defender-for-cloud',
  stream: 'vulnerabilities',
  class: 'vulnerability',
  rows: [
    { from: 'asset_root (assetType)', to: 'asset.assetHeader.assetTypeName' },
    { from: 'id', to: 'findingGroup.findings[].externalFindingId' },
    { from: 'id', to: 'findingGroup.findings[].id' },
    { from: 'properties.resourceDetails.id', to: 'findingGroup.findings[].asset.externalAssetId' },
    { from: 'properties.resourceDetails.id', to: 'asset.assetHeader.externalAssetId' },
    { from: 'properties.resourceDetails.id', to: 'asset.assetHeader.vendorAssetId' },
    { from: 'properties.resourceDetails.ResourceName', to: 'findingGroup.findings[].asset.assetName' },
    { from: 'properties.resourceDetails.ResourceName', to: 'asset.assetDetail.name' },
    { from: 'properties.additionalData.softwareDetails.packageName', to: 'findingGroup.findings[].product.name' },
    { from: 'properties.additionalData.softwareDetails.vendor', to: 'findingGroup.findings[].product.vendor' },
    { from: 'properties.additionalData.softwareDetails.version', to: 'findingGroup.findings[].product.version' },
    { from: 'properties.additionalData.vulnerabilityDetails.cveId', to: 'findingGroup.findings[].findingType.vulnerability.cveId' },
    { from: 'properties.additionalData.vulnerabilityDetails.references[].link', to: 'findingGroup.findings[0].references[]' },
    {
      from: 'properties.additionalData.vulnerabilityDetails.weaknesses.cwe[].id',
      to: 'findingGroup.findings[0].findingType.vulnerability.cweIds[]',
    },
    { from: 'properties.description', to: 'findingGroup.findings[].description' },
    { from: 'properties.displayName', to: 'findingGroup.findings[].name' },
    { from: 'properties.impact', to: 'findingGroup.findings[].impact' },
    { from: 'properties.remediation', to: 'findingGroup.findings[].remediations[].description' },
    { from: 'properties.status.code', to: 'findingGroup.findings[].findingStatus' },
    { from: 'properties.status.severity', to: 'findingGroup.findings[].severity' },
    { from: 'properties.timeGenerated', to: 'findingGroup.findings[].lastFoundOn' },
    { from: 'properties.timeGenerated', to: 'findingGroup.findings[].ingestedOn' },
  ],
};
