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

export const containerImages: TransformMap = {
  name: 'defender-for-cloud/container-images',
  connector: 'defender-for-cloud',
  stream: 'container-images',
  class: 'container-image',
  document: '004',
  rows: [
    { from: 'zones', to: 'asset.assetDetail.cloudInfo.availabilityZone' },
    { from: 'tenantId', to: 'asset.assetDetail.cloudInfo.tenantId' },
    { from: 'subscriptionId', to: 'asset.assetDetail.cloudInfo.accountId' },
    { from: 'properties.resourceDetails.source', to: 'asset.assetDetail.cloudInfo.provider' },
    { from: 'properties.additionalData.artifactDetails.repositoryName', to: 'asset.assetDetail.name' },
    { from: 'properties.additionalData.artifactDetails.repositoryName', to: 'asset.assetDetail.containerImageAssetClass.name' },
    { from: 'properties.additionalData.artifactDetails.repositoryName', to: 'asset.assetDetail.containerImageAssetClass.repository' },
    { from: 'properties.additionalData.artifactDetails.registryHost', to: 'asset.assetDetail.containerImageAssetClass.registry' },
    { from: 'properties.additionalData.artifactDetails.digest', to: 'asset.assetDetail.containerImageAssetClass.digest' },
    { from: 'properties.additionalData.artifactDetails.digest', to: 'asset.assetHeader.externalAssetId' },
    { from: 'properties.additionalData.artifactDetails.digest', to: 'asset.assetHeader.vendorAssetId' },
    { from: 'location', to: 'asset.assetDetail.cloudInfo.region' },
    { from: 'imageTagReferences', to: 'asset.assetDetail.containerImageAssetClass.imageTagReferences' },
    { from: 'imageConfigV2.os', to: 'asset.assetDetail.operatingSystem.name' },
    { from: 'imageConfigV2.history[].size', to: 'asset.assetDetail.containerImageAssetClass.layers[].sizeInBytes' },
    { from: 'imageConfigV2.history[].digest', to: 'asset.assetDetail.containerImageAssetClass.layers[].digest' },
    { from: 'imageConfigV2.history[].created_by', to: 'asset.assetDetail.containerImageAssetClass.layers[].createdBy' },
    { from: 'imageConfigV2.created', to: 'asset.assetDetail.containerImageAssetClass.creationDate' },
    { from: 'imageConfigV2.architecture', to: 'asset.assetDetail.containerImageAssetClass.architecture' },
    { from: 'externalTags', to: 'asset.assetDetail.externalTags' },
    { from: null, fn: { name: 'CONSTANT', value: 'container-image' }, to: 'asset.assetHeader.assetTypeName' },
    { from: 'asset_root (imageTag)', to: 'asset.assetDetail.containerImageAssetClass.tag' },
  ],
};

export const containerInstances: TransformMap = {
  name: 'defender-for-cloud/container-instances',
  connector: 'defender-for-cloud',
  stream: 'container-instances',
  class: 'container-instance',
  document: '004',
  rows: [
    { from: 'location', to: 'asset.assetDetail.cloudInfo.region' },
    { from: 'subscriptionId', to: 'asset.assetDetail.cloudInfo.accountId' },
    { from: 'zones', to: 'asset.assetDetail.cloudInfo.availabilityZone' },
    { from: 'managedBy', to: 'asset.assetDetail.businessInfo.managedBy' },
    { from: 'properties.container.name', to: 'asset.assetDetail.name' },
    { from: 'id', to: 'asset.assetHeader.externalAssetId' },
    { from: 'id', to: 'asset.assetHeader.vendorAssetId' },
    { from: 'properties.container.properties.instanceView.currentState.state', to: 'asset.assetDetail.containerInstanceAssetClass.status' },
    { from: 'properties.container.properties.ports[].port', to: 'asset.assetDetail.containerInstanceAssetClass.ports[].containerPort' },
    { from: 'properties.container.properties.ports[].protocol', to: 'asset.assetDetail.containerInstanceAssetClass.ports[].protocol' },
    { from: 'asset_root (imageName)', to: 'asset.assetDetail.containerInstanceAssetClass.image.name' },
    { from: 'asset_root (imageTagOrDigest)', to: 'asset.assetDetail.containerInstanceAssetClass.image.tag' },
    { from: 'asset_root (imageRegistry)', to: 'asset.assetDetail.containerInstanceAssetClass.image.registry' },
    {
      from: 'properties.container.properties.environmentVariables',
      to: 'asset.assetDetail.containerInstanceAssetClass.environmentVariables',
    },
    { from: 'externalTags', to: 'asset.assetDetail.externalTags' },
    { from: null, fn: { name: 'CONSTANT', value: 'container-instance' }, to: 'asset.assetHeader.assetTypeName' },
  ],
};

export const functions: TransformMap = {
  name: 'defender-for-cloud/functions',
  connector: 'defender-for-cloud',
  stream: 'functions',
  class: 'serverless',
  document: '004',
  rows: [
    { from: null, fn: { name: 'CONSTANT', value: 'azure-function' }, to: 'asset.assetHeader.assetTypeName' },
    { from: 'externalTags', to: 'asset.assetDetail.externalTags' },
    { from: 'id', to: 'asset.assetHeader.externalAssetId' },
    { from: 'id', to: 'asset.assetHeader.vendorAssetId' },
    { from: 'location', to: 'asset.assetDetail.cloudInfo.region' },
    { from: 'name', to: 'asset.assetDetail.name' },
    { from: 'properties.name', to: 'asset.assetDetail.serverlessAssetClass.functionName' },
    { from: 'subscriptionId', to: 'asset.assetDetail.cloudInfo.accountId' },
    { from: 'tenantId', to: 'asset.assetDetail.cloudInfo.tenantId' },
    { from: 'zones', to: 'asset.assetDetail.cloudInfo.availabilityZone' },
  ],
};

/** What is known of resources of a class that only findings name: ours (decision 51). */
const named = (stream: string, of: TransformMap['class']): TransformMap => ({
  name: `defender-for-cloud/${stream}`,
  connector: 'defender-for-cloud',
  stream,
  class: of,
  rows: [
    { from: 'finding.assetId', to: 'asset.assetHeader.externalAssetId' },
    { from: 'finding.assetId', to: 'asset.assetHeader.vendorAssetId' },
    { from: 'asset_root (assetType)', to: 'asset.assetHeader.assetTypeName' },
    { from: 'properties.resourceDetails.ResourceName', to: 'asset.assetDetail.name' },
    { from: 'finding.source', to: 'asset.assetDetail.cloudInfo.provider' },
    { from: 'tenantId', to: 'asset.assetDetail.cloudInfo.tenantId' },
    { from: 'subscriptionId', to: 'asset.assetDetail.cloudInfo.accountId' },
  ],
});

export const namedResources: readonly TransformMap[] = [
  named('named-images', 'container-image'),
  named('named-hosts', 'host'),
  named('named-container-instances', 'container-instance'),
  named('named-functions', 'serverless'),
];
