// On what a vulnerability was found: a machine, or an image where it lies. The one place that makes keys of vulnerabilities, for every shape of rows.
import type { Json, JsonObject } from '../../model.ts';
import { assetTypeOf, sourceNamed } from './assetTypes.ts';
import { at, firstText, present } from './fields.ts';
import { type Finding, imageKey, machineKey, type Placement, placementId } from './finding.ts';
import { isDigest, isRegistryHost, isRepository, parseImage } from './imageReference.ts';

export type Subject = Pick<Finding, 'assetClass' | 'assetId' | 'assetType' | 'source'> & { readonly placement: Placement | null };

/** The key of a flaw on the subject. A machine has a package once; an image may hold several versions of one. */
export function keyOn(subject: Subject, flaw: string, packageName: string, version: string): string {
  if (subject.placement === null) return machineKey(subject.assetId, flaw, packageName);
  return imageKey(subject.placement, flaw, packageName, version);
}

export function machineSubject(resourceId: string, resourceType: string, cloud: string): Subject | undefined {
  const source = sourceNamed(cloud);
  const type = assetTypeOf(source, resourceType);
  if (type?.class !== 'host') return undefined;
  return { assetClass: 'host', assetId: resourceId.toLowerCase(), assetType: type.name, source, placement: null };
}

/** What rows say of an image's place, in the words of the older shape. */
export interface ImagePlace {
  readonly repository: string | undefined;
  readonly host: string | undefined;
  readonly digest: string | undefined;
  /** Where the registry may be named besides, in this order: references to images, and ids of registries. */
  readonly ids: readonly (string | undefined)[];
  readonly cloud: string;
}

/** @returns the subject, or what is wrong with the place, never a value */
export function imageSubject({ repository, host, digest, ids, cloud }: ImagePlace): Subject | string {
  const named = ids
    .map((id) => (id === undefined || id.startsWith('/') ? undefined : parseImage(id)))
    .find((one) => one !== undefined && one.digest !== null);
  const placement = {
    registryHost: (host ?? named?.registry ?? registryOf(ids) ?? '').toLowerCase(),
    repository: (repository ?? named?.repository ?? '').toLowerCase(),
    digest: (digest ?? named?.digest ?? '').toLowerCase(),
  };
  if (!isDigest(placement.digest)) return 'the digest of the image is missing, or none';
  if (!isRepository(placement.repository)) return 'the repository of the image is missing, or no name of one';
  if (!isRegistryHost(placement.registryHost)) return 'the registry of the image is missing, or no host';
  const source = sourceNamed(cloud);
  const assetType = assetTypeOf(source, '.containerimage')?.name ?? 'container-image';
  return { assetClass: 'container-image', assetId: placementId(placement), assetType, source, placement };
}

/** An Azure registry's login server is its name; the id of a registry is in the id of what was found in it. */
function registryOf(ids: readonly (string | undefined)[]): string | undefined {
  const names = ids.flatMap(
    (id) => /\/providers\/microsoft\.containerregistry\/registries\/([a-z0-9]{5,50})(\/|$)/i.exec(id ?? '')?.[1] ?? [],
  );
  return names[0] === undefined ? undefined : `${names[0]}.azurecr.io`;
}

/** `artifactDetails` as the older shape spells them, with what was not said filled in. */
export function artifactDetails({ placement }: Subject, said: Json | undefined): JsonObject | undefined {
  if (placement === null) return undefined;
  return present({
    repositoryName: placement.repository,
    registryHost: placement.registryHost,
    digest: placement.digest,
    tags: at(said, 'tags'),
    artifactType: at(said, 'artifactType'),
    mediaType: at(said, 'mediaType'),
    lastPushedToRegistryUTC: firstText(at(said, 'lastPushedToRegistryUTC')),
  });
}
