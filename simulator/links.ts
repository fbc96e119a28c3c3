// Who belongs to a group, holds a directory role or owns a service principal now: positions that stay where they are while members come and go, so that a page can end anywhere.
import {
  baseMember,
  baseMemberCount,
  baseOwner,
  baseOwnerCount,
  basePrincipalOwner,
  basePrincipalOwnerCount,
  baseRoleHolder,
  baseRoleHolderCount,
} from './shape.ts';
import type { Ref } from './random.ts';
import type { LinkRelation } from './properties.ts';
import type { Changing, Tenant } from './tenant.ts';

export interface Link {
  readonly id: string;
  readonly ref: Ref;
}

/** What has members or owners. */
export interface Container {
  readonly kind: Changing;
  readonly index: number;
}

function baseCount({ shape }: Tenant, { kind, index }: Container, relation: LinkRelation): number {
  if (kind === 'group') return relation === 'members' ? baseMemberCount(shape, index) : baseOwnerCount(shape, index);
  if (kind === 'directoryRole' && relation === 'members') return baseRoleHolderCount(shape, index);
  return kind === 'servicePrincipal' && relation === 'owners' ? basePrincipalOwnerCount(shape, index) : 0;
}

function baseLink({ shape }: Tenant, { kind, index }: Container, relation: LinkRelation, position: number): Ref {
  if (kind === 'directoryRole') return baseRoleHolder(shape, index);
  if (kind === 'servicePrincipal') return basePrincipalOwner(shape, index);
  return relation === 'members' ? baseMember(shape, index, position) : baseOwner(shape, index, position);
}

/** Positions of a relation, taken or empty: it never shrinks. */
export function positions(tenant: Tenant, of: Container, relation: LinkRelation): number {
  const overlay = tenant.overlay(of)?.links.get(relation);
  return baseCount(tenant, of, relation) + (overlay?.added.length ?? 0);
}

/** Who stands at a position: null when taken away or gone for good. What is in the bin keeps its place and comes back to it. */
export function linkAt(tenant: Tenant, of: Container, relation: LinkRelation, position: number): Link | null {
  const base = baseCount(tenant, of, relation);
  const overlay = tenant.overlay(of)?.links.get(relation);
  if (position >= base) {
    const id = overlay?.added[position - base] ?? null;
    const ref = id === null ? null : tenant.find(id);
    return id === null || ref === null || tenant.stateOf(ref) === 'hard' ? null : { id, ref };
  }
  const ref = baseLink(tenant, of, relation, position);
  if (tenant.stateOf(ref) === 'hard') return null;
  const id = tenant.id(ref);
  return overlay?.removed.has(id) === true ? null : { id, ref };
}

/** The elements of a relation in order of position; those in the bin only on demand. */
export function* linksOf(tenant: Tenant, of: Container, relation: LinkRelation, withBin = false): Generator<Link> {
  for (let position = 0; position < positions(tenant, of, relation); position += 1) {
    const link = linkAt(tenant, of, relation, position);
    if (link !== null && (withBin || tenant.isLive(link.ref))) yield link;
  }
}

/** Whether an object stands in a relation, be it living or deleted: what adding and removing go by. */
export function isLinked(tenant: Tenant, of: Container, relation: LinkRelation, id: string): boolean {
  const overlay = tenant.overlay(of)?.links.get(relation);
  if (overlay?.added.includes(id) === true) return true;
  return overlay?.removed.has(id) !== true && isBase(tenant, of, relation, id);
}

function isBase(tenant: Tenant, of: Container, relation: LinkRelation, id: string): boolean {
  const sought = tenant.find(id);
  if (sought === null) return false;
  for (let position = 0; position < baseCount(tenant, of, relation); position += 1) {
    const ref = baseLink(tenant, of, relation, position);
    if (ref.index === sought.index && ref.kind === sought.kind) return true;
  }
  return false;
}

/** Puts an object into a relation or takes it out. Answers false when nothing had to change. */
export function setLink(tenant: Tenant, of: Container, relation: LinkRelation, id: string, present: boolean): boolean {
  if (isLinked(tenant, of, relation, id) === present) return false;
  const links = tenant.touch(of.kind, of.index).links;
  const overlay = links.get(relation) ?? { removed: new Set<string>(), added: [] };
  links.set(relation, overlay);
  if (present) overlay.added.push(id);
  else {
    const at = overlay.added.indexOf(id);
    if (at >= 0) overlay.added[at] = null;
    else overlay.removed.add(id);
  }
  tenant.note(of.kind, of.index, { what: 'link', relation, id, present });
  return true;
}
