// Where the images of simulated registries lie, by position: the one place from which findings and registries get repositories and tags.

export interface ImageShape {
  readonly seed: number;
  readonly images: number;
  readonly registries: number;
}

export interface ImagePlace {
  /** The registry's position. */
  readonly registry: number;
  readonly repository: string;
  /** Some images have none any more. */
  readonly tags: readonly string[];
}

/** Each registry has a range of images. Every fifth image is a newer version in the repository of the one before. */
export function placeAt(shape: ImageShape, index: number): ImagePlace {
  const registry = registryOf(shape, index);
  const newer = isNewer(shape, index);
  return {
    registry,
    repository: repositoryOf(newer ? index - 1 : index),
    tags: index % 11 === 10 ? [] : newer ? ['2.0.0', 'latest'] : ['1.0.0'],
  };
}

const registryOf = ({ images, registries }: ImageShape, index: number): number => Math.floor((index * registries) / images);

const isNewer = (shape: ImageShape, index: number): boolean => index % 5 === 4 && registryOf(shape, index - 1) === registryOf(shape, index);

function repositoryOf(app: number): string {
  const name = `app-${String(app).padStart(6, '0')}`;
  return app % 3 === 0 ? `${name}/web` : name;
}

/** The images of a repository of this registry; none when it has no such repository. */
export function imagesIn(shape: ImageShape, registry: number, repository: string): number[] {
  const app = Number(/^app-(\d{6,})(?:\/web)?$/.exec(repository)?.[1] ?? Number.NaN);
  const exists = app < shape.images && registryOf(shape, app) === registry && repositoryOf(app) === repository && !isNewer(shape, app);
  if (!exists) return [];
  return app + 1 < shape.images && isNewer(shape, app + 1) ? [app, app + 1] : [app];
}

/** The positions of a registry's images. */
export function* imagesOf(shape: ImageShape, registry: number): Generator<number> {
  for (let index = Math.ceil((registry * shape.images) / shape.registries); index < shape.images; index += 1) {
    if (registryOf(shape, index) > registry) return;
    if (registryOf(shape, index) === registry) yield index;
  }
}
