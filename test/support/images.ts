// Images made by tests, of any shape, and their way into a registry by plain HTTP.
import { createHash } from 'node:crypto';
import { request } from 'undici';
import type { HashName } from '../../src/clients/httpBody.ts';

/** Bytes with their type and digest, as a registry keeps them. */
export interface Content {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

export const ociTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export const dockerTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export function contentOf(mediaType: string, body: object | Buffer | string, hash: HashName = 'sha256'): Content {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { mediaType, bytes, digest: `${hash}:${createHash(hash).update(bytes).digest('hex')}` };
}

function descriptorOf({ mediaType, bytes, digest }: Content): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length };
}

export interface Image {
  readonly manifest: Content;
  readonly config: Content;
  readonly layers: readonly Content[];
}

export interface ImageOptions {
  /** The content of each layer. @default two */
  readonly layers?: readonly string[];
  /** @default one step for each layer, and one that made none */
  readonly history?: readonly object[];
  readonly types?: typeof ociTypes | typeof dockerTypes;
  /** Members besides, or instead of, those of a plain image. */
  readonly config?: object;
  readonly manifest?: object;
  /** Of config and manifest. */
  readonly hash?: HashName;
}

export function imageOf(options: ImageOptions = {}): Image {
  const { layers: texts = ['one', 'two, longer'], types = ociTypes, hash = 'sha256' } = options;
  const layers = texts.map((text) => contentOf(types.layer, text));
  const steps = texts.map((text) => ({ created_by: `RUN make ${text}`, created: '2026-01-02T03:04:05Z' }));
  const config = contentOf(
    types.config,
    {
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05Z',
      history: options.history ?? [...steps, { created_by: 'CMD ["run"]', empty_layer: true }],
      rootfs: { type: 'layers', diff_ids: texts.map((text) => contentOf('', `plain ${text}`).digest) },
      config: { Env: ['SECRET=canary-environment'] },
      ...options.config,
    },
    hash,
  );
  const body = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    ...options.manifest,
  };
  return { manifest: contentOf(types.manifest, body, hash), config, layers };
}

/** An index of manifests, each with members of its own such as its platform. */
export function indexOf(
  entries: readonly { readonly of: Content; readonly more?: object }[],
  types: { readonly index: string } = ociTypes,
): Content {
  const manifests = entries.map(({ of, more }) => ({ ...descriptorOf(of), ...more }));
  return contentOf(types.index, { schemaVersion: 2, mediaType: types.index, manifests });
}

export const platform = (os: string, architecture: string, variant?: string): object => ({
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
});

/** Pushes to a registry that is asked with these headers. */
export interface Pusher {
  blob(repository: string, content: Content): Promise<void>;
  manifest(repository: string, content: Content, reference?: string): Promise<void>;
  /** Its blobs, then its manifest. */
  image(repository: string, image: Image, tag?: string): Promise<void>;
}

export function createPusher(origin: string, headers: Readonly<Record<string, string>> = {}): Pusher {
  const send = async (method: 'POST' | 'PUT', url: string, content: Content | null, expected: number): Promise<string> => {
    const body = content === null ? {} : { body: content.bytes };
    const type = content === null ? {} : { 'content-type': content.mediaType };
    const answer = await request(url, { method, headers: { ...headers, ...type }, ...body });
    const text = await answer.body.text();
    if (answer.statusCode !== expected) throw new Error(`${method} ${url}: ${answer.statusCode} ${text}`);
    return String(answer.headers['location'] ?? '');
  };
  const pusher: Pusher = {
    async blob(repository, content) {
      const place = new URL(await send('POST', `${origin}/v2/${repository}/blobs/uploads/`, null, 202), origin);
      place.searchParams.set('digest', content.digest);
      await send('PUT', place.href, { ...content, mediaType: 'application/octet-stream' }, 201);
    },
    async manifest(repository, content, reference = content.digest) {
      await send('PUT', `${origin}/v2/${repository}/manifests/${reference}`, content, 201);
    },
    async image(repository, { manifest, config, layers }, tag) {
      for (const content of [config, ...layers]) await pusher.blob(repository, content);
      await pusher.manifest(repository, manifest, tag);
    },
  };
  return pusher;
}
