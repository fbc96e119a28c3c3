// What a manifest is and names: an image, an index of images, the old schema 1, or an artifact that is no image. Parses text that was verified.
// https://github.com/opencontainers/image-spec/blob/main/manifest.md, …/image-index.md
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import { digestOf } from './references.ts';

const imageTypes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
const indexTypes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
/** Of schema 1 with a signature in it. */
export const signedType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const schema1Types = [signedType, 'application/vnd.docker.distribution.manifest.v1+json'];

/** The `accept` of a manifest: without the index types a registry answers 404 for images of several platforms. */
export const manifestTypes = [...indexTypes, ...imageTypes, ...schema1Types].join(', ');

const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);
const layerType = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\./;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An image of an index; the platform as `os/architecture` with its variant, null when it is not said. */
export interface Child {
  readonly digest: string;
  readonly platform: string | null;
}

export type Manifest = { readonly mediaType: string } & (
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[]; readonly sizeBytes: number }
  | { readonly kind: 'artifact'; readonly sizeBytes: number | null }
  | { readonly kind: 'schema1' }
  /** Its images, and the indexes in it. */
  | { readonly kind: 'index'; readonly children: readonly Child[]; readonly nested: readonly string[] }
);

const digest = z.string().refine((text) => digestOf(text) !== null);
const text = z.string().catch('');
const descriptor = z.object({ mediaType: text, digest, size: z.int().nonnegative() });
const manifestSchema = z.object({
  artifactType: text,
  config: descriptor,
  layers: z
    .array(descriptor)
    .nullish()
    .transform((layers) => layers ?? []),
});
const indexSchema = z.object({
  manifests: z
    .array(
      z.object({
        mediaType: text,
        digest,
        artifactType: text,
        platform: z.object({ os: text, architecture: text, variant: text }).nullish().catch(null),
        annotations: z.record(z.string(), z.unknown()).nullish().catch(null),
      }),
    )
    .nullish()
    .transform((manifests) => manifests ?? []),
});

/** `name` is the request's; `contentType` what the answer says. @throws SOURCE_SHAPE_CHANGED for what is no manifest: the path that is wrong, never a value. */
export function parseManifest(name: string, manifest: string, contentType: string): Manifest {
  const body = objectOf(name, manifest);
  const mediaType = mediaTypeOf(body, contentType);
  if (schema1Types.includes(mediaType)) return { kind: 'schema1', mediaType };
  // The same bytes must not be an image for one reader and an index for another (CVE-2021-41190).
  if ('manifests' in body && ('layers' in body || 'config' in body)) throw misshapen(name, 'it is both an image and an index');
  if (indexTypes.includes(mediaType)) return indexOf(name, mediaType, body);
  if (!imageTypes.includes(mediaType)) return { kind: 'artifact', mediaType, sizeBytes: null };
  const { artifactType, config, layers } = read(name, manifestSchema, body);
  const sizeBytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  const isImage =
    artifactType === '' &&
    configTypes.has(config.mediaType) &&
    (layers.length === 0 || layers.some((layer) => layerType.test(layer.mediaType)));
  return isImage ? { kind: 'image', mediaType, config, layers, sizeBytes } : { kind: 'artifact', mediaType, sizeBytes };
}

function indexOf(name: string, mediaType: string, body: object): Manifest {
  const { manifests } = read(name, indexSchema, body);
  const nested = manifests.filter((entry) => indexTypes.includes(entry.mediaType)).map((entry) => entry.digest);
  const children = manifests
    .filter((entry) => !indexTypes.includes(entry.mediaType) && entry.artifactType === '')
    .filter(({ platform, annotations }) => platform?.os !== 'unknown' && annotations?.['vnd.docker.reference.type'] === undefined)
    .map(({ digest: of, platform }) => ({ digest: of, platform: platform?.os ? nameOf(platform) : null }));
  return { kind: 'index', mediaType, children, nested };
}

function nameOf({ os, architecture, variant }: { readonly os: string; readonly architecture: string; readonly variant: string }): string {
  return [os, architecture, variant].filter((part) => part !== '').join('/');
}

const plainType = (contentType: string): string => contentType.split(';')[0]?.trim().toLowerCase() ?? '';

export const isSigned = (contentType: string): boolean => plainType(contentType) === signedType;

/** The manifest's own word, else the answer's, else what its members say. */
function mediaTypeOf(body: Readonly<Record<string, unknown>>, contentType: string): string {
  const own = body['mediaType'];
  if (typeof own === 'string' && own !== '') return own;
  const said = plainType(contentType);
  if ([...imageTypes, ...indexTypes, ...schema1Types].includes(said)) return said;
  if (body['schemaVersion'] === 1) return 'application/vnd.docker.distribution.manifest.v1+json';
  if (Array.isArray(body['manifests'])) return 'application/vnd.oci.image.index.v1+json';
  return 'config' in body ? 'application/vnd.oci.image.manifest.v1+json' : said;
}

/** The text's JSON object. @throws SOURCE_SHAPE_CHANGED */
export function objectOf(name: string, json: string): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    throw misshapen(name, 'it is no JSON');
  }
  const object = z.record(z.string(), z.unknown()).safeParse(body);
  if (!object.success) throw misshapen(name, 'it is no JSON object');
  return object.data;
}

function read<T>(name: string, schema: z.ZodType<T>, body: object): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw misshapen(name, `${parsed.error.issues[0]?.path.join('.') ?? ''} is not as the format says`);
}

/** What was answered is not what the format says. `why` MUST hold no value of it. */
export function misshapen(name: string, why: string): TidemarkError {
  return new TidemarkError('SOURCE_SHAPE_CHANGED', `${name}: the answer is not used: ${why}.`, {
    hint: 'This image is left out; push it again to the registry, or look what stands between the registry and Tidemark.',
  });
}
