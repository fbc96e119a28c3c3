// The images that findings name, as the simulated registries serve them.
import type { RegistryContent } from '../registry/content.ts';
import { placeAt } from '../registry/places.ts';
import { pad } from './shape.ts';

interface NamedImage {
  /** The registry's position and name, and its login server. */
  readonly registry: number;
  readonly registryName: string;
  readonly host: string;
  readonly repository: string;
  /** Of the image of one platform, as scanners name it. */
  readonly digest: string;
  readonly tags: readonly string[];
}

export interface ImageNames {
  imageAt(index: number): NamedImage;
  registryName(registry: number): string;
  loginServer(registry: number): string;
}

/** `servedAt` tells the host of a registry that is served; others have the name that Azure would give. */
export function imageNames(content: RegistryContent, servedAt: (registry: number) => string | null): ImageNames {
  const { shape } = content;
  const digests = new Map<number, string>();
  const digestAt = (index: number): string => {
    const digest = digests.get(index) ?? content.imageAt(index).scanned.manifest.digest;
    digests.set(index, digest);
    return digest;
  };
  const registryName = (registry: number): string => `acr${shape.seed}x${pad(registry, 4)}`;
  const loginServer = (registry: number): string => servedAt(registry) ?? `${registryName(registry)}.azurecr.io`;
  return {
    imageAt(index) {
      const place = placeAt(shape, index);
      return { ...place, registryName: registryName(place.registry), host: loginServer(place.registry), digest: digestAt(index) };
    },
    registryName,
    loginServer,
  };
}
