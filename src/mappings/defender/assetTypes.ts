// Which resources are assets of which class, by cloud (document 004, table "Cloud Platform for Findings Support"). Defender for Cloud has no OCI.
import type { AssessedClass } from '../../model.ts';

interface AssetType {
  readonly source: 'Azure' | 'AWS' | 'GCP';
  readonly class: AssessedClass;
  /** The document's `assetTypeName` (decision 49). */
  readonly name: string;
  /** `resourceDetails.ResourceType`, in lower case: the answers of different years and clouds spell it differently. */
  readonly resourceTypes: readonly string[];
}

const assetTypes: readonly AssetType[] = [
  {
    source: 'Azure',
    class: 'host',
    name: 'azure-virtual-machine',
    resourceTypes: ['microsoft.compute/virtualmachines', 'virtualmachines'],
  },
  { source: 'Azure', class: 'container-image', name: 'container-image', resourceTypes: ['.containerimage', 'containerimage'] },
  {
    source: 'Azure',
    class: 'container-instance',
    name: 'container-instance',
    resourceTypes: ['microsoft.containerinstance/containergroups', 'containergroups'],
  },
  { source: 'Azure', class: 'serverless', name: 'azure-function', resourceTypes: ['microsoft.web/sites', 'sites'] },
  { source: 'AWS', class: 'host', name: 'aws-ec2-instance', resourceTypes: ['ec2.instance', 'ec2/instance', 'instance'] },
  {
    source: 'AWS',
    class: 'container-image',
    name: 'aws-container-image',
    resourceTypes: ['.containerimage', 'containerimage', 'ecr.image', 'ecr.repository'],
  },
  {
    source: 'AWS',
    class: 'container-instance',
    name: 'aws-container-instance',
    resourceTypes: ['ecs.task', 'ecs/task', 'ecs.taskdefinition', 'task'],
  },
  { source: 'AWS', class: 'serverless', name: 'aws-lambda-function', resourceTypes: ['lambda.function', 'lambda/function', 'function'] },
  {
    source: 'GCP',
    class: 'host',
    name: 'gcp-compute-instance',
    resourceTypes: ['compute.instance', 'compute.instances', 'compute/instance', 'instance'],
  },
  {
    source: 'GCP',
    class: 'container-image',
    name: 'gcp-container-image',
    resourceTypes: ['.containerimage', 'containerimage', 'artifactregistry.image', 'artifactregistry.repository'],
  },
  {
    source: 'GCP',
    class: 'container-instance',
    name: 'gcp-container-instance',
    resourceTypes: ['container.pod', 'run.service', 'run/service', 'pod'],
  },
  {
    source: 'GCP',
    class: 'serverless',
    name: 'gcp-cloud-function',
    resourceTypes: ['cloudfunctions.function', 'cloudfunctions/function', 'function'],
  },
];

/** `aws`, `Aws` and `AWS` are one cloud; a cloud that is not known is called as the source calls it. */
export function sourceNamed(source: string): string {
  return assetTypes.find((type) => type.source.toLowerCase() === source.toLowerCase())?.source ?? source;
}

/**
 * The type of an asset; of a cloud that is not known it is told by the resource type alone, under the cloud's name (decision 51).
 * @returns undefined for a resource that is no asset of ours
 */
export function assetTypeOf(source: string, resourceType: string): { readonly class: AssessedClass; readonly name: string } | undefined {
  const cloud = sourceNamed(source);
  const of = (type: AssetType): boolean => type.resourceTypes.includes(resourceType.toLowerCase());
  const known = assetTypes.find((type) => type.source === cloud && of(type));
  if (known !== undefined || assetTypes.some((type) => type.source === cloud)) return known;
  const like = assetTypes.find(of);
  return like === undefined ? undefined : { class: like.class, name: `${source.toLowerCase()}-${like.class}` };
}

/** The resource types of these classes, each once: what a query asks for. */
export function resourceTypesOf(classes: readonly AssessedClass[]): string[] {
  return [...new Set(assetTypes.filter((type) => classes.includes(type.class)).flatMap((type) => type.resourceTypes))];
}
