// Who belongs to a group now: positions that stay where they are while members come and go, so that a page can end anywhere.
import { baseMember, baseMemberCount, baseOwner, baseOwnerCount } from './shape.ts';
import type { Ref } from './random.ts';
import type { GroupRelation } from './properties.ts';
import type { Tenant } from './tenant.ts';

export interface Link {
  readonly id: string;
  readonly ref: Ref;
}

function baseCount(tenant: Tenant, group: number, relation: GroupRelation): number {
  return relation === 'members' ? baseMemberCount(tenant.shape, group) : baseOwnerCount(tenant.shape, group);
}

/** Positions of a relation, taken or empty: it never shrinks. */
export function positions(tenant: Tenant, group: number, relation: GroupRelation): number {
  const overlay = tenant.overlays.group.get(group)?.links.get(relation);
  return baseCount(tenant, group, relation) + (overlay?.added.length ?? 0);
}

/** Who stands at a position: null when taken away or gone for good. What is in the bin keeps its place and comes back to it. */
export function linkAt(tenant: Tenant, group: number, relation: GroupRelation, position: number): Link | null {
  const base = baseCount(tenant, group, relation);
  const overlay = tenant.overlays.group.get(group)?.links.get(relation);
  if (position >= base) {
    const id = overlay?.added[position - base] ?? null;
    const ref = id === null ? null : tenant.find(id);
    return id === null || ref === null || tenant.stateOf(ref) === 'hard' ? null : { id, ref };
  }
  const ref = relation === 'members' ? baseMember(tenant.shape, group, position) : baseOwner(tenant.shape, group, position);
  if (tenant.stateOf(ref) === 'hard') return null;
  const id = tenant.id(ref);
  return overlay?.removed.has(id) === true ? null : { id, ref };
}

/** The elements of a relation in order of position; those in the bin only on demand. */
export function* linksOf(tenant: Tenant, group: number, relation: GroupRelation, withBin = false): Generator<Link> {
  for (let position = 0; position < positions(tenant, group, relation); position += 1) {
    const link = linkAt(tenant, group, relation, position);
    if (link !== null && (withBin || tenant.isLive(link.ref))) yield link;
  }
}

/** Whether an object stands in a relation, be it living or deleted: what adding and removing go by. */
export function isLinked(tenant: Tenant, group: number, relation: GroupRelation, id: string): boolean {
  const overlay = tenant.overlays.group.get(group)?.links.get(relation);
  if (overlay?.added.includes(id) === true) return true;
  return overlay?.removed.has(id) !== true && isBase(tenant, group, relation, id);
}

function isBase(tenant: Tenant, group: number, relation: GroupRelation, id: string): boolean {
  const sought = tenant.find(id);
  if (sought === null) return false;
  for (let position = 0; position < baseCount(tenant, group, relation); position += 1) {
    const ref = relation === 'members' ? baseMember(tenant.shape, group, position) : baseOwner(tenant.shape, group, position);
    if (ref.index === sought.index && ref.kind === sought.kind) return true;
  }
  return false;
}

/** Puts an object into a relation or takes it out. Answers false when nothing had to change. */
export function setLink(tenant: Tenant, group: number, relation: GroupRelation, id: string, present: boolean): boolean {
  if (isLinked(tenant, group, relation, id) === present) return false;
  const links = tenant.touch('group', group).links;
  const overlay = links.get(relation) ?? { removed: new Set<string>(), added: [] };
  links.set(relation, overlay);
  if (present) overlay.added.push(id);
  else {
    const at = overlay.added.indexOf(id);
    if (at >= 0) overlay.added[at] = null;
    else overlay.removed.add(id);
  }
  tenant.note('group', group, { what: 'link', relation, id, present });
  return true;
}
