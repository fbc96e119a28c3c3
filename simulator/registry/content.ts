// What simulated registries hold: images computed from (seed, index) when they are asked for. MUST stay deterministic, and keep nothing but a small cache.
import { createHash } from 'node:crypto';
import { mix } from '../random.ts';

/** Bytes that a digest names. */
interface Content {
  readonly mediaType: string;
  readonly text: string;
  readonly digest: string;
}

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** One platform's image. */
interface PlatformImage {
  readonly platform: string;
  readonly manifest: Content;
  readonly config: Content;
  readonly layers: readonly Layer[];
}

type SimulatedKind = 'image' | 'index' | 'nested' | 'artifact' | 'schema1';

/** What a version of a repository is. */
export interface SimulatedImage {
  readonly kind: SimulatedKind;
  /** Number of its registry. */
  readonly registry: number;
  readonly repository: string;
  readonly tags: readonly string[];
  /** What the tags name. */
  readonly manifest: Content;
  /** What a scanner names: the image of linux/amd64, also of an index; null for what is no image. */
  readonly scanned: PlatformImage | null;
  /** All of its manifests and configs. */
  readonly contents: readonly Content[];
}

export interface ContentOptions {
  readonly seed: number;
  readonly images: number;
  readonly registries: number;
}

export interface RegistryContent extends ContentOptions {
  /** @throws RangeError for an index that is not below `images` */
  imageAt(index: number): SimulatedImage;
  /** Of one registry, sorted. */
  repositories(registry: number): readonly string[];
  /** Sorted; null when the registry has no such repository. */
  tags(registry: number, repository: string): readonly string[] | null;
  /** What a tag or the digest of a manifest names. */
  manifest(registry: number, repository: string, reference: string): Content | null;
  config(registry: number, repository: string, digest: string): Content | null;
}

const versions = 4;
const words = ['billing', 'catalog', 'checkout', 'gateway', 'identity', 'ledger', 'notify', 'orders', 'pricing', 'search', 'worker'];
const teams = ['core', 'data', 'edge', 'web'];
const bases = ['alpine:3.22', 'debian:12-slim', 'node:24', 'python:3.13', 'ubi9'];

const oci = 'application/vnd.oci.image';
const docker = 'application/vnd.docker';
const types = {
  oci: {
    manifest: `${oci}.manifest.v1+json`,
    index: `${oci}.index.v1+json`,
    config: `${oci}.config.v1+json`,
    layer: `${oci}.layer.v1.tar+gzip`,
  },
  docker: {
    manifest: `${docker}.distribution.manifest.v2+json`,
    index: `${docker}.distribution.manifest.list.v2+json`,
    config: `${docker}.container.image.v1+json`,
    layer: `${docker}.image.rootfs.diff.tar.gzip`,
  },
} as const;
type Types = (typeof types)[keyof typeof types];

const keptRepositories = 256;

export function createContent({ seed, images, registries }: ContentOptions): RegistryContent {
  const pick = <T>(salt: number, index: number, of: readonly T[]): T => {
    const picked = of[mix(seed, salt, index) % of.length];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  };
  const nameOf = (repository: number): string =>
    `${pick(901, repository, teams)}/${pick(902, repository, words)}-${String(repository).padStart(6, '0')}`;
  /** The number in a repository's name, if this registry has that very name. */
  const numberOf = (registry: number, name: string): number | null => {
    const number = Number(/-(\d{6,})$/.exec(name)?.[1] ?? Number.NaN);
    const exists = number * versions < images && number % registries === registry && nameOf(number) === name;
    return exists ? number : null;
  };
  const versionsOf = (repository: number): number => Math.min(versions, images - repository * versions);

  const cache = new Map<number, readonly SimulatedImage[]>();
  const repositoryAt = (repository: number): readonly SimulatedImage[] => {
    const known = cache.get(repository);
    if (known !== undefined) return known;
    const made = Array.from({ length: versionsOf(repository) }, (_, version) => make(repository, version));
    cache.set(repository, made);
    for (const oldest of cache.keys()) if (cache.size > keptRepositories) cache.delete(oldest);
    return made;
  };

  const make = (repository: number, version: number): SimulatedImage => {
    const index = repository * versions + version;
    const last = version === versionsOf(repository) - 1;
    const place = {
      registry: repository % registries,
      repository: nameOf(repository),
      tags: [`1.${version}.0`, ...(last ? ['latest'] : [])],
    };
    const of = mix(seed, 903, index) % 4 === 0 ? types.docker : types.oci;
    const share = mix(seed, 904, index) % 100;
    if (share < 4) return { ...place, ...artifact(index) };
    if (share < 7) return { ...place, ...schema1(place.repository, index) };
    const amd = platformImage(index, of, 'linux/amd64');
    if (share < 75) return { ...place, kind: 'image', manifest: amd.manifest, scanned: amd, contents: [amd.manifest, amd.config] };
    const arm = platformImage(index, of, 'linux/arm64/v8');
    const contents = [amd.manifest, amd.config, arm.manifest, arm.config];
    const proof = share < 85 || of === types.docker ? [] : [attestation(index, amd.manifest)];
    const inner = indexOf(of, [entryOf(arm), entryOf(amd), ...proof]);
    if (share < 97) return { ...place, kind: 'index', manifest: inner, scanned: amd, contents: [...contents, inner] };
    const outer = indexOf(of, [{ mediaType: inner.mediaType, digest: inner.digest, size: inner.text.length }]);
    return { ...place, kind: 'nested', manifest: outer, scanned: amd, contents: [...contents, inner, outer] };
  };

  const platformImage = (index: number, of: Types, platform: string): PlatformImage => {
    const [os = '', architecture = '', variant] = platform.split('/');
    const base = pick(905, index, bases);
    const layers: Layer[] = [];
    const history: object[] = [];
    const created = new Date(Date.UTC(2026, 0, 1) + (mix(seed, 906, index) % 300) * 86_400_000).toISOString();
    const step = (by: string, layer: string | null): void => {
      history.push({ created, created_by: by, ...(layer === null ? { empty_layer: true } : {}) });
      if (layer === null) return;
      const digest = digestOf(`${layer} ${platform}`);
      // Of the digest: a layer that images share has one size.
      layers.push({ mediaType: of.layer, digest, size: 1000 + (Number.parseInt(digest.slice(-8), 16) % 40_000_000) });
    };
    step(`/bin/sh -c #(nop) ADD file of ${base}`, `base ${base}`);
    step('/bin/sh -c #(nop) CMD ["/bin/sh"]', null);
    for (let more = 0; more <= mix(seed, 908, index) % 6; more += 1) {
      step(`RUN /bin/sh -c install part ${more} # buildkit`, `${seed} ${index} ${more}`);
      if (more === 0) step('ENV NODE_ENV=production', null);
    }
    step('COPY . /app # buildkit', `${seed} ${index} app`);
    step('ENTRYPOINT ["/app/run"]', null);
    const config = contentOf(of.config, {
      architecture,
      ...(variant === undefined ? {} : { variant }),
      os,
      created,
      config: { Env: ['PATH=/usr/bin', `APP_TOKEN=canary-${index}`], Entrypoint: ['/app/run'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digestOf(`plain ${digest}`)) },
      // A builder that squashed left fewer steps than layers.
      history: mix(seed, 909, index) % 50 === 0 ? history.slice(-2) : history,
    });
    const manifest = contentOf(of.manifest, {
      schemaVersion: 2,
      mediaType: of.manifest,
      config: { mediaType: of.config, digest: config.digest, size: config.text.length },
      layers,
    });
    return { platform, manifest, config, layers };
  };

  const artifact = (index: number): Pick<SimulatedImage, 'kind' | 'manifest' | 'scanned' | 'contents'> => {
    const config = contentOf('application/vnd.cncf.helm.config.v1+json', { name: `chart-${index}`, version: '1.0.0' });
    const layers = [
      { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: digestOf(`${seed} chart ${index}`), size: 4096 },
    ];
    const manifest = contentOf(types.oci.manifest, {
      schemaVersion: 2,
      config: { mediaType: config.mediaType, digest: config.digest, size: config.text.length },
      layers,
    });
    return { kind: 'artifact', manifest, scanned: null, contents: [manifest, config] };
  };

  const schema1 = (name: string, index: number): Pick<SimulatedImage, 'kind' | 'manifest' | 'scanned' | 'contents'> => {
    const signed = JSON.stringify({
      schemaVersion: 1,
      name,
      tag: 'v1',
      architecture: 'amd64',
      fsLayers: [{ blobSum: digestOf(`${seed} old ${index}`) }],
    });
    // The digest is that of the text without the signature.
    const manifest = {
      mediaType: `${docker}.distribution.manifest.v1+prettyjws`,
      digest: digestOf(signed),
      text: `${signed.slice(0, -1)},"signatures":[{"header":{"alg":"ES256"},"signature":"simulated"}]}`,
    };
    return { kind: 'schema1', manifest, scanned: null, contents: [manifest] };
  };

  return {
    seed,
    images,
    registries,
    imageAt(index) {
      const image = index < images ? repositoryAt(Math.floor(index / versions))[index % versions] : undefined;
      if (image === undefined) throw new RangeError(`There is no image ${index}.`);
      return image;
    },
    repositories(registry) {
      const names: string[] = [];
      for (let repository = registry; repository * versions < images; repository += registries) names.push(nameOf(repository));
      return names.toSorted();
    },
    tags(registry, name) {
      const repository = numberOf(registry, name);
      return repository === null
        ? null
        : repositoryAt(repository)
            .flatMap(({ tags }) => tags)
            .toSorted();
    },
    manifest(registry, name, reference) {
      const repository = numberOf(registry, name);
      if (repository === null) return null;
      const all = repositoryAt(repository);
      const tagged = all.find(({ tags }) => tags.includes(reference));
      return (
        tagged?.manifest ??
        all.flatMap(({ contents }) => contents).find(({ digest, mediaType }) => digest === reference && isManifest(mediaType)) ??
        null
      );
    },
    config(registry, name, digest) {
      const repository = numberOf(registry, name);
      if (repository === null) return null;
      return (
        repositoryAt(repository)
          .flatMap(({ contents }) => contents)
          .find((each) => each.digest === digest && !isManifest(each.mediaType)) ?? null
      );
    },
  };
}

const isManifest = (mediaType: string): boolean => /\.(manifest|index)\.|\.manifest\.list\./.test(mediaType);
const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function contentOf(mediaType: string, body: object): Content {
  const text = JSON.stringify(body);
  return { mediaType, text, digest: digestOf(text) };
}

function entryOf({ manifest, platform }: PlatformImage): object {
  const [os, architecture, variant] = platform.split('/');
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.text.length,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  };
}

/** What a builder says of how it made an image; nobody fetches it. */
function attestation(index: number, of: Content): object {
  return {
    mediaType: types.oci.manifest,
    digest: digestOf(`attestation ${index}`),
    size: 566,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': of.digest },
  };
}

function indexOf(of: Types, manifests: readonly object[]): Content {
  return contentOf(of.index, { schemaVersion: 2, mediaType: of.index, manifests });
}
