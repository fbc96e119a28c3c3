// Query options, read strictly: what the documentation does not allow for an endpoint is refused with 400.
import { Refusal, badRequest, unsupportedQuery } from './answer.ts';
import { hasProperty } from './properties.ts';
import type { TypeDefinition } from './properties.ts';

const known = ['$select', '$top', '$skiptoken', '$deltatoken', '$filter', '$expand', '$count', '$orderby', '$search', '$skip', '$format'];

export type Query = ReadonlyMap<string, string>;

/** The options of a query string, decoded. Throws a refusal for a repeated or malformed one. */
export function parseQuery(text: string): Query {
  const query = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? '' : decode(pair.slice(at + 1));
    if (query.has(name)) throw badRequest(`Query option '${name}' was specified more than once, but it must be specified at most once.`);
    query.set(name, value);
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badRequest('The query string is malformed.');
  }
}

/** Refuses every option the endpoint does not take. */
export function allow(query: Query, allowed: readonly string[]): void {
  for (const name of query.keys()) {
    if (allowed.includes(name)) continue;
    if (known.includes(name)) throw unsupportedQuery(`The query option '${name}' is not supported for this resource.`);
    throw badRequest(`The query parameter '${name}' is not known.`, 'BadRequest');
  }
}

/** `$top` from 1 to 999; 100 when absent. */
export function topOf(query: Query): number {
  const text = query.get('$top');
  if (text === undefined) return 100;
  const top = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (top < 1 || top > 999) {
    throw unsupportedQuery(`Invalid page size specified: '${text}'. Must be between 1 and 999 inclusive.`);
  }
  return top;
}

/** The selected properties, or null. `relations` may be selected besides the type's own properties (delta queries). */
export function selectOf(query: Query, definition: TypeDefinition, relations: readonly string[] = []): string[] | null {
  const text = query.get('$select');
  if (text === undefined) return null;
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (definition.elsewhere.has(name)) {
      throw new Refusal(501, 'NotImplemented', `The property '${name}' is not available in this operation.`);
    }
    if (!hasProperty(definition, name) && !relations.includes(name)) {
      throw badRequest(
        `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${definition.type}'.`,
        'BadRequest',
      );
    }
  }
  return [...new Set(names)];
}

/** The ids of `id eq 'a' or id eq 'b'`, the one filter that delta queries and members take. */
export function idsOfFilter(text: string, most: number): string[] {
  const ids = text.split(/\s+or\s+/i).map((term) => /^\(?\s*id\s+eq\s+'([^']+)'\s*\)?$/.exec(term.trim())?.[1]);
  const found = ids.filter((id) => id !== undefined);
  if (found.length !== ids.length) throw unsupportedQuery("Only 'id eq' is supported in $filter here.");
  if (found.length > most) throw unsupportedQuery(`Too many ids in $filter: at most ${most}.`);
  return found;
}
