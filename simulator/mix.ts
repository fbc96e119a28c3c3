// The deterministic mix of changes behind `mutate(n)`: the same seed, size and history always give the same changes.
import { roleAssignments } from './assignments.ts';
import { isLinked, linkAt, positions } from './links.ts';
import type { Container } from './links.ts';
import { applyMutation } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import { givenName, surname } from './names.ts';
import { mix } from './random.ts';
import { roleDefinitionCount } from './shape.ts';
import type { Tenant } from './tenant.ts';

const cycle = [
  'rename',
  'addMember',
  'disable',
  'removeMember',
  'clear',
  'createUser',
  'softDelete',
  'renameGroup',
  'addMember',
  'restore',
  'rename',
  'createGroup',
  'addRoleAssignment',
  'softDelete',
  'removeMember',
  'addOwner',
  'hardDelete',
  'rename',
  'removeRoleAssignment',
  'deleteGroup',
] as const;

/** Makes so many changes, in the order of the cycle; one that cannot be made (nothing to restore) becomes a renaming. */
export function mutateMix(tenant: Tenant, changes: number): Mutation[] {
  return Array.from({ length: changes }, () => {
    const turn = tenant.mixed;
    tenant.mixed += 1;
    return applyMutation(tenant, choose(tenant, turn) ?? rename(tenant, turn));
  });
}

function dice(tenant: Tenant, turn: number, salt: number): number {
  return mix(tenant.shape.seed, 60 + salt, turn);
}

/** A living object near a random position, or null when there is none. */
function someone(tenant: Tenant, kind: 'user' | 'group', random: number): string | null {
  const count = tenant.count(kind);
  for (let step = 0; step < count; step += 1) {
    const ref = { kind, index: (random + step) % count };
    if (tenant.isLive(ref)) return tenant.id(ref);
  }
  return null;
}

function rename(tenant: Tenant, turn: number): Mutation {
  const id = someone(tenant, 'user', dice(tenant, turn, 0));
  if (id === null) return { do: 'createUser' };
  const random = dice(tenant, turn, 1);
  return { do: 'updateUser', id, set: { displayName: `${givenName(random)} ${surname(random)} ${turn}`, jobTitle: `Job ${turn}` } };
}

function choose(tenant: Tenant, turn: number): Mutation | null {
  const user = someone(tenant, 'user', dice(tenant, turn, 2));
  const group = someone(tenant, 'group', dice(tenant, turn, 3));
  switch (cycle[turn % cycle.length] ?? 'rename') {
    case 'disable':
      return user === null ? null : { do: 'updateUser', id: user, set: { accountEnabled: dice(tenant, turn, 4) % 2 === 0 } };
    case 'clear':
      return user === null ? null : { do: 'updateUser', id: user, set: { department: null, mobilePhone: null } };
    case 'createUser':
      return { do: 'createUser', set: { displayName: `New Person ${turn}` } };
    case 'softDelete':
      return user === null ? null : { do: 'deleteUser', id: user };
    case 'hardDelete':
      return user === null ? null : { do: 'deleteUser', id: user, hard: true };
    case 'restore':
      return restore(tenant);
    case 'renameGroup':
      return group === null ? null : { do: 'updateGroup', id: group, set: { displayName: `Renamed Group ${turn}` } };
    case 'createGroup':
      return { do: 'createGroup', set: { displayName: `New Group ${turn}` } };
    case 'deleteGroup':
      return deleteGroup(tenant, group);
    case 'addMember':
    case 'addOwner':
      return join(tenant, turn, user, group);
    case 'removeMember':
      return leave(tenant, turn, group);
    case 'addRoleAssignment':
      return user === null
        ? null
        : {
            do: 'addRoleAssignment',
            role: tenant.id({ kind: 'roleDefinition', index: dice(tenant, turn, 5) % roleDefinitionCount }),
            principal: user,
          };
    case 'removeRoleAssignment': {
      const shown = roleAssignments(tenant).next();
      return shown.done === true ? null : { do: 'removeRoleAssignment', id: shown.value.id };
    }
    case 'rename':
      return rename(tenant, turn);
  }
}

const groupAt = (index: number): Container => ({ kind: 'group', index });

/** Never the big group: a mix of changes stays small in its effects. */
function deleteGroup(tenant: Tenant, group: string | null): Mutation | null {
  const ref = group === null ? null : tenant.find(group);
  return group === null || ref === null || positions(tenant, groupAt(ref.index), 'members') > 100 ? null : { do: 'deleteGroup', id: group };
}

function restore(tenant: Tenant): Mutation | null {
  for (const [index, overlay] of tenant.overlays.user) {
    if (overlay.state === 'soft') return { do: 'restoreUser', id: tenant.id({ kind: 'user', index }) };
  }
  return null;
}

function join(tenant: Tenant, turn: number, user: string | null, group: string | null): Mutation | null {
  if (user === null || group === null) return null;
  const change: Mutation =
    cycle[turn % cycle.length] === 'addOwner' ? { do: 'addOwner', group, owner: user } : { do: 'addMember', group, member: user };
  const ref = tenant.find(group);
  const relation = change.do === 'addOwner' ? 'owners' : 'members';
  return ref !== null && isLinked(tenant, groupAt(ref.index), relation, user) ? null : change;
}

function leave(tenant: Tenant, turn: number, group: string | null): Mutation | null {
  const ref = group === null ? null : tenant.find(group);
  if (group === null || ref === null) return null;
  const count = positions(tenant, groupAt(ref.index), 'members');
  for (let step = 0; step < count; step += 1) {
    const link = linkAt(tenant, groupAt(ref.index), 'members', (dice(tenant, turn, 6) + step) % count);
    if (link !== null) return { do: 'removeMember', group, member: link.id };
  }
  return null;
}
