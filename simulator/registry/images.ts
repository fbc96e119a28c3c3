// Images as a registry keeps them: manifests, indexes and configs as text, of one platform or several, and things that are no images. Pure in (seed, index).
import { createHash } from 'node:crypto';
import { mix } from '../random.ts';

/** Bytes that a digest names. */
export interface Content {
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

export interface MadeImage {
  readonly kind: 'image' | 'index' | 'nested';
  /** What tags name. */
  readonly manifest: Content;
  /** What a scanner names: the image of linux/amd64, also of an index. */
  readonly scanned: PlatformImage;
  /** All of its manifests and configs. */
  readonly contents: readonly Content[];
}

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

const bases = ['alpine:3.22', 'debian:12-slim', 'node:24', 'python:3.13', 'ubi9'];

export function makeImage(seed: number, index: number): MadeImage {
  const of = mix(seed, 903, index) % 4 === 0 ? types.docker : types.oci;
  const share = mix(seed, 904, index) % 100;
  const amd = platformImage(seed, index, of, 'linux/amd64');
  if (share < 70) return { kind: 'image', manifest: amd.manifest, scanned: amd, contents: [amd.manifest, amd.config] };
  const arm = platformImage(seed, index, of, 'linux/arm64/v8');
  const contents = [amd.manifest, amd.config, arm.manifest, arm.config];
  const proof = share < 82 ? [] : [attestation(index, amd.manifest)];
  const inner = indexOf(of, [entryOf(arm), entryOf(amd), ...proof]);
  if (share < 95) return { kind: 'index', manifest: inner, scanned: amd, contents: [...contents, inner] };
  const outer = indexOf(of, [referTo(inner)]);
  return { kind: 'nested', manifest: outer, scanned: amd, contents: [...contents, inner, outer] };
}

function platformImage(seed: number, index: number, of: Types, platform: string): PlatformImage {
  const [os = '', architecture = '', variant] = platform.split('/');
  const base = bases[mix(seed, 905, index) % bases.length] ?? '';
  const created = new Date(Date.UTC(2026, 0, 1) + (mix(seed, 906, index) % 300) * 86_400_000).toISOString();
  const layers: Layer[] = [];
  const history: object[] = [];
  const step = (by: string, layer: string | null): void => {
    history.push({ created, created_by: by, ...(layer === null ? { empty_layer: true } : {}) });
    if (layer === null) return;
    const digest = digestOf(`${layer} ${platform}`);
    // Of the digest: a layer that images share has one size.
    layers.push({ mediaType: of.layer, digest, size: 1000 + (Number.parseInt(digest.slice(-8), 16) % 40_000_000) });
  };
  step(`/bin/sh -c #(nop) ADD file of ${base}`, `base ${base}`);
  step('/bin/sh -c #(nop) CMD ["/bin/sh"]', null);
  for (let more = 0; more <= mix(seed, 907, index) % 6; more += 1) {
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
    history: mix(seed, 908, index) % 50 === 0 ? history.slice(-2) : history,
  });
  const manifest = contentOf(of.manifest, { schemaVersion: 2, mediaType: of.manifest, config: referTo(config), layers });
  return { platform, manifest, config, layers };
}

/** A chart of Helm: an artifact that is no image. */
export function makeChart(seed: number, index: number): readonly [manifest: Content, config: Content] {
  const config = contentOf('application/vnd.cncf.helm.config.v1+json', { name: `chart-${index}`, version: '1.0.0' });
  const mediaType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
  const layers = [{ mediaType, digest: digestOf(`${seed} chart ${index}`), size: 4096 }];
  return [contentOf(types.oci.manifest, { schemaVersion: 2, config: referTo(config), layers }), config];
}

/** An image of the time before configs, signed. */
export function makeSchema1(seed: number, index: number): Content {
  const blobSum = digestOf(`${seed} old ${index}`);
  const plain = JSON.stringify({ schemaVersion: 1, name: `old-${index}`, tag: '0.9.0', architecture: 'amd64', fsLayers: [{ blobSum }] });
  return {
    mediaType: `${docker}.distribution.manifest.v1+prettyjws`,
    // Of the text without the signature.
    digest: digestOf(plain),
    text: `${plain.slice(0, -1)},"signatures":[{"header":{"alg":"ES256"},"signature":"simulated"}]}`,
  };
}

/** Whether it is asked for as a manifest, and not as a blob. */
export const isManifest = ({ mediaType }: Content): boolean => /\.(manifest|index)\./.test(mediaType);

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function contentOf(mediaType: string, body: object): Content {
  const text = JSON.stringify(body);
  return { mediaType, text, digest: digestOf(text) };
}

/** All texts are ASCII: so many characters, so many bytes. */
function referTo({ mediaType, digest, text }: Content): Layer {
  return { mediaType, digest, size: text.length };
}

function entryOf({ manifest, platform }: PlatformImage): object {
  const [os, architecture, variant] = platform.split('/');
  return { ...referTo(manifest), platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
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
