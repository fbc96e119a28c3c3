// Groups of Microsoft Entra ID, as document 000 maps them: its table row by row, in its order; what is ours stands below and says so.
import type { MapRow, TransformMap } from '../map.ts';

const group = '#microsoft.graph.group';
const directoryRole = '#microsoft.graph.directoryRole';

const documented: readonly MapRow[] = [
  { from: 'id', to: 'asset.assetHeader.externalAssetId' },
  { from: 'id', to: 'asset.assetHeader.vendorAssetId' },
  { from: 'displayName', to: 'asset.assetDetail.name' },
  { from: 'id', to: 'asset.assetDetail.groupAssetClass.id' },
  { from: 'displayName', to: 'asset.assetDetail.groupAssetClass.name' },
  { from: 'displayName', to: 'asset.assetDetail.groupAssetClass.displayName' },
  { from: 'visibility', to: 'asset.assetDetail.groupAssetClass.visibility' },
  { from: 'description', to: 'asset.assetDetail.groupAssetClass.description' },
  { from: 'appRoleAssignments.value[].id', to: 'asset.assetDetail.groupAssetClass.permissions[].id' },
  { from: 'appRoleAssignments.value[].principalDisplayName', to: 'asset.assetDetail.groupAssetClass.permissions[].name' },
  { from: 'appRoleAssignments.value[].resourceDisplayName', to: 'asset.assetDetail.groupAssetClass.permissions[].resource' },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.externalAssetId', type: directoryRole },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.vendorAssetId', type: directoryRole },
  { from: 'memberOf.value[].displayName', to: 'asset.assetRelations[].assetDetail.name', type: directoryRole },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetDetail.roleAssetClass.id', type: directoryRole },
  { from: 'memberOf.value[].description', to: 'asset.assetRelations[].assetDetail.roleAssetClass.description', type: directoryRole },
  { from: 'memberOf.value[].displayName', to: 'asset.assetRelations[].assetDetail.roleAssetClass.displayName', type: directoryRole },
  { from: 'memberOf.value[].displayName', to: 'asset.assetRelations[].assetDetail.roleAssetClass.name', type: directoryRole },
];

// Off until a cloned map turns them on: a group's parent groups, and properties the document does not name (decisions 33 and 35).
const ours: readonly MapRow[] = [
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.externalAssetId', type: group, ours: true, off: true },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.vendorAssetId', type: group, ours: true, off: true },
  { from: 'memberOf.value[].uniqueName', to: 'asset.assetRelations[].assetHeader.name', type: group, ours: true, off: true },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetDetail.groupAssetClass.id', type: group, ours: true, off: true },
  {
    from: 'memberOf.value[].uniqueName',
    to: 'asset.assetRelations[].assetDetail.groupAssetClass.name',
    type: group,
    ours: true,
    off: true,
  },
  {
    from: 'memberOf.value[].displayName',
    to: 'asset.assetRelations[].assetDetail.groupAssetClass.displayName',
    type: group,
    ours: true,
    off: true,
  },
  {
    from: 'memberOf.value[].visibility',
    to: 'asset.assetRelations[].assetDetail.groupAssetClass.visibility',
    type: group,
    ours: true,
    off: true,
  },
  {
    from: 'memberOf.value[].description',
    to: 'asset.assetRelations[].assetDetail.groupAssetClass.description',
    type: group,
    ours: true,
    off: true,
  },
  { from: 'groupTypes', to: 'asset.assetDetail.groupAssetClass.groupTypes[]', ours: true, off: true },
  { from: 'securityEnabled', to: 'asset.assetDetail.groupAssetClass.securityEnabled', ours: true, off: true },
  { from: 'mailEnabled', to: 'asset.assetDetail.groupAssetClass.mailEnabled', ours: true, off: true },
];

export const groups: TransformMap = {
  name: 'entra-identity/groups',
  connector: 'entra-identity',
  stream: 'groups',
  class: 'group',
  document: '000',
  rows: [...documented, ...ours],
};
