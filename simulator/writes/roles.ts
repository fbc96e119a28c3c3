// Directory roles given and taken by requests.
// Source: learn.microsoft.com/graph/api/{rbacapplication-post-roleassignments,unifiedroleassignment-delete}
import { badRequest, noContent, notFound } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { roleAssignments, writeAssignment } from '../assignments.ts';
import type { Cloud } from '../cloud.ts';
import { assign, unassign } from '../mutations.ts';
import { bodyOf, invalidValue, missingValue } from './body.ts';
import type { Write } from './body.ts';
import { demand, isRoleAssignable } from './grants.ts';

/** `POST /roleManagement/directory/roleAssignments` */
export function createAssignment(cloud: Cloud, write: Write): Answer {
  demand(write.roles, 'roles');
  const { principalId: principal, roleDefinitionId: role, directoryScopeId: scope } = bodyOf(write);
  if (typeof principal !== 'string') throw missingValue('roleAssignment', 'principalId');
  if (typeof role !== 'string') throw missingValue('roleAssignment', 'roleDefinitionId');
  if (scope !== '/') throw invalidValue('roleAssignment', 'directoryScopeId');
  const { tenant } = cloud;
  if (tenant.find(role)?.kind !== 'roleDefinition') throw notFound(role);
  const ref = tenant.findLive(principal);
  if (ref === null || cloud.replication.hides(principal)) throw notFound(principal);
  if (ref.kind === 'group' && !isRoleAssignable(tenant, ref)) throw badRequest('The group cannot be assigned to a role.');
  for (const held of roleAssignments(tenant)) {
    if (held.principal === principal && held.role === role) {
      throw badRequest('A conflicting object with one or more of the specified property values is present in the directory.');
    }
  }
  return { status: 201, headers: {}, body: writeAssignment(assign(tenant, role, principal), null) };
}

/** `DELETE /roleManagement/directory/roleAssignments/{id}` */
export function deleteAssignment(cloud: Cloud, write: Write, id: string): Answer {
  demand(write.roles, 'roles');
  for (const held of roleAssignments(cloud.tenant)) {
    if (held.id !== id) continue;
    unassign(cloud.tenant, id);
    return noContent;
  }
  throw notFound(id);
}
