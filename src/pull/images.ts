// Container images: what findings say of where an image lies, joined with what its registry says of its content (decisions 48, 49, 55).
// MUST ask a registry for a digest once, ever; and give a credential to no host but those that Resource Graph lists or the connection names.
import { z } from 'zod';
import type { ImageFacts } from '../clients/registry/registry.ts';
import type { FetchOptions, SourcePage } from '../clients/source.ts';
import { asTidemarkError, type TidemarkError } from '../errors.ts';
import type { ErrorBrief, JsonObject } from '../model.ts';
import type { NamedAsset } from '../store/finding.ts';
import { keepImages, loginServers, readImages } from '../store/image.ts';
import type { ReaderDependencies, ReaderTarget } from './readers.ts';
import { noteRegistryTrouble } from './trouble.ts';

const artifact = z.object({
  properties: z.object({
    additionalData: z.object({
      artifactDetails: z.object({
        registryHost: z.string(),
        repositoryName: z.string(),
        digest: z.string(),
        tags: z.array(z.string()).nullish().catch(null),
      }),
    }),
  }),
});

interface Placement {
  readonly id: string;
  readonly body: JsonObject;
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
}

/** Images read at the same time: enough to keep a registry busy, and few when it refuses or asks for a pause. */
const imagesUnderWay = 8;

type Read = Pick<SourcePage, 'objects' | 'rejects' | 'requests' | 'bytes' | 'throttledMs'>;

/** The streams of login servers, and of flaws, which say where an image lies: a convention between the connector's streams. */
export const registryStream = 'registries';
export const flawStream = 'vulnerabilities';

/** @throws SOURCE_THROTTLED when a registry asks for a longer pause: what was read until then is kept. */
export async function imagesOf(
  dependencies: ReaderDependencies,
  of: ReaderTarget,
  named: readonly NamedAsset[],
  options: FetchOptions,
): Promise<Read> {
  const { database } = dependencies;
  const placements = named.flatMap(placementOf);
  const known = new Map(await readImages(database, [...new Set(placements.map(({ digest }) => digest))]));
  const unknown = placements.filter(({ digest }) => !known.has(digest));
  const found = unknown.length === 0 ? nothing : await readRegistries(dependencies, of, unknown, options);
  for (const [digest, content] of found.contents) known.set(digest, content);
  const { requests, bytes, throttledMs } = found;
  // None is left out in silence: it stays as it was, and the report counts it.
  const placed = new Set(placements.map(({ id }) => id));
  const nowhere = named.filter(({ id, body }) => body !== null && !placed.has(id));
  const rejects = [...found.rejects, ...nowhere.map(({ id }) => ({ id, reason: 'Its findings do not say where the image lies.' }))];
  return { objects: placements.map((placement) => imageOf(placement, known.get(placement.digest))), rejects, requests, bytes, throttledMs };
}

function placementOf({ id, body }: NamedAsset): Placement[] {
  const parsed = artifact.safeParse(body);
  if (body === null || !parsed.success) return [];
  const { registryHost: host, repositoryName: repository, digest, tags } = parsed.data.properties.additionalData.artifactDetails;
  return [{ id, body, host, repository, digest, tags: tags ?? [] }];
}

/** The document's source object: what the finding says of the image, and what the registry does. */
function imageOf({ id, body, host, repository, tags }: Placement, content: JsonObject | undefined): JsonObject {
  const sorted = [...new Set(tags)].sort();
  const [tag] = tags;
  return {
    ...body,
    id,
    imageTagReferences: sorted.map((name) => `${host}/${repository}:${name}`),
    ...(tag === undefined ? {} : { imageTag: tag }),
    ...(content === undefined ? {} : { imageConfigV2: content }),
  };
}

interface Found extends Omit<Read, 'objects'> {
  readonly contents: ReadonlyMap<string, JsonObject>;
  readonly rejects: { readonly id: string; readonly reason: string }[];
}

const nothing: Found = { contents: new Map(), rejects: [], requests: 0, bytes: 0, throttledMs: 0 };

async function readRegistries(
  { database, registries }: ReaderDependencies,
  of: ReaderTarget,
  placements: readonly Placement[],
  options: FetchOptions,
): Promise<Found> {
  const { connection } = of.target;
  const listed = await loginServers(database, { connection, stream: registryStream });
  const contents = new Map<string, JsonObject>();
  const spent = { requests: 0, bytes: 0, throttledMs: 0 };
  const rejects: { id: string; reason: string }[] = [];
  const troubles = new Map<string, TidemarkError | null>();
  /** Hosts and repositories that are asked no more. */
  const silent = new Set<string>();
  let throttled: TidemarkError | null = null;
  const count = (facts: ImageFacts): void => {
    for (const key of ['requests', 'bytes', 'throttledMs'] as const) spent[key] += facts[key];
  };
  const read = async ({ id, host, repository, digest }: Placement): Promise<void> => {
    const registry = registries?.of(host, listed) ?? null;
    if (registry === null) {
      troubles.set(host, null);
      return;
    }
    const place = `${host}/${repository}`;
    if (throttled !== null || silent.has(host) || silent.has(place) || contents.has(digest)) return;
    try {
      const facts = await registry.image({ repository, reference: digest }, options);
      count(facts);
      const chosen = facts.chosen === null ? facts : await registry.image({ repository, reference: facts.chosen }, options);
      if (chosen !== facts) count(chosen);
      contents.set(digest, contentOf(facts, chosen));
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = asTidemarkError(error);
      if (failure.code === 'SOURCE_THROTTLED') throttled ??= failure;
      // The image went from its registry, which says so: what findings say of it stays.
      else if (failure.code === 'SOURCE_SHAPE_CHANGED') rejects.push({ id: `${id}/content`, reason: failure.message });
      else if (failure.code !== 'SOURCE_NOT_FOUND') {
        troubles.set(host, failure);
        // One repository may be kept from the application alone.
        silent.add(failure.code === 'SOURCE_FORBIDDEN' ? place : host);
      }
    }
    options.alive?.();
  };
  // Where one digest lies in several places, the next is asked only when the one before could not tell.
  const waiting = byDigest(placements);
  const work = async (): Promise<void> => {
    for (let places = waiting.shift(); places !== undefined; places = waiting.shift())
      for (const placement of places) await read(placement);
  };
  await Promise.all(Array.from({ length: imagesUnderWay }, work));
  await keepImages(database, contents);
  for (const [host, failure] of troubles) {
    await noteRegistryTrouble(database, of, failure ?? notAllowed(host));
  }
  if (throttled !== null) throw throttled as TidemarkError;
  return { contents, rejects, ...spent };
}

function byDigest(placements: readonly Placement[]): Placement[][] {
  const places = new Map<string, Placement[]>();
  for (const placement of placements) places.set(placement.digest, [...(places.get(placement.digest) ?? []), placement]);
  return [...places.values()];
}

function contentOf({ mediaType, kind, sizeBytes }: ImageFacts, { config }: ImageFacts): JsonObject {
  const { os, architecture, created, history = [] } = config ?? {};
  return {
    mediaType,
    kind,
    sizeBytes,
    os: os ?? null,
    architecture: architecture ?? null,
    created: created ?? null,
    history: history.map(({ size, digest, created_by }) => ({ size, digest, created_by })),
  };
}

function notAllowed(host: string): ErrorBrief {
  return {
    code: 'LINK_REFUSED',
    message: `${host.slice(0, 255)} gets no credential: it is no registry of the subscriptions read, and none that the connection names. Its images have no content.`,
    hint: 'Add it to endpoints.registries of the connection if it is yours, or give the application Reader on its subscription.',
  };
}
