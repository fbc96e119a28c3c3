// Pages of a registry's lists: the repositories it has, and the tags of one. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import { type HttpAnswer, parseJson } from '../http.ts';
import { requestName } from '../redact.ts';
import { misshapen } from './manifest.ts';
import { isRepository, isTag } from './references.ts';

/** What is asked for; a page may well hold fewer and have a next one. */
const pageSize = 500;

export const repositoriesPath = '/v2/_catalog';
export const tagsPath = (repository: string): string => `/v2/${repository}/tags/list`;

/** The URL of a list's page: the first, or the one that a page before named. @throws LINK_REFUSED for a link that is not of this list. */
export function listUrl(origin: URL, path: string, after: string | null): URL {
  const url = new URL(after ?? `${path}?n=${pageSize}`, origin);
  if (url.origin === origin.origin && url.pathname === path && url.username === '' && url.password === '') return url;
  throw new TidemarkError(
    'LINK_REFUSED',
    `${requestName('GET', new URL(path, origin))}: links to a page elsewhere; nothing was sent there.`,
    {
      details: { registry: origin.host },
    },
  );
}

export interface NamePage {
  readonly names: readonly string[];
  /** Opaque; null after the last page. */
  readonly next: string | null;
  /** Names that no registry can have, left out. */
  readonly refused: number;
}

const names = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const kinds = {
  repositories: { schema: z.object({ repositories: names }).transform((page) => page.repositories), judge: isRepository },
  tags: { schema: z.object({ tags: names }).transform((page) => page.tags), judge: isTag },
} as const;

/** Codes: SOURCE_SHAPE_CHANGED, also for a page that names itself as the next; LINK_REFUSED for a next page elsewhere. */
export function parsePage(kind: keyof typeof kinds, origin: URL, url: URL, answer: HttpAnswer): NamePage {
  const { schema, judge } = kinds[kind];
  const parsed = schema.safeParse(parseJson('GET', url, answer));
  if (!parsed.success) throw misshapen(requestName('GET', url), 'it is no list of names');
  const listed = parsed.data.filter((name) => judge(name));
  const link = nextOf(answer.headers['link'] ?? '');
  const next = link === null ? null : listUrl(origin, url.pathname, link);
  if (next?.href === url.href) throw misshapen(requestName('GET', url), 'its next page is itself');
  return { names: listed, next: next === null ? null : `${next.pathname}${next.search}`, refused: parsed.data.length - listed.length };
}

/** The target of `<…>; rel="next"`. */
function nextOf(header: string): string | null {
  return /<([^<>]*)>\s*;[^<]*\brel="?next\b/i.exec(header)?.[1] ?? null;
}
