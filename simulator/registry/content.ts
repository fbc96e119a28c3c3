// What simulated registries hold, computed when it is asked for. MUST stay deterministic in (seed, size), and keep nothing but a small cache.
import { type Content, isManifest, type MadeImage, makeChart, makeImage, makeSchema1 } from './images.ts';
import { imagesIn, imagesOf, type ImagePlace, type ImageShape, placeAt } from './places.ts';

export type SimulatedImage = ImagePlace & MadeImage;

export interface RegistryContent {
  readonly shape: ImageShape;
  /** @throws RangeError for a position that no image has. */
  imageAt(index: number): SimulatedImage;
  /** Of one registry, sorted. */
  repositories(registry: number): readonly string[];
  /** Sorted; null when the registry has no such repository. */
  tags(registry: number, repository: string): readonly string[] | null;
  /** What a tag or the digest of a manifest names. */
  manifest(registry: number, repository: string, reference: string): Content | null;
  config(registry: number, repository: string, digest: string): Content | null;
}

interface Repository {
  readonly tags: ReadonlyMap<string, Content>;
  readonly contents: readonly Content[];
}

const keptImages = 512;
/** Things that are no images lie in repositories of their own, beside images of these positions. */
const chartEvery = 25;
const schema1Every = 40;

export function createContent(shape: ImageShape): RegistryContent {
  const { seed, images } = shape;
  const cache = new Map<number, SimulatedImage>();
  const imageAt = (index: number): SimulatedImage => {
    if (!Number.isInteger(index) || index < 0 || index >= images) throw new RangeError(`There is no image ${index}.`);
    const known = cache.get(index);
    if (known !== undefined) return known;
    const made = { ...placeAt(shape, index), ...makeImage(seed, index) };
    cache.set(index, made);
    for (const oldest of cache.keys()) if (cache.size > keptImages) cache.delete(oldest);
    return made;
  };

  const repositoryAt = (registry: number, name: string): Repository | null => {
    const [, kind, number] = /^(charts|old)\/app-(\d+)$/.exec(name) ?? [];
    if (kind !== undefined) return other(registry, kind, Number(number));
    const indexes = imagesIn(shape, registry, name);
    if (indexes.length === 0) return null;
    const all = indexes.map(imageAt);
    return {
      tags: new Map(all.flatMap(({ tags, manifest }) => tags.map((tag) => [tag, manifest] as const))),
      contents: all.flatMap(({ contents }) => contents),
    };
  };
  const other = (registry: number, kind: string, index: number): Repository | null => {
    const every = kind === 'charts' ? chartEvery : schema1Every;
    if (index >= images || index % every !== 0 || placeAt(shape, index).registry !== registry) return null;
    const contents = kind === 'charts' ? makeChart(seed, index) : ([makeSchema1(seed, index)] as const);
    return { tags: new Map([['1.0.0', contents[0]]]), contents };
  };

  return {
    shape,
    imageAt,
    repositories(registry) {
      const names = new Set<string>();
      for (const index of imagesOf(shape, registry)) {
        names.add(placeAt(shape, index).repository);
        if (index % chartEvery === 0) names.add(`charts/app-${index}`);
        if (index % schema1Every === 0) names.add(`old/app-${index}`);
      }
      return [...names].toSorted();
    },
    tags(registry, name) {
      const repository = repositoryAt(registry, name);
      return repository === null ? null : [...repository.tags.keys()].toSorted();
    },
    manifest(registry, name, reference) {
      const repository = repositoryAt(registry, name);
      const named = repository?.contents.find((content) => content.digest === reference && isManifest(content));
      return repository?.tags.get(reference) ?? named ?? null;
    },
    config(registry, name, digest) {
      return repositoryAt(registry, name)?.contents.find((content) => content.digest === digest && !isManifest(content)) ?? null;
    },
  };
}
