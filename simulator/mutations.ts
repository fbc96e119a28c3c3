// Changes to the tenant: explicit ones for tests. Each leaves an overlay and entries of the log; one that does not apply throws.
import type { Json } from '../src/model.ts';
import { nextAssignmentId, standing } from './assignments.ts';
import { linksOf, setLink } from './links.ts';
import { deltaRelations } from './properties.ts';
import type { LinkRelation } from './properties.ts';
import type { Assignment, Changing, Tenant } from './tenant.ts';
import { isUnified, noteNames } from './uniques.ts';

/** One change. `set` gives values of properties; null clears one. Ids are those the API shows. */
export type Mutation =
  | {
      readonly do:
        | 'createUser'
        | 'createGroup'
        | 'createDevice'
        | 'createServicePrincipal'
        | 'createApplication'
        | 'createAdministrativeUnit';
      readonly id?: string;
      readonly set?: Readonly<Record<string, Json>>;
    }
  | {
      readonly do: 'updateUser' | 'updateGroup' | 'updateDevice' | 'updateServicePrincipal';
      readonly id: string;
      readonly set: Readonly<Record<string, Json>>;
    }
  | { readonly do: 'deleteUser' | 'deleteGroup' | 'deleteServicePrincipal'; readonly id: string; readonly hard?: boolean }
  | { readonly do: 'deleteDevice'; readonly id: string }
  | { readonly do: 'restoreUser' | 'restoreGroup'; readonly id: string }
  | { readonly do: 'addMember' | 'removeMember'; readonly group: string; readonly member: string }
  | { readonly do: 'addOwner' | 'removeOwner'; readonly group: string; readonly owner: string }
  | { readonly do: 'addRoleAssignment'; readonly id?: string; readonly role: string; readonly principal: string }
  | { readonly do: 'addAppRoleAssignment'; readonly id?: string; readonly resource: string; readonly principal: string }
  | { readonly do: 'removeRoleAssignment' | 'removeAppRoleAssignment'; readonly id: string };

const kinds = {
  createUser: 'user',
  updateUser: 'user',
  deleteUser: 'user',
  createGroup: 'group',
  updateGroup: 'group',
  deleteGroup: 'group',
  createDevice: 'device',
  updateDevice: 'device',
  createServicePrincipal: 'servicePrincipal',
  createApplication: 'application',
  createAdministrativeUnit: 'administrativeUnit',
  updateServicePrincipal: 'servicePrincipal',
  deleteServicePrincipal: 'servicePrincipal',
} as const satisfies Partial<Record<Mutation['do'], Changing>>;

/** Applies a change and answers it with the ids it made. Throws Error when it names what is not there or changes nothing. */
export function applyMutation(tenant: Tenant, mutation: Mutation): Mutation {
  switch (mutation.do) {
    case 'createUser':
    case 'createGroup':
    case 'createDevice':
    case 'createServicePrincipal':
    case 'createApplication':
    case 'createAdministrativeUnit':
      return { ...mutation, id: create(tenant, kinds[mutation.do], mutation.set ?? {}) };
    case 'updateUser':
    case 'updateGroup':
    case 'updateDevice':
    case 'updateServicePrincipal':
      update(tenant, kinds[mutation.do], mutation.id, mutation.set);
      return mutation;
    case 'deleteUser':
    case 'deleteGroup':
    case 'deleteServicePrincipal':
      remove(tenant, kinds[mutation.do], mutation.id, mutation.hard ?? false);
      return mutation;
    case 'deleteDevice':
      remove(tenant, 'device', mutation.id, true);
      return mutation;
    case 'restoreUser':
    case 'restoreGroup':
      restore(tenant, mutation.do === 'restoreUser' ? 'user' : 'group', mutation.id);
      return mutation;
    case 'addMember':
    case 'removeMember':
      link(tenant, mutation.group, 'members', mutation.member, mutation.do === 'addMember');
      return mutation;
    case 'addOwner':
    case 'removeOwner':
      link(tenant, mutation.group, 'owners', mutation.owner, mutation.do === 'addOwner');
      return mutation;
    case 'addRoleAssignment': {
      requireLive(tenant, mutation.principal);
      if (tenant.find(mutation.role)?.kind !== 'roleDefinition') throw new Error(`There is no role ${mutation.role}.`);
      return { ...mutation, id: assign(tenant, mutation.role, mutation.principal).id };
    }
    case 'addAppRoleAssignment': {
      requireLive(tenant, mutation.principal);
      if (tenant.find(mutation.resource)?.kind !== 'servicePrincipal')
        throw new Error(`There is no service principal ${mutation.resource}.`);
      const id = nextAssignmentId(tenant);
      tenant.addedGrants.push({ id, resource: mutation.resource, principal: mutation.principal });
      return { ...mutation, id };
    }
    case 'removeRoleAssignment':
    case 'removeAppRoleAssignment': {
      if (tenant.removedAssignments.has(mutation.id)) throw new Error(`Assignment ${mutation.id} is gone already.`);
      unassign(tenant, mutation.id);
      return mutation;
    }
  }
}

/** Gives a role to a principal. */
export function assign(tenant: Tenant, role: string, principal: string): Assignment {
  const assignment = { id: nextAssignmentId(tenant), role, principal };
  tenant.addedAssignments.push(assignment);
  followRole(tenant, assignment, true);
  return assignment;
}

/** Takes an assignment away. */
export function unassign(tenant: Tenant, id: string): void {
  const assignment = [...standing(tenant)].find((one) => one.id === id);
  tenant.removedAssignments.add(id);
  if (assignment !== undefined) followRole(tenant, assignment, false);
}

/** A directory role's members are those who have an assignment of its definition. */
function followRole(tenant: Tenant, { role, principal }: { readonly role: string; readonly principal: string }, given: boolean): void {
  const index = tenant.find(role)?.index;
  const others = [...standing(tenant)].filter((one) => one.role === role && one.principal === principal);
  if (index !== undefined && (given || others.length === 0)) setLink(tenant, { kind: 'directoryRole', index }, 'members', principal, given);
}

function requireLive(tenant: Tenant, id: string, kind?: Changing): number {
  const ref = tenant.findLive(id);
  if (ref === null || (kind !== undefined && ref.kind !== kind)) throw new Error(`There is no living ${kind ?? 'object'} ${id}.`);
  return ref.index;
}

/** Makes an object and answers its id. `blank`: it has what is set and nothing else. */
export function create(tenant: Tenant, kind: Changing, set: Readonly<Record<string, Json>>, blank = false): string {
  const index = tenant.count(kind);
  tenant.created[kind] += 1;
  const overlay = tenant.touch(kind, index);
  Object.assign(overlay.values, set);
  overlay.blank = blank;
  if (kind === 'group' && (!blank || 'isAssignableToRole' in set)) tenant.roleGroups = null;
  noteNames(tenant, { kind, index });
  tenant.note(kind, index, { what: 'created' });
  return tenant.id({ kind, index });
}

export function update(tenant: Tenant, kind: Changing, id: string, set: Readonly<Record<string, Json>>): void {
  const index = requireLive(tenant, id, kind);
  Object.assign(tenant.touch(kind, index).values, set);
  noteNames(tenant, { kind, index });
  if (kind === 'group' && 'isAssignableToRole' in set) tenant.roleGroups = null;
  tenant.note(kind, index, { what: 'properties', names: Object.keys(set) });
}

/** Security groups and devices have no bin: deleting one is for good. A soft-deleted object may still be deleted for good. */
export function remove(tenant: Tenant, kind: Changing, id: string, hard: boolean): void {
  const ref = tenant.find(id);
  if (ref?.kind !== kind) throw new Error(`There is no ${kind} ${id}.`);
  const overlay = tenant.touch(kind, ref.index);
  if (overlay.state === 'hard' || (overlay.state === 'soft' && !hard)) throw new Error(`The ${kind} ${id} is deleted already.`);
  const hasBin = kind === 'user' || kind === 'servicePrincipal' || kind === 'application' || (kind === 'group' && isUnified(tenant, ref));
  overlay.state = hard || !hasBin ? 'hard' : 'soft';
  tenant.note(kind, ref.index, { what: 'deleted' });
}

/** A restored group tells its members and owners again; a restored user tells nothing of its groups. */
export function restore(tenant: Tenant, kind: 'user' | 'group', id: string): void {
  const ref = tenant.find(id);
  const overlay = ref?.kind === kind ? tenant.overlay(ref) : undefined;
  if (ref === null || overlay?.state !== 'soft') throw new Error(`The ${kind} ${id} is not in the bin.`);
  overlay.state = 'live';
  noteNames(tenant, ref);
  tenant.note(kind, ref.index, { what: 'restored' });
  if (kind === 'user') return;
  for (const relation of deltaRelations[kind].all) {
    for (const { id: linked } of linksOf(tenant, { kind, index: ref.index }, relation, true)) {
      tenant.note(kind, ref.index, { what: 'link', relation, id: linked, present: true });
    }
  }
}

function link(tenant: Tenant, group: string, relation: LinkRelation, id: string, present: boolean): void {
  // Service principals have owners too.
  const kind = relation === 'owners' && tenant.find(group)?.kind === 'servicePrincipal' ? 'servicePrincipal' : 'group';
  const index = requireLive(tenant, group, kind);
  if (present) requireLive(tenant, id);
  if (!setLink(tenant, { kind, index }, relation, id, present))
    throw new Error(`${id} ${present ? 'is already' : 'is not'} among the ${relation}.`);
}
