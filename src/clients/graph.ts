// Microsoft Graph as a Source: pages by link, and whether single objects still exist. Knows no stream and no connector.
// https://learn.microsoft.com/graph/paging, https://learn.microsoft.com/graph/delta-query-overview
import { z } from 'zod';
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model.ts';
import { createAsk, type Dialect } from './ask.ts';
import { type Budget, createBudget } from './budget.ts';
import { askGone, type Asking, askMembers } from './graphBatch.ts';
import { graphError } from './graphErrors.ts';
import { buildLink, checkLink, isAdvanced, isDeltaLink, parseBase } from './graphLinks.ts';
import { createWriter, type Writer } from './graphWrite.ts';
import type { Http } from './http.ts';
import { requestName } from './redact.ts';
import type { FetchOptions, Source, SourcePage } from './source.ts';
import { slowDownMs } from './throttle.ts';
import type { TokenProvider } from './token.ts';
import { rolesOf } from './tokenClaims.ts';

export interface GraphOptions {
  /** E.g. `https://graph.microsoft.com/v1.0`. */
  readonly base: string;
  readonly token: TokenProvider;
  readonly http: Http;
  /** What all who ask this tenant with this application share. @default nobody shares it */
  readonly budget?: Budget;
  /** In [0, 1); spreads waits. @default Math.random */
  readonly random?: () => number;
}

/** The objects themselves are the pull's to judge: one without an id is set aside there and its page goes on. */
const pageSchema = z.object({
  value: z.array(z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))),
  '@odata.nextLink': z.string().nullish(),
  '@odata.deltaLink': z.string().nullish(),
});

const dialectOf = (base: URL): Dialect => ({
  headers: (url) => ({ 'x-ms-throttle-priority': 'low', ...(isAdvanced(url) ? { consistencylevel: 'eventual' } : {}) }),
  refusal(asked, answer, nowMs) {
    if (answer.status === 410 && answer.headers['location'] !== undefined) checkLink(base, answer.headers['location']);
    return graphError(asked, answer, nowMs);
  },
  warning: (headers) => ({ paceMs: slowDownMs(headers), emptyMs: 0 }),
});

function askingOf({ base, token, http, random = Math.random, ...given }: GraphOptions): Asking {
  const root = parseBase(base);
  const budget = given.budget ?? createBudget({ random });
  return { ask: createAsk({ dialect: dialectOf(root), token, http, budget, random }), base: root, budget };
}

export const createGraphWriter = (options: GraphOptions): Writer => createWriter(askingOf(options));

export function createGraphSource(of: GraphOptions): Source {
  const asking = askingOf(of);
  const root = asking.base;

  const page = async (link: string, options: FetchOptions): Promise<SourcePage> => {
    const url = checkLink(root, link);
    const answer = await asking.ask({ method: 'GET', url }, options);
    const { value, ...links } = readPage(url, answer.body);
    const next = links['@odata.nextLink'] ?? null;
    const cursor = links['@odata.deltaLink'] ?? null;
    if (next !== null && cursor !== null) throw shapeChanged(url, '@odata.deltaLink', 'a page has a next link or a delta link, never both');
    if (next === null && cursor === null && isDeltaLink(url))
      throw shapeChanged(url, '@odata.deltaLink', 'a delta page has neither a next link nor a delta link');
    return {
      objects: value,
      next: next === null ? null : onward(root, url, next),
      cursor: cursor === null ? null : checkLink(root, cursor).href,
      requests: answer.requests,
      bytes: answer.bytes,
      throttledMs: answer.throttledMs,
    };
  };

  return {
    link: (asked) => buildLink(root, asked),
    page,
    gone: (asked, options) => askGone(asking, asked, options),
    hasMembers: (asked, options) => askMembers(asking, asked, options),
    holds: async (permission, { signal }) => rolesOf(await of.token.token(signal)).includes(permission),
  };
}

/** A next link that is the page's own would be read for ever. */
function onward(base: URL, own: URL, next: string): string {
  const url = checkLink(base, next);
  if (url.href !== own.href) return url.href;
  throw new TidemarkError('LINK_REFUSED', `${requestName('GET', own)}: the next link is the page's own.`);
}

function readPage(url: URL, body: unknown): z.infer<typeof pageSchema> {
  const result = pageSchema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw shapeChanged(url, (issue?.path ?? []).join('.'), 'the page is not of the expected type there');
}

function shapeChanged(url: URL, path: string, what: string): TidemarkError {
  return new TidemarkError('SOURCE_SHAPE_CHANGED', `${requestName('GET', url)}: ${what} (at ${path === '' ? 'the top' : path}).`, {
    details: { path },
  });
}
