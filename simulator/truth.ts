// What the tenant really holds now, straight from its state and not through the API: tests compare an inventory with it.
import type { JsonObject } from '../src/model.ts';
import { grantsOf, roleAssignments, writeAssignment, writeGrant } from './assignments.ts';
import { linksOf } from './links.ts';
import { deltaRelations } from './properties.ts';
import type { Tenant } from './tenant.ts';
import { odataType, writer } from './views.ts';

export const truths = [
  'users',
  'groups',
  'devices',
  'edges',
  'roleEdges',
  'principalEdges',
  'directoryRoles',
  'roleDefinitions',
  'roleAssignments',
  'servicePrincipals',
  'appRoleAssignments',
] as const;
export type TruthName = (typeof truths)[number];

/**
 * The living objects of a collection, whole. `edges`, `roleEdges` and `principalEdges` give members and owners of living groups, directory roles and
 * service principals whose both ends live, as {kind: 'member'|'owner', from, to, type}. `select` applies to objects; without it they have their default properties.
 */
export function* truth(tenant: Tenant, name: TruthName, select: readonly string[] | null = null): Generator<JsonObject> {
  switch (name) {
    case 'users':
      yield* objects(tenant, 'user', select);
      return;
    case 'groups':
      yield* objects(tenant, 'group', select);
      return;
    case 'devices':
      yield* objects(tenant, 'device', select);
      return;
    case 'roleDefinitions':
      yield* objects(tenant, 'roleDefinition', select);
      return;
    case 'servicePrincipals':
      yield* objects(tenant, 'servicePrincipal', select);
      return;
    case 'directoryRoles':
      yield* objects(tenant, 'directoryRole', select);
      return;
    case 'edges':
      yield* edges(tenant, 'group');
      return;
    case 'roleEdges':
      yield* edges(tenant, 'directoryRole');
      return;
    case 'principalEdges':
      yield* edges(tenant, 'servicePrincipal');
      return;
    case 'roleAssignments':
      for (const assignment of roleAssignments(tenant)) yield writeAssignment(assignment, select);
      return;
    case 'appRoleAssignments':
      for (let index = 0; index < tenant.count('servicePrincipal'); index += 1) {
        if (!tenant.isLive({ kind: 'servicePrincipal', index })) continue;
        for (const grant of grantsOf(tenant, index)) yield writeGrant(tenant, grant, select);
      }
  }
}

function* objects(
  tenant: Tenant,
  kind: 'user' | 'group' | 'device' | 'roleDefinition' | 'directoryRole' | 'servicePrincipal',
  select: readonly string[] | null,
): Generator<JsonObject> {
  const { whole } = writer(tenant, kind, select);
  for (let index = 0; index < tenant.count(kind); index += 1) if (tenant.isLive({ kind, index })) yield whole(index);
}

function* edges(tenant: Tenant, kind: 'group' | 'directoryRole' | 'servicePrincipal'): Generator<JsonObject> {
  for (let index = 0; index < tenant.count(kind); index += 1) {
    if (!tenant.isLive({ kind, index })) continue;
    const from = tenant.id({ kind, index });
    for (const relation of deltaRelations[kind].all) {
      for (const link of linksOf(tenant, { kind, index }, relation)) {
        yield { kind: relation === 'members' ? 'member' : 'owner', from, to: link.id, type: odataType(link.ref.kind) };
      }
    }
  }
}
