// `POST /providers/Microsoft.ResourceGraph/resources`: scopes, pages and their tokens, the cap on an answer's size.
// https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results, …/rest/api/azureresourcegraph
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject } from '../../src/model.ts';
import type { Answer } from '../answer.ts';
import type { Management } from './management.ts';
import { parseQuery } from './kql/parse.ts';
import { InvalidQuery } from './kql/refused.ts';
import type { Query } from './kql/tree.ts';
import { badQuery, forbidden } from './refusals.ts';
import { isPageable, type View } from './operators.ts';
import { viewOf } from './view.ts';

const requestSchema = z.object({
  subscriptions: z.array(z.string()).optional(),
  managementGroups: z.array(z.string()).optional(),
  query: z.string(),
  options: z
    .object({
      $skipToken: z.string().optional(),
      $top: z.number().int().optional(),
      $skip: z.number().int().min(0).optional(),
      resultFormat: z.enum(['objectArray', 'table']).optional(),
      allowPartialScopes: z.boolean().optional(),
    })
    .optional(),
});
type Asked = z.infer<typeof requestSchema>;

/** What a token remembers. It goes with one query of one choice of scopes. */
export interface Token {
  readonly of: string;
  readonly skip: number;
}

const mostSubscriptions = 1_000;
const mostManagementGroups = 10;

/** `said` takes what was asked and found, for the list of requests. */
export function answerResources(management: Management, body: string, said: string[]): Answer {
  const asked = parseBody(body);
  const top = asked.options?.$top ?? 100;
  if (top < 1 || top > 1000) throw badQuery('InvalidTop', `The $top has to be from 1 to 1000. Given: ${top}.`);
  if (asked.options?.resultFormat === 'table') throw badQuery('NotSimulated', 'The simulator answers arrays of objects alone.');
  const query = parse(asked.query);
  const subscriptions = scopeOf(management, asked);
  const of = createHash('sha256')
    .update(JSON.stringify([asked.query, subscriptions]))
    .digest('base64url');
  const skip = skipOf(management, asked, of);
  const view = management.view(of, () => viewOf(management.estate, query, subscriptions));
  const data = pageOf(view, skip, top);
  const end = skip + data.length;
  const more = end < view.count;
  const token = more && isPageable(query) ? management.sealer.seal({ of, skip: end }) : null;
  said.push(`${query.table} ${subscriptions.length} subscriptions, ${data.length} of ${view.count} from ${skip}`);
  const text = JSON.stringify({
    totalRecords: view.count,
    count: data.length,
    data,
    facets: [],
    resultTruncated: more && token === null ? 'true' : 'false',
    ...(token === null ? {} : { $skipToken: token }),
  });
  const limit = management.settings.responseBytes;
  if (text.length > limit) {
    const message = `Response payload size is ${text.length}, and has exceeded the limit of ${limit}. Please consider querying less data at a time and make paginated call if needed.`;
    throw badQuery('ResponsePayloadTooLarge', message);
  }
  return { status: 200, headers: {}, body: text };
}

/** Without an order by id, the second page begins with the last row of the first: one twice, and at the end one never. */
function pageOf(view: View, skip: number, top: number): JsonObject[] {
  const shift = view.stable || skip === 0 ? 0 : 1;
  const count = Math.max(Math.min(top, view.count - skip), 0);
  return Array.from({ length: count }, (_, index) => view.rowAt(skip + index - shift));
}

function opened(sealer: Management['sealer'], token: string): Token | null {
  try {
    return sealer.open(token);
  } catch {
    return null;
  }
}

function parseBody(body: string): Asked {
  try {
    return requestSchema.parse(JSON.parse(body));
  } catch {
    throw badQuery('InvalidRequest', 'The request body is not valid.');
  }
}

function parse(text: string): Query {
  try {
    const query = parseQuery(text);
    if (!['resources', 'securityresources'].includes(query.table.toLowerCase())) throw new InvalidQuery(query.table, 0);
    return query;
  } catch (error) {
    if (!(error instanceof InvalidQuery)) throw error;
    throw badQuery('ParserFailure', 'ParserFailure', { line: 1, token: error.word, characterPositionInLine: error.at });
  }
}

function scopeOf({ estate, readable, groups }: Management, { subscriptions = [], managementGroups = [] }: Asked): number[] {
  if (subscriptions.length > 0 && managementGroups.length > 0)
    throw badQuery('InvalidScopes', 'Give subscriptions or management groups, not both.');
  if (subscriptions.length > mostSubscriptions)
    throw badQuery('TooManySubscriptions', `The limit is ${mostSubscriptions} subscriptions. Given: ${subscriptions.length}.`);
  if (managementGroups.length > mostManagementGroups)
    throw badQuery('TooManyManagementGroups', `The limit is ${mostManagementGroups}. Given: ${managementGroups.length}.`);
  const wrong = subscriptions.filter((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id));
  if (wrong.length > 0)
    throw badQuery('SubscriptionsContainInvalidGuids', `Subscription ids have to be valid GUIDs. Given: '${wrong.join(' ')}'.`);
  const lost = managementGroups.find((group) => groups(group) === null);
  if (lost !== undefined)
    throw forbidden('Microsoft.Management/managementGroups/read', `/providers/Microsoft.Management/managementGroups/${lost}`);
  const named = new Set(subscriptions.map((id) => id.toLowerCase()));
  const under = new Set(managementGroups.flatMap((group) => groups(group) ?? []));
  const everywhere = named.size === 0 && under.size === 0;
  // What may not be read is left out without a word.
  const found = readable().filter((at) => everywhere || under.has(at) || named.has(estate.places.subscriptions[at] ?? ''));
  if (found.length > 0) return found;
  throw badQuery(
    'NoValidSubscriptionsInQueryRequest',
    `There must be at least one subscription that is eligible to contain resources. Given: '${subscriptions.join(', ')}'.`,
  );
}

function skipOf({ sealer }: Management, { options }: Asked, of: string): number {
  if (options?.$skipToken === undefined) return options?.$skip ?? 0;
  // How Microsoft calls these is not documented.
  const token = opened(sealer, options.$skipToken);
  if (token?.of !== of) throw badQuery('InvalidSkipToken', 'The skip token is of another query, or of other scopes.');
  return options.$skip ?? token.skip;
}
