// Devices of Microsoft Entra ID, as document 002 maps them: its table row by row, in its order; what it calls required is.
import type { TransformMap } from '../map.ts';

export const devices: TransformMap = {
  name: 'entra-devices/devices',
  connector: 'entra-devices',
  stream: 'devices',
  class: 'host',
  document: '002',
  rows: [
    { from: 'id', to: 'asset.assetHeader.externalAssetId', required: true },
    { from: 'id', to: 'asset.assetHeader.vendorAssetId', required: true },
    { from: 'displayName', to: 'asset.assetDetail.name', required: true },
    { from: 'operatingSystem', to: 'asset.assetDetail.hostAssetClass.operatingSystem' },
    { from: 'operatingSystemVersion', to: 'asset.assetDetail.hostAssetClass.operatingSystemVersion' },
    { from: 'isCompliant', to: 'asset.assetDetail.untypedAttributes.entraDeviceIsCompliant' },
    { from: 'isManaged', to: 'asset.assetDetail.untypedAttributes.entraDeviceIsManaged' },
    { from: 'deviceId', to: 'asset.assetDetail.typedAttributes.entraDeviceId' },
    { from: 'trustType', to: 'asset.assetDetail.typedAttributes.entraDeviceTrustType' },
    { from: 'approximateLastSignInDateTime', to: 'asset.assetDetail.typedAttributes.entraDeviceLastSignIn' },
  ],
};
