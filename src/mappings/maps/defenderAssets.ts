// Cloud resources as document 004 maps them: its tables row by row, in its order.
import type { TransformMap } from '../map.ts';

export const virtualMachines: TransformMap = {
  name: 'defender-for-cloud/virtual-machines',
  connector: 'defender-for-cloud',
  stream: 'virtual-machines',
  class: 'host',
  document: '004',
  rows: [
    { from: 'id', to: 'asset.assetHeader.externalAssetId' },
    { from: 'name', to: 'asset.assetDetail.name' },
    { from: 'name', to: 'asset.assetDetail.hostIdentity.hostname' },
    { from: 'name', to: 'asset.assetDetail.hostname' },
    { from: 'tenantId', to: 'asset.assetDetail.cloudInfo.tenantId' },
    { from: 'location', to: 'asset.assetDetail.cloudInfo.region' },
    { from: 'resourceGroup', to: 'asset.assetDetail.computeAssetClass.cloudInstance.resourceGroupName' },
    { from: 'subscriptionId', to: 'asset.assetDetail.cloudInfo.accountId' },
    { from: 'properties.timeCreated', to: 'asset.assetDetail.sourceCreatedAt' },
    { from: 'osDiskId', to: 'asset.assetDetail.computeAssetClass.cloudInstance.imageId' },
    { from: 'properties.vmId', to: 'asset.assetDetail.computeAssetClass.cloudInstance.id' },
    { from: 'properties.osProfile.computerName', to: 'asset.assetDetail.computeAssetClass.cloudInstance.hostname' },
    {
      from: 'primaryNetworkInterface.publicIpProperties.ipAddress',
      to: 'asset.assetDetail.computeAssetClass.cloudInstance.publicIpv4Address',
    },
    { from: 'primaryNetworkInterface.nicProperties.macAddress', to: 'asset.assetDetail.computeAssetClass.cloudInstance.macAddress' },
    { from: 'primaryNetworkInterface.nicId', to: 'asset.assetDetail.computeAssetClass.cloudInstance.networkInterfaceId' },
    { from: 'externalTags', to: 'asset.assetDetail.externalTags' },
    { from: 'id', to: 'asset.assetHeader.vendorAssetId' },
    { from: 'properties.storageProfile.osDisk.osType', to: 'asset.assetDetail.operatingSystem.name' },
    { from: 'properties.storageProfile.imageReference.publisher', to: 'asset.assetDetail.operatingSystem.publisher' },
    { from: 'properties.storageProfile.imageReference.sku', to: 'asset.assetDetail.operatingSystem.version' },
    { from: null, fn: { name: 'CONSTANT', value: 'azure-virtual-machine' }, to: 'asset.assetHeader.assetTypeName' },
  ],
};
