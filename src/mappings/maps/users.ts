// Users of Microsoft Entra ID, as document 000 maps them: its table row by row, in its order; what is ours stands below and says so.
import type { MapFunction, MapRow, TransformMap } from '../map.ts';

const status: MapFunction = { name: 'LOOKUP', table: { true: 'ACTIVE', false: 'INACTIVE' }, otherwise: 'UNKNOWN' };
const group = '#microsoft.graph.group';
const directoryRole = '#microsoft.graph.directoryRole';
const ownAssignment = '#microsoft.graph.appRoleAssignment';
// Our word, not Microsoft's: an assignment of a group that the user is a direct member of.
const inheritedAssignment = '#tidemark.inheritedAppRoleAssignment';

const documented: readonly MapRow[] = [
  { from: 'userPrincipalName', to: 'asset.assetHeader.externalAssetId' },
  { from: 'id', to: 'asset.assetHeader.vendorAssetId' },
  { from: 'accountEnabled', to: 'asset.assetHeader.status', fn: status },
  { from: 'id', to: 'asset.assetDetail.userAssetClass.id' },
  { from: 'displayName', to: 'asset.assetDetail.userAssetClass.name' },
  { from: 'displayName', to: 'asset.assetDetail.name' },
  { from: 'accountEnabled', to: 'asset.assetDetail.userAssetClass.status', fn: status },
  { from: 'mail', to: 'asset.assetDetail.userAssetClass.email' },
  { from: 'givenName', to: 'asset.assetDetail.userAssetClass.firstName' },
  { from: 'surname', to: 'asset.assetDetail.userAssetClass.lastName' },
  { from: 'displayName', to: 'asset.assetDetail.userAssetClass.displayName' },
  { from: 'mobilePhone', to: 'asset.assetDetail.userAssetClass.phone' },
  { from: 'jobTitle', to: 'asset.assetDetail.userAssetClass.jobTitle' },
  { from: 'lastPasswordChangeDateTime', to: 'asset.assetDetail.userAssetClass.passwordLastChangedAt' },
  { from: 'streetAddress', to: 'asset.assetDetail.userAssetClass.currentAddress.streetAddress' },
  { from: 'state', to: 'asset.assetDetail.userAssetClass.currentAddress.state' },
  { from: 'city', to: 'asset.assetDetail.userAssetClass.currentAddress.city' },
  { from: 'country', to: 'asset.assetDetail.userAssetClass.currentAddress.country' },
  { from: 'postalCode', to: 'asset.assetDetail.userAssetClass.currentAddress.isoCode' },
  { from: 'appRoleAssignments.value[].id', to: 'asset.assetDetail.userAssetClass.permissions[].id', type: ownAssignment },
  {
    from: 'appRoleAssignments.value[].principalDisplayName',
    to: 'asset.assetDetail.userAssetClass.permissions[].name',
    type: ownAssignment,
  },
  {
    from: 'appRoleAssignments.value[].resourceDisplayName',
    to: 'asset.assetDetail.userAssetClass.permissions[].resource',
    type: ownAssignment,
  },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.externalAssetId', type: group },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.vendorAssetId', type: group },
  { from: 'memberOf.value[].uniqueName', to: 'asset.assetRelations[].assetHeader.name', type: group },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetDetail.groupAssetClass.id', type: group },
  { from: 'memberOf.value[].uniqueName', to: 'asset.assetRelations[].assetDetail.groupAssetClass.name', type: group },
  { from: 'memberOf.value[].displayName', to: 'asset.assetRelations[].assetDetail.groupAssetClass.displayName', type: group },
  { from: 'memberOf.value[].visibility', to: 'asset.assetRelations[].assetDetail.groupAssetClass.visibility', type: group },
  { from: 'memberOf.value[].description', to: 'asset.assetRelations[].assetDetail.groupAssetClass.description', type: group },
];

// Off until a cloned map turns them on: a user's roles, the assignments of its direct groups, and properties the document does not name.
const ours: readonly MapRow[] = [
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.externalAssetId', type: directoryRole, ours: true, off: true },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetHeader.vendorAssetId', type: directoryRole, ours: true, off: true },
  { from: 'memberOf.value[].displayName', to: 'asset.assetRelations[].assetDetail.name', type: directoryRole, ours: true, off: true },
  { from: 'memberOf.value[].id', to: 'asset.assetRelations[].assetDetail.roleAssetClass.id', type: directoryRole, ours: true, off: true },
  {
    from: 'memberOf.value[].description',
    to: 'asset.assetRelations[].assetDetail.roleAssetClass.description',
    type: directoryRole,
    ours: true,
    off: true,
  },
  {
    from: 'memberOf.value[].displayName',
    to: 'asset.assetRelations[].assetDetail.roleAssetClass.displayName',
    type: directoryRole,
    ours: true,
    off: true,
  },
  {
    from: 'memberOf.value[].displayName',
    to: 'asset.assetRelations[].assetDetail.roleAssetClass.name',
    type: directoryRole,
    ours: true,
    off: true,
  },
  {
    from: 'appRoleAssignments.value[].id',
    to: 'asset.assetDetail.userAssetClass.permissions[].id',
    type: inheritedAssignment,
    ours: true,
    off: true,
  },
  {
    from: 'appRoleAssignments.value[].principalDisplayName',
    to: 'asset.assetDetail.userAssetClass.permissions[].name',
    type: inheritedAssignment,
    ours: true,
    off: true,
  },
  {
    from: 'appRoleAssignments.value[].resourceDisplayName',
    to: 'asset.assetDetail.userAssetClass.permissions[].resource',
    type: inheritedAssignment,
    ours: true,
    off: true,
  },
  { from: 'userType', to: 'asset.assetDetail.userAssetClass.userType', ours: true, off: true },
  { from: 'createdDateTime', to: 'asset.assetDetail.userAssetClass.createdDateTime', ours: true, off: true },
  { from: 'employeeId', to: 'asset.assetDetail.userAssetClass.employeeId', ours: true, off: true },
  { from: 'department', to: 'asset.assetDetail.userAssetClass.department', ours: true, off: true },
  { from: 'onPremisesSyncEnabled', to: 'asset.assetDetail.userAssetClass.onPremisesSyncEnabled', ours: true, off: true },
];

export const users: TransformMap = {
  name: 'entra-identity/users',
  connector: 'entra-identity',
  stream: 'users',
  class: 'user',
  document: '000',
  rows: [...documented, ...ours],
};
