// The images that findings name and registries serve: the one place where both get their hosts, repositories, digests and tags.
import { createHash } from 'node:crypto';
import { type EstateShape, pad } from './shape.ts';

export interface SimulatedImage {
  /** The registry's position and name, and its login server. */
  readonly registry: number;
  readonly registryName: string;
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
}

type ImageShape = Pick<EstateShape, 'seed' | 'images' | 'registries'>;

export const registryName = ({ seed }: Pick<EstateShape, 'seed'>, registry: number): string => `acr${seed}x${pad(registry, 4)}`;
export const loginServer = (name: string): string => `${name}.azurecr.io`;

/** Each registry has a range of images. Every fifth image is a newer version in the repository of the one before; some have no tag any more. */
export function imageAt(shape: ImageShape, index: number): SimulatedImage {
  const registry = Math.floor((index * shape.registries) / shape.images);
  const name = registryName(shape, registry);
  const newer = index % 5 === 4 && Math.floor(((index - 1) * shape.registries) / shape.images) === registry;
  const app = newer ? index - 1 : index;
  return {
    registry,
    registryName: name,
    host: loginServer(name),
    repository: app % 3 === 0 ? `app-${pad(app, 6)}/web` : `app-${pad(app, 6)}`,
    digest: digestAt(shape, index),
    tags: index % 11 === 10 ? [] : newer ? ['2.0.0', 'latest'] : ['1.0.0'],
  };
}

function digestAt({ seed }: ImageShape, index: number): string {
  return `sha256:${createHash('sha256').update(`image ${seed} ${index}`).digest('hex')}`;
}
