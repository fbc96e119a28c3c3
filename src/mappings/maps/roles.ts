// Roles of Microsoft Entra ID, as document 000 maps them: its table row by row, in its order.
import type { TransformMap } from '../map.ts';

export const roles: TransformMap = {
  name: 'entra-identity/roles',
  connector: 'entra-identity',
  stream: 'roles',
  class: 'role',
  document: '000',
  rows: [
    { from: 'id', to: 'asset.assetHeader.externalAssetId' },
    { from: 'id', to: 'asset.assetHeader.vendorAssetId' },
    // The document looks up accountEnabled, which role definitions do not have: theirs is isEnabled.
    {
      from: 'accountEnabled',
      orFrom: 'isEnabled',
      to: 'asset.assetHeader.status',
      fn: { name: 'LOOKUP', table: { true: 'ACTIVE' }, otherwise: 'UNKNOWN' },
    },
    { from: 'displayName', to: 'asset.assetDetail.name' },
    { from: 'id', to: 'asset.assetDetail.roleAssetClass.id' },
    { from: 'displayName', to: 'asset.assetDetail.roleAssetClass.name' },
    { from: 'displayName', to: 'asset.assetDetail.roleAssetClass.displayName' },
    { from: 'description', to: 'asset.assetDetail.roleAssetClass.description' },
  ],
};
