// Images that no finding names, from the catalogs of the connection's registries (decision 48): hosts in order, their repositories, the tags of these.
// MUST leave images that findings name to the collection before it, and read no digest's content twice.
import { z } from 'zod';
import type { Registry } from '../clients/registry/registry.ts';
import type { FetchOptions, SourcePage } from '../clients/source.ts';
import { asTidemarkError, type TidemarkError } from '../errors.ts';
import { placementId } from '../mappings/defender/finding.ts';
import type { JsonObject } from '../model.ts';
import { namedIds, type NamedAsset } from '../store/finding.ts';
import { loginServers } from '../store/image.ts';
import { imagesOf, registryStream } from './images.ts';
import type { ReaderDependencies, ReaderTarget } from './readers.ts';
import { noteRegistryTrouble } from './trouble.ts';

const placeSchema = z.strictObject({
  host: z.string(),
  /** The page of its repositories; null: the first. */
  page: z.string().nullable(),
  /** The repository of that page that was read last; null: none yet. */
  repository: z.string().nullable(),
  /** The page of its tags to go on with; null: it was read to its end. */
  tags: z.string().nullable(),
});
type Place = z.infer<typeof placeSchema>;

/** Each tag costs a request, and its content two more when it is new; each repository one. */
const tagsAtOnce = 200;
const repositoriesAtOnce = 100;

interface Tagged {
  readonly repository: string;
  readonly tag: string;
}

interface Spent {
  requests: number;
  bytes: number;
  throttledMs: number;
}

/** @throws SOURCE_THROTTLED when a registry asks for a longer pause: the page is read again. */
export async function catalogPage(
  dependencies: ReaderDependencies,
  of: ReaderTarget,
  link: string,
  options: FetchOptions,
): Promise<SourcePage> {
  const { database, registries } = dependencies;
  const { connection } = of.target;
  const listed = await loginServers(database, { connection, stream: registryStream });
  const hosts = registries?.hosts(listed) ?? [];
  const at = link === '' ? firstOf(hosts[0]) : placeSchema.parse(JSON.parse(link));
  const following = firstOf(hosts.find((host) => at !== null && host > at.host));
  const registry = at === null ? null : (registries?.of(at.host, listed) ?? null);
  if (at === null || registry === null) return pageOf([], following);
  const reading = new CatalogReading(registry, options);
  const { tagged, next } = await reading.tags(at);
  const { named, rejects } = await reading.digests(tagged, listed.includes(at.host) ? 'Azure' : null);
  for (const failure of reading.failures) await noteRegistryTrouble(database, of, failure);
  const known = new Set(await namedIds(database, { connection, of: 'container-image', ids: named.map(({ id }) => id) }));
  const images = await imagesOf(
    dependencies,
    of,
    named.filter(({ id }) => !known.has(id)),
    options,
  );
  const page = pageOf(images.objects.filter(isImage), next === 'host read' ? following : next);
  for (const key of ['requests', 'bytes', 'throttledMs'] as const) reading.spent[key] += images[key];
  return { ...page, ...reading.spent, rejects: [...rejects, ...(images.rejects ?? [])] };
}

const firstOf = (host: string | undefined): Place | null =>
  host === undefined ? null : { host, page: null, repository: null, tags: null };

const pageOf = (objects: readonly JsonObject[], next: Place | null): SourcePage => ({
  objects,
  next: next === null ? null : JSON.stringify(next),
  cursor: null,
  requests: 0,
  bytes: 0,
  throttledMs: 0,
});

/** Charts, signatures and the like lie in registries too. What could not be read counts as an image. */
const isImage = ({ imageConfigV2: content }: JsonObject): boolean =>
  !(typeof content === 'object' && content !== null && 'kind' in content && content['kind'] === 'artifact');

/** One page's reading of one registry. */
class CatalogReading {
  readonly spent: Spent = { requests: 0, bytes: 0, throttledMs: 0 };
  /** What keeps the registry from being read whole. */
  readonly failures: TidemarkError[] = [];

  private readonly registry: Registry;
  private readonly options: FetchOptions;

  constructor(registry: Registry, options: FetchOptions) {
    this.registry = registry;
    this.options = options;
  }

  /** The tags of the next repositories, and where to go on. */
  async tags(at: Place): Promise<{ readonly tagged: Tagged[]; readonly next: Place | 'host read' }> {
    const tagged: Tagged[] = [];
    const page = await this.tried(() => this.registry.repositories({ after: at.page }, this.options));
    this.throttle();
    if (page === null) return { tagged, next: 'host read' };
    const left = leftOf(page.names, at);
    for (const [index, repository] of left.entries()) {
      const after = repository === at.repository ? at.tags : null;
      const list = await this.tried(() => this.registry.tags({ repository, after }, this.options));
      this.throttle();
      tagged.push(...(list?.names ?? []).map((tag) => ({ repository, tag })));
      // One repository may be kept from the application alone; a registry that does not answer is not asked for each of its repositories.
      if (this.failures.some(({ code }) => code !== 'SOURCE_FORBIDDEN')) return { tagged, next: 'host read' };
      const tags = list?.next ?? null;
      const enough = tagged.length >= tagsAtOnce || index + 1 >= repositoriesAtOnce;
      if (tags !== null || (enough && index + 1 < left.length)) return { tagged, next: { ...at, repository, tags } };
    }
    return { tagged, next: page.next === null ? 'host read' : { ...at, page: page.next, repository: null, tags: null } };
  }

  /** What the tags name, each digest of a repository once; of the cloud where that is known. */
  async digests(
    tagged: readonly Tagged[],
    source: string | null,
  ): Promise<{ readonly named: NamedAsset[]; readonly rejects: { readonly id: string; readonly reason: string }[] }> {
    const { host } = this.registry;
    const rejects: { id: string; reason: string }[] = [];
    const found = await Promise.all(
      tagged.map(async ({ repository, tag }) => {
        const refused = (reason: string): void => void rejects.push({ id: `${host}/${repository}:${tag}`, reason });
        return { repository, tag, answer: await this.tried(() => this.registry.digest({ repository, tag }, this.options), refused) };
      }),
    );
    this.throttle();
    const images = new Map<string, { readonly repositoryName: string; readonly digest: string; readonly tags: string[] }>();
    for (const { repository, tag, answer } of found) {
      if (answer === null) continue;
      const { digest } = answer;
      const id = placementId({ registryHost: host, repository, digest });
      const image = images.get(id) ?? { repositoryName: repository, digest, tags: [] };
      image.tags.push(tag);
      images.set(id, image);
    }
    const named = [...images].map(([id, { repositoryName, digest, tags }]): NamedAsset => {
      const artifactDetails = { registryHost: host, repositoryName, digest, tags: newestFirst(tags) };
      const resourceDetails = source === null ? {} : { resourceDetails: { source } };
      return { id, body: { properties: { ...resourceDetails, additionalData: { artifactDetails } } } };
    });
    return { named, rejects };
  }

  private throttled: TidemarkError | null = null;

  /** Only once nothing is under way any more. */
  private throttle(): void {
    if (this.throttled !== null) throw this.throttled;
  }

  /** null where there is nothing, or it is noted why not. `refused`: what is malformed is set aside, and is no failure of the registry. */
  private async tried<T extends Spent>(ask: () => Promise<T>, refused?: (reason: string) => void): Promise<T | null> {
    try {
      const answer = await ask();
      for (const key of ['requests', 'bytes', 'throttledMs'] as const) this.spent[key] += answer[key];
      this.options.alive?.();
      return answer;
    } catch (error) {
      this.options.signal.throwIfAborted();
      const failure = asTidemarkError(error);
      if (failure.code === 'SOURCE_THROTTLED') this.throttled ??= failure;
      else if (failure.code === 'SOURCE_SHAPE_CHANGED' && refused !== undefined) refused(failure.message);
      // It went meanwhile.
      else if (failure.code !== 'SOURCE_NOT_FOUND') this.failures.push(failure);
      return null;
    }
  }
}

/** The repositories of the page that are still to be read. A repository that went meanwhile is no place to go on from: then all of them. */
function leftOf(names: readonly string[], { repository, tags }: Place): readonly string[] {
  const index = repository === null ? -1 : names.indexOf(repository);
  return names.slice(index === -1 ? 0 : tags === null ? index + 1 : index);
}

/** No list tells the age of a tag: the highest version stands for the newest, and names before versions. */
const newestFirst = (tags: readonly string[]): string[] => tags.toSorted((a, b) => versions.compare(b, a));
const versions = new Intl.Collator('en', { numeric: true });
