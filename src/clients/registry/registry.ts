// One container registry: its images by tag or digest, and the lists of its repositories and tags. Reads only, and keeps nothing but tokens.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md
import { TidemarkError } from '../../errors.ts';
import type { Http } from '../http.ts';
import { requestName } from '../redact.ts';
import type { FetchOptions } from '../source.ts';
import { type ImageConfig, parseConfig } from './imageConfig.ts';
import { listUrl, type NamePage, parsePage, repositoriesPath, tagsPath } from './listing.ts';
import { type Child, type Descriptor, type Manifest, isSigned, manifestTypes, misshapen, parseManifest, signedType } from './manifest.ts';
import { checkReference, checkRepository, digestOf, isHost } from './references.ts';
import { createAsk, type Tally } from './registryRequest.ts';
import type { RegistryCredential, Scope } from './registryTokens.ts';

export interface RegistryOptions {
  /** As findings name it: a name, with its port where it has one. MUST be one that `allowedRegistry` lets have the credential. */
  readonly host: string;
  /** Where the host is asked. @default https on the host itself */
  readonly origin?: string;
  readonly credential: RegistryCredential;
  readonly http: Http;
  /** Most requests at a time; it narrows while the registry asks for pauses. @default 4 */
  readonly concurrency?: number;
  /** In [0, 1); spreads waits. @default Math.random */
  readonly random?: () => number;
}

/** What reading took. */
type Cost = Readonly<Tally>;

export interface ImageFacts extends Cost {
  readonly digest: string;
  readonly mediaType: string;
  readonly kind: Manifest['kind'];
  /** Of config and layers as stored; null for an index and where the manifest does not say. */
  readonly sizeBytes: number | null;
  /** Of an image only. */
  readonly config: ImageConfig | null;
  /** The images of an index, those of the indexes in it too. Attestations and other artifacts are none. */
  readonly children: readonly Child[];
  /** The child that stands for an index: that of linux/amd64, else the first. */
  readonly chosen: string | null;
}

export type NameList = NamePage & Cost;

/**
 * Codes of all: SOURCE_THROTTLED, SOURCE_UNAVAILABLE; SOURCE_FORBIDDEN (details.registry, details.role); SOURCE_NOT_FOUND; SOURCE_SHAPE_CHANGED;
 * LINK_REFUSED (a token server, page or storage elsewhere); CONFIG_INVALID (a name that none can have); and those of the token provider.
 */
export interface Registry {
  readonly host: string;
  /** What a tag or digest names. Manifest and config are verified before they are parsed; a digest's facts never change. */
  image(of: { readonly repository: string; readonly reference: string }, options: FetchOptions): Promise<ImageFacts>;
  /** What a tag names, without its content. */
  digest(of: { readonly repository: string; readonly tag: string }, options: FetchOptions): Promise<{ readonly digest: string } & Cost>;
  /** `after` is the `next` of the page before, null for the first page. */
  repositories(of: { readonly after: string | null }, options: FetchOptions): Promise<NameList>;
  tags(of: { readonly repository: string; readonly after: string | null }, options: FetchOptions): Promise<NameList>;
}

/** What registries commonly accept at most, and an image's config many times over. */
const mostManifestBytes = 4 * 1024 * 1024;
const mostConfigBytes = 8 * 1024 * 1024;
const mostListBytes = 4 * 1024 * 1024;
/** Indexes in indexes: so deep, and so many of one image. */
const deepest = 3;
const mostIndexes = 20;

export function createRegistry({
  host,
  origin: given,
  credential,
  http,
  concurrency = 4,
  random = Math.random,
}: RegistryOptions): Registry {
  if (!isHost(host)) throw new TidemarkError('CONFIG_INVALID', 'Nothing was asked of a registry: what was given is no name of a host.');
  const origin = new URL(given ?? `https://${host}`);
  const ask = createAsk({ registry: host, origin, credential, http, concurrency, random });

  /** The manifest and its digest. What a digest names is verified; a tag's digest is that of the bytes. */
  const manifestOf = async (
    { repository, reference }: { repository: string; reference: string },
    options: FetchOptions,
    tally: Tally,
  ): Promise<{ readonly digest: string; readonly manifest: Manifest }> => {
    const wanted = checkReference(reference);
    const url = new URL(`/v2/${repository}/manifests/${reference}`, origin);
    const hash = wanted?.hash ?? 'sha256';
    const answer = await ask({ url, scope: pullOf(repository), accept: manifestTypes, maxBytes: mostManifestBytes, hash }, options, tally);
    const name = requestName('GET', url);
    const contentType = answer.headers['content-type'] ?? '';
    if (wanted !== null && wanted.hex !== answer.hash) {
      // The digest of a signed schema 1 leaves its signature out; nothing of it is used.
      if (isSigned(contentType)) return { digest: reference, manifest: { kind: 'schema1', mediaType: signedType } };
      throw misshapen(name, 'its content is not that of its digest');
    }
    const manifest = parseManifest(name, answer.text, contentType);
    const said = answer.headers['docker-content-digest'] ?? '';
    const own = manifest.kind === 'schema1' && digestOf(said) !== null ? said : `${hash}:${answer.hash ?? ''}`;
    return { digest: wanted === null ? own : reference, manifest };
  };

  const configOf = async (
    repository: string,
    { config, layers }: { readonly config: Descriptor; readonly layers: readonly Descriptor[] },
    options: FetchOptions,
    tally: Tally,
  ): Promise<ImageConfig> => {
    const url = new URL(`/v2/${repository}/blobs/${config.digest}`, origin);
    const name = requestName('GET', url);
    if (config.size > mostConfigBytes) throw misshapen(name, `its size is said to be ${config.size} bytes, more than ${mostConfigBytes}`);
    const digest = checkReference(config.digest);
    const question = { url, scope: pullOf(repository), accept: '*/*', maxBytes: config.size, hash: digest?.hash ?? 'sha256' } as const;
    const answer = await ask({ ...question, stored: true }, options, tally);
    if (answer.hash !== digest?.hex) throw misshapen(name, 'its content is not that of its digest');
    if (Buffer.byteLength(answer.text) !== config.size) throw misshapen(name, 'its size is not the one that its manifest says');
    return parseConfig(name, answer.text, layers);
  };

  /** The images of an index and of the indexes in it. One that is not there, or comes again, has none. */
  const childrenOf = async (repository: string, top: Manifest, options: FetchOptions, tally: Tally): Promise<Child[]> => {
    const children = new Map<string, Child>();
    const seen = new Set<string>();
    const visit = async (manifest: Manifest, depth: number): Promise<void> => {
      if (manifest.kind !== 'index') return;
      for (const child of manifest.children) if (!children.has(child.digest)) children.set(child.digest, child);
      for (const digest of manifest.nested) {
        if (seen.has(digest)) continue;
        if (depth >= deepest || seen.size >= mostIndexes) {
          throw misshapen(`${host}/${repository}`, `its indexes are nested deeper than ${deepest} or are more than ${mostIndexes}`);
        }
        seen.add(digest);
        const found = await unlessAbsent(manifestOf({ repository, reference: digest }, options, tally));
        if (found !== null) await visit(found.manifest, depth + 1);
      }
    };
    await visit(top, 0);
    return [...children.values()];
  };

  return {
    host,
    async image({ repository, reference }, options) {
      checkRepository(repository);
      const tally: Tally = { requests: 0, bytes: 0, throttledMs: 0 };
      const { digest, manifest } = await manifestOf({ repository, reference }, options, tally);
      const config = manifest.kind === 'image' ? await configOf(repository, manifest, options, tally) : null;
      const children = await childrenOf(repository, manifest, options, tally);
      return {
        digest,
        mediaType: manifest.mediaType,
        kind: manifest.kind,
        sizeBytes: 'sizeBytes' in manifest ? manifest.sizeBytes : null,
        config,
        children,
        chosen: (children.find(({ platform }) => platform === 'linux/amd64') ?? children[0])?.digest ?? null,
        ...tally,
      };
    },
    async digest({ repository, tag }, options) {
      checkRepository(repository);
      const tally: Tally = { requests: 0, bytes: 0, throttledMs: 0 };
      const { digest } = await manifestOf({ repository, reference: tag }, options, tally);
      return { digest, ...tally };
    },
    async repositories({ after }, options) {
      return list('repositories', repositoriesPath, { name: 'registry:catalog:*', access: 'catalog' }, after, options);
    },
    async tags({ repository, after }, options) {
      checkRepository(repository);
      return list('tags', tagsPath(repository), pullOf(repository), after, options);
    },
  };

  async function list(
    kind: 'repositories' | 'tags',
    path: string,
    scope: Scope,
    after: string | null,
    options: FetchOptions,
  ): Promise<NameList> {
    const tally: Tally = { requests: 0, bytes: 0, throttledMs: 0 };
    const url = listUrl(origin, path, after);
    const answer = await ask({ url, scope, accept: 'application/json', maxBytes: mostListBytes }, options, tally);
    return { ...parsePage(kind, origin, url, answer), ...tally };
  }
}

const pullOf = (repository: string): Scope => ({ name: `repository:${repository}:pull`, access: 'pull' });

/** What was found, or null when the registry does not have it: an index may name what was never pushed. */
async function unlessAbsent<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'SOURCE_NOT_FOUND') return null;
    throw error;
  }
}
