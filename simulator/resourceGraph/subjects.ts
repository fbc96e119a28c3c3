// What Defender for Cloud assesses: machines, images in registries and where they run, container groups, sites, and resources of AWS and GCP.
// Ids of this table are in lower case where those of resources are not, as Microsoft's are.
import type { JsonObject } from '../../src/model.ts';
import { vmName } from './machines.ts';
import type { Overlay } from './overlay.ts';
import { type Places, timeOf } from './places.ts';
import { groupName, siteName } from './platforms.ts';
import { pad } from './shape.ts';

/** Resources of one kind, in the order of their ids. */
export interface Subjects {
  readonly name: string;
  /** Resources that go together go by this. */
  readonly kind: string;
  readonly source: 'Azure' | 'AWS' | 'GCP';
  readonly resourceType: string;
  /** Machines and images have packages; of an image more is said. */
  readonly packages: 'machine' | 'image' | null;
  count(): number;
  subscriptionOf(resource: number): number;
  /** Only every so many-th of the kind: the resource at a position is the kind's number position × every. */
  readonly every: number;
  of(resource: number): Subject;
}

export interface Subject {
  /** What the ids of its assessments begin with. */
  readonly prefix: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  /** `resourceDetails.Id` and `.NativeResourceId`. */
  readonly id: string;
  readonly nativeId: string;
  readonly additional: JsonObject | null;
}

export function subjectsOf(places: Places, overlay: Overlay): Subjects[] {
  const { shape, subscriptions } = places;
  const groupOf = (subscription: number, group: string): { prefix: string; subscriptionId: string; resourceGroup: string } => {
    const subscriptionId = subscriptions[subscription] ?? '';
    return { prefix: `/subscriptions/${subscriptionId}/resourcegroups/${group}/providers`, subscriptionId, resourceGroup: group };
  };
  const azure = (
    name: string,
    of: {
      kind: string;
      base: number;
      more?: () => number;
      group: string;
      type: string;
      named: (index: number) => string;
      packages: 'machine' | null;
    },
  ): Subjects => {
    const subscriptionOf = (index: number): number => places.subscriptionOf(index, of.base);
    return {
      name,
      kind: of.kind,
      source: 'Azure',
      resourceType: of.type,
      packages: of.packages,
      count: () => of.base + (of.more?.() ?? 0),
      subscriptionOf,
      every: 1,
      of(index) {
        const place = groupOf(subscriptionOf(index), of.group);
        const id = `${place.prefix}/${of.type}/${of.named(index)}`;
        return { ...place, prefix: id, id, nativeId: id, name: of.named(index), additional: null };
      },
    };
  };
  const images = (name: string, of: { every: number; group: string; where: (registry: string) => string; running: boolean }): Subjects => ({
    name,
    kind: 'image',
    source: 'Azure',
    resourceType: '.containerimage',
    packages: 'image',
    count: () => Math.ceil(shape.images / of.every),
    subscriptionOf: (index) => places.subscriptionOf(places.images.imageAt(index * of.every).registry, shape.registries),
    every: of.every,
    of(index) {
      const image = places.images.imageAt(index * of.every);
      const place = groupOf(places.subscriptionOf(image.registry, shape.registries), of.group);
      const base = `${place.prefix}/${of.where(image.registryName)}/securityentitydata`;
      return {
        ...place,
        prefix: `${base}/image-${pad(index, 6)}`,
        id: `${base}/repositories-${image.repository.replaceAll('/', '-')}-images-${image.digest}`,
        nativeId: `${image.host}/${image.repository}@${image.digest}`,
        name: image.repository,
        additional: {
          Digest: image.digest,
          RegistryHost: image.host,
          RepositoryDetails: { RepositoryName: image.repository },
          LastPushedToRegistryUTC: timeOf(places.dice(31, index * of.every)),
          ...(of.running ? { ClusterDetails: { ClusterName: 'aks-1', Namespaces: ['default'] } } : { Tags: [...image.tags] }),
        },
      };
    },
  });
  const other = (source: 'AWS' | 'GCP', connector: string, resourceType: string, native: (index: number) => string): Subjects => {
    const name = `${connector}-${resourceType.toLowerCase().replace('.', '-')}`;
    const subscriptionOf = (index: number): number => places.subscriptionOf(index, shape.otherClouds);
    return {
      name,
      kind: name,
      source,
      resourceType,
      packages: resourceType.endsWith('nstance') ? 'machine' : null,
      count: () => shape.otherClouds,
      subscriptionOf,
      every: 1,
      of(index) {
        const place = groupOf(subscriptionOf(index), `rg-${connector}`);
        const id = `${place.prefix}/microsoft.security/securityconnectors/${connector}/securityentitydata/${name}-${pad(index, 6)}`;
        return { ...place, prefix: id, id, nativeId: native(index), name: native(index).split(/[:/]/).at(-1) ?? '', additional: null };
      },
    };
  };
  const arn = (rest: string) => (index: number) => `arn:aws:${rest}${pad(index, 6)}`;
  const google = (rest: string) => (index: number) => `//${rest}${pad(index, 6)}`;

  // In the order of ids: the groups' names are in alphabetical order, and within a group the types are.
  return [
    other('AWS', 'aws', 'ec2.instance', arn('ec2:eu-west-1:123456789012:instance/i-')),
    other('AWS', 'aws', 'ecr.image', arn('ecr:eu-west-1:123456789012:repository/shop-')),
    other('AWS', 'aws', 'ecs.task', arn('ecs:eu-west-1:123456789012:task/shop/')),
    other('AWS', 'aws', 'lambda.function', arn('lambda:eu-west-1:123456789012:function:shop-')),
    azure('machines', {
      kind: 'vm',
      base: shape.vms,
      more: () => overlay.createdVms,
      group: 'rg-compute',
      type: 'microsoft.compute/virtualmachines',
      named: vmName,
      packages: 'machine',
    }),
    azure('groups', {
      kind: 'group',
      base: shape.containerGroups,
      group: 'rg-containers',
      type: 'microsoft.containerinstance/containergroups',
      named: groupName,
      packages: null,
    }),
    other(
      'GCP',
      'gcp',
      'artifactregistry.image',
      google('artifactregistry.googleapis.com/projects/shop/locations/eu/repositories/web/dockerImages/image-'),
    ),
    other(
      'GCP',
      'gcp',
      'cloudfunctions.function',
      google('cloudfunctions.googleapis.com/projects/shop/locations/europe-west1/functions/f-'),
    ),
    other('GCP', 'gcp', 'compute.instance', google('compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/vm-')),
    other('GCP', 'gcp', 'run.service', google('run.googleapis.com/projects/shop/locations/europe-west1/services/s-')),
    images('running', { every: 4, group: 'rg-kubernetes', where: () => 'microsoft.containerservice/managedclusters/aks-1', running: true }),
    images('images', {
      every: 1,
      group: 'rg-registries',
      where: (registry) => `microsoft.containerregistry/registries/${registry}`,
      running: false,
    }),
    azure('sites', { kind: 'site', base: shape.sites, group: 'rg-web', type: 'microsoft.web/sites', named: siteName, packages: null }),
  ];
}
