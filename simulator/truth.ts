// What the tenant really holds now, straight from its state and not through the API: tests compare an inventory with it.
import type { JsonObject } from '../src/model.ts';
import { grantsOf, roleAssignments, writeAssignment, writeGrant } from './assignments.ts';
import { linksOf } from './links.ts';
import { linkRelations } from './properties.ts';
import type { Changing, Tenant } from './tenant.ts';
import { odataType, writer } from './views.ts';

/** Computed from the seed, until something changes. */
export const computedTruths = [
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
export const truths = [...computedTruths, 'applications', 'applicationEdges', 'administrativeUnits', 'unitEdges'] as const;
export type TruthName = (typeof truths)[number];

/**
 * The living objects of a collection, whole. `edges` gives members and owners of living groups, and those named after another kind its own,
 * whose both ends live, as {kind: 'member'|'owner', from, to, type}. `select` applies to objects; without it they have their default properties.
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
    case 'applicationEdges':
      yield* edges(tenant, 'application');
      return;
    case 'unitEdges':
      yield* edges(tenant, 'administrativeUnit');
      return;
    case 'applications':
      yield* objects(tenant, 'application', select);
      return;
    case 'administrativeUnits':
      yield* objects(tenant, 'administrativeUnit', select);
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

function* objects(tenant: Tenant, kind: Changing | 'roleDefinition', select: readonly string[] | null): Generator<JsonObject> {
  const { whole } = writer(tenant, kind, select);
  for (let index = 0; index < tenant.count(kind); index += 1) if (tenant.isLive({ kind, index })) yield whole(index);
}

function* edges(tenant: Tenant, kind: Changing): Generator<JsonObject> {
  for (let index = 0; index < tenant.count(kind); index += 1) {
    if (!tenant.isLive({ kind, index })) continue;
    const from = tenant.id({ kind, index });
    for (const relation of linkRelations) {
      for (const link of linksOf(tenant, { kind, index }, relation)) {
        yield { kind: relation === 'members' ? 'member' : 'owner', from, to: link.id, type: odataType(link.ref.kind) };
      }
    }
  }
}
