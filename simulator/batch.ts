// `POST /$batch`: up to 20 requests in one, each answered and throttled by itself.
// Source: learn.microsoft.com/graph/json-batching
import type { Json, JsonObject } from '../src/model.ts';
import { badRequest, errorBody } from './answer.ts';
import type { Answer } from './answer.ts';
import type { GraphRequest } from './graph.ts';
import { reread } from './json.ts';

const most = 20;

interface Item {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dependsOn: readonly string[];
  readonly body: string;
}

/** Answers each item by `answerOne`, with the batch's own bearer. Throws a refusal (400) for a malformed batch. */
export function answerBatch(body: string, authorization: string | undefined, answerOne: (request: GraphRequest) => Answer): Answer {
  const items = ordered(parse(body));
  const statuses = new Map<string, number>();
  const responses = items.map((item): JsonObject => {
    const failed = item.dependsOn.some((id) => (statuses.get(id) ?? 424) >= 400);
    const answer = failed
      ? { status: 424, headers: {}, body: errorBody('FailedDependency', 'A request this one depends on failed.') }
      : answerOne(requestOf(item, authorization));
    statuses.set(item.id, answer.status);
    const said = answer.body === '' ? { body: null } : { body: answer.body };
    return { id: item.id, status: answer.status, headers: { ...answer.headers, 'Content-Type': 'application/json' }, ...said };
  });
  // The order of the responses is not promised: here it is the reverse.
  return { status: 200, headers: {}, body: { responses: responses.toReversed() } };
}

/** Nor is the order promised in which requests are carried out that do not depend on each other: writes are, from the last to the first. */
function ordered(items: readonly Item[]): readonly Item[] {
  const free = items.every((item) => item.dependsOn.length === 0);
  return free && items.some((item) => item.method !== 'GET') ? items.toReversed() : items;
}

function requestOf(item: Item, authorization: string | undefined): GraphRequest {
  const relative = item.url.replace(/^\//, '');
  const at = relative.indexOf('?');
  const headers = Object.fromEntries(Object.entries(item.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method: item.method,
    path: at < 0 ? relative : relative.slice(0, at),
    query: at < 0 ? '' : relative.slice(at + 1),
    headers: { ...headers, authorization },
    body: item.body,
  };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(body: string): Item[] {
  let value: Json;
  try {
    value = reread<Json>(body);
  } catch {
    throw badRequest('The batch is not JSON.', 'BadRequest');
  }
  const requests = isObject(value) ? value['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) throw badRequest('The batch has no requests.', 'BadRequest');
  if (requests.length > most)
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${most}.`, 'MaximumValueExceeded');
  const ids = new Set<string>();
  const items = requests.map((request) => {
    const item = itemOf(request);
    if (ids.has(item.id)) throw badRequest('The ids of the batch are not unique.', 'BadRequest');
    if (item.dependsOn.some((id) => !ids.has(id))) throw badRequest('A request depends on one that does not come before it.', 'BadRequest');
    ids.add(item.id);
    return item;
  });
  checkDependencies(items);
  return items;
}

/** All on one, or each on the one before it, or none. */
function checkDependencies(items: readonly Item[]): void {
  const dependent = items.filter((item) => item.dependsOn.length > 0);
  const onOne = new Set(dependent.flatMap((item) => item.dependsOn)).size <= 1;
  const chained = items.every((item, at) => at === 0 || (item.dependsOn.length === 1 && item.dependsOn[0] === items[at - 1]?.id));
  if (!onOne && !chained) throw badRequest('The requests of a batch must depend all on one, or each on the one before it.', 'BadRequest');
}

function itemOf(request: Json): Item {
  if (!isObject(request)) throw badRequest('A request of the batch is not an object.', 'BadRequest');
  const { id, method, url, headers, dependsOn, body } = request;
  if (typeof id !== 'string' || id === '' || typeof method !== 'string' || typeof url !== 'string' || /^[a-z]+:/i.test(url)) {
    throw badRequest('Each request of a batch needs id, method and a relative url.', 'BadRequest');
  }
  const given = isObject(headers) ? Object.entries(headers) : [];
  const typed = given.some(([name]) => name.toLowerCase() === 'content-type');
  const changes = method === 'POST' || method === 'PATCH' || method === 'PUT';
  if (changes && !url.endsWith('/restore') && (!typed || body === undefined))
    throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`, 'BadRequest');
  return {
    id,
    method,
    url,
    headers: Object.fromEntries(given.filter((pair): pair is [string, string] => typeof pair[1] === 'string')),
    body: body === undefined ? '' : JSON.stringify(body),
    dependsOn: Array.isArray(dependsOn) ? dependsOn.filter((other) => typeof other === 'string') : [],
  };
}
