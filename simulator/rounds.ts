// The contents of delta pages. MUST keep a group's cut list under the same id on the next page, and never end a page inside one change.
import type { JsonObject } from '../src/model.ts';
import type { Cloud } from './cloud.ts';
import { linkAt, positions } from './links.ts';
import { linkRelations } from './properties.ts';
import type { LinkRelation } from './properties.ts';
import type { Ref } from './random.ts';
import type { Changing, Tenant } from './tenant.ts';
import { odataType, shows, sparse } from './views.ts';

export interface RoundQuery {
  readonly kind: Changing;
  /** Selected properties; null: the default ones. */
  readonly properties: readonly string[] | null;
  readonly relations: readonly LinkRelation[];
  readonly ids: ReadonlySet<string> | null;
  readonly minimal: boolean;
  /** Whether the application sees who is in groups that hide it. */
  readonly seesHidden: boolean;
}

interface Place {
  readonly at: number;
  readonly within: number;
}

export interface RoundPage {
  readonly value: JsonObject[];
  readonly next: Place | null;
}

/**
 * A page of the first round: every object with its members and owners; what is in the bin comes as removed, and stays a member of its groups:
 * clients must bear both.
 */
export function wholePage(cloud: Cloud, query: RoundQuery, at: number, within: number): RoundPage {
  const { tenant, settings } = cloud;
  const value: JsonObject[] = [];
  const count = tenant.count(query.kind);
  let room = settings.deltaMemberPageSize;
  for (let index = at, start = within; index < count; index += 1, start = 0) {
    if (value.length >= settings.deltaPageSize) return { value, next: { at: index, within: 0 } };
    const ref = { kind: query.kind, index };
    const id = tenant.id(ref);
    if (query.ids !== null && !query.ids.has(id)) continue;
    const state = tenant.stateOf(ref);
    if (state === 'soft') value.push(removed(id, 'changed'));
    if (state !== 'live') continue;
    const object = start === 0 ? sparse(tenant, ref, query.properties, false) : { id };
    let from = start;
    let passed = 0;
    for (const relation of query.relations) {
      const size = shows(tenant, ref, relation, query.seesHidden) ? positions(tenant, ref, relation) : 0;
      const links: JsonObject[] = [];
      while (from < passed + size && room > 0) {
        const link = linkAt(tenant, ref, relation, from - passed);
        if (link !== null) links.push({ '@odata.type': odataType(link.ref.kind), id: link.id });
        from += 1;
        room -= 1;
      }
      if (links.length > 0) object[`${relation}@delta`] = links;
      passed += size;
      if (from < passed) {
        if (from > 0) value.push(object);
        return { value, next: { at: index, within: from } };
      }
    }
    value.push(object);
  }
  return { value, next: null };
}

function removed(id: string, reason: 'changed' | 'deleted'): JsonObject {
  return { id, '@removed': { reason } };
}

/** What one object went through in a round. */
interface Item {
  readonly index: number;
  /** Names of changed properties; null: the object comes whole. */
  names: Set<string> | null;
  readonly links: Map<string, { readonly relation: LinkRelation; readonly id: string; readonly present: boolean }>;
}

/** A page of a later round: objects with a change in (from, upTo] to what is tracked, as they are now. */
export function changedPage(cloud: Cloud, query: RoundQuery, round: Place & { readonly from: number; readonly upTo: number }): RoundPage {
  const { tenant, settings } = cloud;
  const items = collect(tenant, query, round.from, round.upTo, settings.deltaEvents === 'each');
  const value: JsonObject[] = [];
  let room = settings.deltaMemberPageSize;
  for (let at = round.at, start = round.within; at < items.length; at += 1, start = 0) {
    const item = items[at];
    if (item === undefined) break;
    if (value.length >= settings.deltaPageSize || room <= 0) return { value, next: { at, within: start } };
    const ref: Ref = { kind: query.kind, index: item.index };
    const state = tenant.stateOf(ref);
    if (state !== 'live') {
      value.push(removed(tenant.id(ref), state === 'soft' ? 'changed' : 'deleted'));
      continue;
    }
    const links = [...item.links.values()];
    const part = links.slice(start, start + room);
    value.push(start === 0 ? withLinks(head(tenant, query, ref, item), tenant, part) : withLinks({ id: tenant.id(ref) }, tenant, part));
    room -= part.length;
    if (start + part.length < links.length) return { value, next: { at, within: start + part.length } };
  }
  return { value, next: null };
}

function head(tenant: Tenant, query: RoundQuery, ref: Ref, item: Item): JsonObject {
  const names = item.names;
  if (!query.minimal || names === null) return sparse(tenant, ref, query.properties, true);
  const selected = query.properties ?? [...names];
  return sparse(
    tenant,
    ref,
    selected.filter((name) => names.has(name)),
    true,
  );
}

function withLinks(
  object: JsonObject,
  tenant: Tenant,
  links: readonly { readonly relation: LinkRelation; readonly id: string; readonly present: boolean }[],
): JsonObject {
  for (const relation of linkRelations) {
    const elements = links
      .filter((link) => link.relation === relation)
      .map(({ id, present }): JsonObject => {
        const type = odataType(tenant.find(id)?.kind ?? 'user');
        return present ? { '@odata.type': type, id } : { '@odata.type': type, id, '@removed': { reason: 'deleted' } };
      });
    if (elements.length > 0) object[`${relation}@delta`] = elements;
  }
  return object;
}

/** The round's items in order of first change: one per object, or with `each` one per change. */
function collect(tenant: Tenant, query: RoundQuery, from: number, upTo: number, each: boolean): Item[] {
  const items: Item[] = [];
  const known = new Map<number, Item>();
  for (let at = from; at < upTo; at += 1) {
    const entry = tenant.log[at];
    if (entry === undefined || entry.kind !== query.kind) continue;
    const { change, index } = entry;
    if (query.ids !== null && !query.ids.has(tenant.id({ kind: query.kind, index }))) continue;
    if (change.what === 'link' && !query.relations.includes(change.relation)) continue;
    if (change.what === 'link' && !shows(tenant, { kind: query.kind, index }, change.relation, query.seesHidden)) continue;
    const tracked = change.what === 'properties' ? change.names.filter((name) => query.properties?.includes(name) ?? true) : [];
    if (change.what === 'properties' && tracked.length === 0) continue;
    let item = each ? undefined : known.get(index);
    if (item === undefined) {
      item = { index, names: new Set(), links: new Map() };
      known.set(index, item);
      items.push(item);
    }
    if (change.what === 'link') item.links.set(`${change.relation} ${change.id}`, change);
    else if (change.what === 'properties') for (const name of tracked) item.names?.add(name);
    else item.names = null;
  }
  return items;
}
