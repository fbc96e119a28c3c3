// Pages that are answered differently when a fault asks for it: other links, other objects, poisoned ones.
import type { Json, JsonObject } from '../src/model.ts';
import type { Answer } from './answer.ts';
import type { PageFault } from './faults.ts';
import { poison, poisonText } from './poison.ts';

const nextLink = '@odata.nextLink';
const deltaLink = '@odata.deltaLink';

/** The last object of the page before, by path: what `duplicate` shows again. */
export type PageMemory = Map<string, Json>;

/** The answer with the faults applied in order. An answer without a page only takes headers and padding. */
export function editPage(answer: Answer, faults: readonly PageFault[], of: { url: string; path: string; memory: PageMemory }): Answer {
  if (answer.status !== 200 || typeof answer.body === 'string') return answer;
  const before = of.url.includes('$skiptoken=') ? of.memory.get(of.path) : undefined;
  const last = arrayOf(answer.body['value']).at(-1);
  if (last !== undefined) of.memory.set(of.path, last);
  const headers: Record<string, string> = { ...answer.headers };
  const body: JsonObject = { ...answer.body };
  let paddedTo = 0;
  let poisoned = false;
  for (const fault of faults) {
    if (fault.kind === 'header') headers[fault.name.toLowerCase()] = fault.value;
    else if (fault.kind === 'padding') paddedTo = fault.bytes;
    else if (fault.kind === 'poison') {
      poisoned = true;
      body['value'] = poison(arrayOf(body['value']), fault.how);
    } else if (answer.again !== undefined) edit(body, fault, { again: answer.again, url: of.url, before });
  }
  if (paddedTo === 0 && !poisoned) return { ...answer, headers, body };
  const text = poisonText(JSON.stringify(body));
  const missing = Math.max(paddedTo - text.length, 0);
  return { ...answer, headers, body: missing === 0 ? text : `${text.slice(0, -1)}${' '.repeat(missing)}}` };
}

function arrayOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function setNext(body: JsonObject, link: string): void {
  delete body[deltaLink];
  body[nextLink] = link;
}

function edit(body: JsonObject, fault: PageFault, page: { again: () => string; url: string; before: Json | undefined }): void {
  const value = arrayOf(body['value']);
  switch (fault.kind) {
    case 'emptyPage':
      setNext(body, page.again());
      body['value'] = [];
      return;
    case 'replay':
      setNext(body, page.again());
      return;
    case 'selfLink':
      setNext(body, page.url);
      return;
    case 'bothLinks':
      body[nextLink] ??= page.again();
      body[deltaLink] ??= page.again().replace('$skiptoken=', '$deltatoken=');
      return;
    case 'noLinks':
      delete body[nextLink];
      delete body[deltaLink];
      return;
    case 'missingValue':
      delete body['value'];
      return;
    case 'splitGroups':
      body['value'] = split(value);
      return;
    case 'duplicate':
      body['value'] = [...(page.before === undefined ? [] : [page.before]), ...value, ...value.slice(0, fault.count ?? 3)];
      return;
    case 'omit':
      body['value'] = value.slice(fault.count);
      return;
    case 'foreignLink':
      setNext(body, foreign(typeof body[nextLink] === 'string' ? body[nextLink] : page.again(), fault.how, fault.origin));
      return;
    // These change the whole answer or the tenant, not the page.
    case 'header':
    case 'padding':
    case 'poison':
    case 'mutate':
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Cuts every members list in two; the second halves follow at the page's end under the same ids. */
function split(value: readonly Json[]): Json[] {
  const rest: Json[] = [];
  const first = value.map((object) => {
    if (!isObject(object)) return object;
    const kept = { ...object };
    for (const name of ['members@delta', 'owners@delta']) {
      const links = arrayOf(object[name]);
      if (links.length < 2) continue;
      const half = Math.floor(links.length / 2);
      kept[name] = links.slice(0, half);
      rest.push({ id: object['id'] ?? null, [name]: links.slice(half) });
    }
    return kept;
  });
  return [...first, ...rest];
}

function foreign(link: string, how: Extract<PageFault, { kind: 'foreignLink' }>['how'], origin = 'https://graph.example.invalid'): string {
  const url = new URL(link);
  const rest = link.slice(url.origin.length);
  switch (how) {
    case 'origin':
      return `${origin}${rest}`;
    case 'http':
      return `http://${url.host}${rest}`;
    case 'userinfo':
      return `${url.protocol}//user:password@${url.host}${rest}`;
    case 'lookalike':
      return `${url.protocol}//${url.hostname}.example.invalid:${url.port}${rest}`;
    case 'port':
      return `${url.protocol}//${url.hostname}:${Number(url.port) === 1 ? 2 : 1}${rest}`;
    case 'path':
      return `${url.origin}/beta${rest.slice('/v1.0'.length)}`;
  }
}
