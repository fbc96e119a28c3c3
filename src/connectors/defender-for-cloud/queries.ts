// The queries of Defender for Cloud: Microsoft's tables of Azure Resource Graph, the conditions and the columns needed. No joins and no mv-expand on the
// server: both lose rows silently. https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources
import type { AssessedClass } from '../../model.ts';
import { resourceTypesOf } from '../../mappings/defender/assetTypes.ts';
import { containerInstances } from '../../mappings/defender/containerInstances.ts';
import { functions } from '../../mappings/defender/functions.ts';
import { misconfigurations, siteIds } from '../../mappings/defender/misconfigurations.ts';
import { registries } from '../../mappings/defender/registries.ts';
import { recommendations } from '../../mappings/defender/recommendations.ts';
import { assessedTypes, subAssessments } from '../../mappings/defender/subAssessments.ts';
import { networkInterfaceIds, publicIpIds, virtualMachines } from '../../mappings/defender/virtualMachines.ts';
import type { JoinDefinition, QueryDefinition } from '../queryDefinition.ts';

/** What a profile and its connection's settings choose. */
export interface QueryChoice {
  /** The classes whose findings are asked for (decision 52). */
  readonly assetTypes: readonly AssessedClass[];
  /** Whether values of environment variables are kept. */
  readonly environmentValues: boolean;
}

/** Of nothing a value that no row has: KQL takes no empty list. */
const listed = (values: readonly string[]): string =>
  `(${(values.length === 0 ? ['none'] : values).map((value) => `'${value}'`).join(', ')})`;

const resource = ['id', 'name', 'type', 'tenantId', 'location', 'resourceGroup', 'subscriptionId', 'tags'];

const machines: QueryDefinition = {
  table: 'Resources',
  where: ["type =~ 'microsoft.compute/virtualmachines'"],
  project: [...resource, 'zones', 'properties'],
  // Three streams are read at the same time: with their joined rows, larger pages would make the worker's peak.
  top: 500,
  joins: [
    {
      name: 'networkInterfaces',
      table: 'Resources',
      where: ["type =~ 'microsoft.network/networkinterfaces'"],
      project: ['id', 'properties'],
      atOnce: 500,
      of: 'rows',
      ids: networkInterfaceIds,
    },
    {
      name: 'publicIps',
      table: 'Resources',
      where: ["type =~ 'microsoft.network/publicipaddresses'"],
      project: ['id', 'properties'],
      atOnce: 500,
      of: 'networkInterfaces',
      ids: publicIpIds,
    },
  ],
  objects: virtualMachines,
};

// The kind is a list in one text: `functionapp,linux`. Logic apps run on the same sites.
const isFunction = ["type =~ 'microsoft.web/sites'", "kind has 'functionapp'", "kind !has 'workflowapp'"];

const sites: JoinDefinition = {
  name: 'sites',
  table: 'Resources',
  where: isFunction,
  project: ['id', 'kind'],
  atOnce: 500,
  of: 'rows',
  ids: siteIds,
};

// Assessments that only sum up vulnerabilities, which are a stream of their own; older ones have no category.
const groupedVulnerabilities = [
  '1195afff-c881-495e-9bc5-1486211ae03f',
  'c0b7cfc6-3172-465a-b378-53c7ff2cc0d5',
  '33422d8f-ab1e-42be-bc9a-38685bb567b9',
  'c609cf0f-71ab-41e9-a3c6-9a1f7fe1b8d5',
  '24a15fbd-cfe4-4dff-b2be-1c367a6b2031',
  '77a4a140-e051-481a-84cc-d4bf2109bd65',
  '0a03fa35-e381-4e2f-ace6-2b9913db3381',
  'dbd0cb49-b563-45e7-9724-889e799fa648',
  'c27441ae-775c-45be-8ffa-655de37362ce',
  '5cc3a2c1-8397-456f-8792-fe9d0d4c9145',
];

// Findings of source code are of no class of assets; a cloud that is not known is kept (decision 51).
const notOfCode = "tostring(properties.resourceDetails.Source) !in~ ('GitHub', 'AzureDevOps', 'GitLab')";

const ofClasses = (classes: readonly AssessedClass[]): string =>
  `tostring(properties.resourceDetails.ResourceType) in~ ${listed(resourceTypesOf(classes))}`;

const withVulnerabilities = (classes: readonly AssessedClass[]): AssessedClass[] =>
  classes.filter((type) => type === 'host' || type === 'container-image');

const assessment = ['id', 'name', 'tenantId', 'location', 'resourceGroup', 'subscriptionId'];
const propertiesOf = (...names: readonly string[]): string[] => names.map((name) => `properties_${name} = properties.${name}`);

/** By name; collections of the streams name them. */
export function queriesFor({ assetTypes, environmentValues }: QueryChoice): Readonly<Record<string, QueryDefinition>> {
  return {
    virtualMachines: machines,
    registries: {
      table: 'Resources',
      where: ["type =~ 'microsoft.containerregistry/registries'"],
      project: ['id', 'loginServer = properties.loginServer'],
      top: 1_000,
      joins: [],
      objects: registries,
    },
    containerGroups: {
      table: 'Resources',
      where: ["type =~ 'microsoft.containerinstance/containergroups'"],
      project: [...resource, 'zones', 'managedBy', 'properties'],
      top: 500,
      joins: [],
      objects: containerInstances(environmentValues),
    },
    functions: {
      table: 'Resources',
      where: isFunction,
      project: [...resource, 'zones', 'kind', ...propertiesOf('name', 'state', 'defaultHostName')],
      top: 1_000,
      joins: [],
      objects: functions,
    },
    vulnerabilities: {
      table: 'SecurityResources',
      where: [
        "type =~ 'microsoft.security/assessments'",
        "tostring(properties.metadata.recommendationCategory) =~ 'SoftwareUpdate'",
        ofClasses(withVulnerabilities(assetTypes)),
        notOfCode,
      ],
      project: [
        ...assessment,
        ...propertiesOf('displayName', 'status', 'metadata', 'resourceDetails', 'resourceAdditionalData', 'additionalData'),
      ],
      // A row holds all the CVEs of its package.
      top: 500,
      joins: [],
      objects: recommendations,
    },
    olderVulnerabilities: {
      table: 'SecurityResources',
      where: [
        "type =~ 'microsoft.security/assessments/subassessments'",
        `tostring(properties.additionalData.assessedResourceType) in~ ${listed(assetTypes.flatMap((type) => assessedTypes[type] ?? []))}`,
      ],
      project: [
        ...assessment,
        ...propertiesOf(
          'id',
          'displayName',
          'description',
          'impact',
          'remediation',
          'timeGenerated',
          'status',
          'resourceDetails',
          'additionalData',
        ),
      ],
      top: 1_000,
      joins: [],
      objects: subAssessments,
    },
    misconfigurations: {
      table: 'SecurityResources',
      where: [
        "type =~ 'microsoft.security/assessments'",
        "tostring(properties.metadata.recommendationCategory) !~ 'SoftwareUpdate'",
        `name !in~ ${listed(groupedVulnerabilities)}`,
        ofClasses(assetTypes),
        notOfCode,
      ],
      project: [...assessment, ...propertiesOf('displayName', 'status', 'metadata', 'resourceDetails', 'statusPerInitiative')],
      top: 1_000,
      joins: [sites],
      objects: misconfigurations,
    },
  };
}
