// Who holds which directory role and which app role now. An assignment of a deleted principal is not shown until it is restored.
import type { JsonObject } from '../src/model.ts';
import { pastTime } from './people.ts';
import { types } from './properties.ts';
import { assignmentId, guid, mix } from './random.ts';
import type { Ref } from './random.ts';
import { baseAppRoleCount, baseAppRoleHolder, baseAssignmentHolder, baseAssignmentRole, roleAssignmentCount } from './shape.ts';
import type { AppRoleGrant, Assignment, Tenant } from './tenant.ts';
import { property } from './views.ts';

const grantOffset = 1_000_000;

function baseAssignment(tenant: Tenant, position: number): Assignment | null {
  const principal = baseAssignmentHolder(tenant.shape, position);
  if (principal === null) return null;
  const role: Ref = { kind: 'roleDefinition', index: baseAssignmentRole(position) };
  return { id: assignmentId(tenant.shape.seed, position), role: tenant.id(role), principal: tenant.id(principal) };
}

/** The role assignments whose principals live. */
export function* roleAssignments(tenant: Tenant): Generator<Assignment> {
  for (const assignment of standing(tenant)) if (tenant.findLive(assignment.principal) !== null) yield assignment;
}

/** All that were not removed, be their principals living or in the bin. */
export function* standing(tenant: Tenant): Generator<Assignment> {
  for (let position = 0; position < roleAssignmentCount; position += 1) {
    const assignment = baseAssignment(tenant, position);
    if (assignment !== null && !tenant.removedAssignments.has(assignment.id)) yield assignment;
  }
  for (const assignment of tenant.addedAssignments) if (!tenant.removedAssignments.has(assignment.id)) yield assignment;
}

function isShown(tenant: Tenant, assignment: AppRoleGrant): boolean {
  return !tenant.removedAssignments.has(assignment.id) && tenant.findLive(assignment.principal) !== null;
}

/** Positions of a service principal's app role assignments, taken or empty. */
export function grantPositions(tenant: Tenant, servicePrincipal: number): number {
  const resource = tenant.id({ kind: 'servicePrincipal', index: servicePrincipal });
  return baseAppRoleCount(tenant.shape, servicePrincipal) + tenant.addedGrants.filter((grant) => grant.resource === resource).length;
}

export function grantAt(tenant: Tenant, servicePrincipal: number, position: number): AppRoleGrant | null {
  const resource = tenant.id({ kind: 'servicePrincipal', index: servicePrincipal });
  const base = baseAppRoleCount(tenant.shape, servicePrincipal);
  const grant =
    position < base
      ? {
          id: assignmentId(tenant.shape.seed, grantOffset + servicePrincipal * 128 + position),
          resource,
          principal: tenant.id(baseAppRoleHolder(tenant.shape, servicePrincipal, position)),
        }
      : tenant.addedGrants.filter((added) => added.resource === resource)[position - base];
  return grant !== undefined && isShown(tenant, grant) ? grant : null;
}

/** The app role assignments of one service principal whose principals live. */
export function* grantsOf(tenant: Tenant, servicePrincipal: number): Generator<AppRoleGrant> {
  for (let position = 0; position < grantPositions(tenant, servicePrincipal); position += 1) {
    const grant = grantAt(tenant, servicePrincipal, position);
    if (grant !== null) yield grant;
  }
}

/** An id for an assignment made by a mutation. */
export function nextAssignmentId(tenant: Tenant): string {
  tenant.numbered += 1;
  return assignmentId(tenant.shape.seed, 2_000_000_000 + tenant.numbered);
}

export function writeAssignment(assignment: Assignment, select: readonly string[] | null): JsonObject {
  const whole: JsonObject = {
    id: assignment.id,
    principalId: assignment.principal,
    directoryScopeId: '/',
    roleDefinitionId: assignment.role,
  };
  return narrowed(whole, select ?? types.roleAssignment.byDefault);
}

export function writeGrant(tenant: Tenant, grant: AppRoleGrant, select: readonly string[] | null): JsonObject {
  const principal = tenant.find(grant.principal);
  const resource = tenant.find(grant.resource);
  if (principal === null || resource === null) throw new Error('An app role assignment names an unknown object.');
  const whole: JsonObject = {
    id: grant.id,
    deletedDateTime: null,
    appRoleId: guid(tenant.shape.seed, 'appRole', resource.index),
    createdDateTime: pastTime(mix(tenant.shape.seed, 42, resource.index)),
    principalDisplayName: property(tenant, principal, 'displayName') ?? null,
    principalId: grant.principal,
    principalType: principal.kind === 'user' ? 'User' : principal.kind === 'group' ? 'Group' : 'ServicePrincipal',
    resourceDisplayName: property(tenant, resource, 'displayName') ?? null,
    resourceId: grant.resource,
  };
  return narrowed(whole, select ?? types.appRoleAssignment.byDefault);
}

function narrowed(whole: JsonObject, select: readonly string[]): JsonObject {
  return Object.fromEntries(select.map((name) => [name, whole[name] ?? null]));
}
