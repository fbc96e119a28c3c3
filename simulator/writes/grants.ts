// Which application permissions a write needs, and on whom they are not enough.
// Source: the permission tables of each method's page; learn.microsoft.com/graph/api/resources/users (who can perform sensitive actions)
import { requestDenied } from '../answer.ts';
import { roleAssignments } from '../assignments.ts';
import { isLinked } from '../links.ts';
import { deltaRelations } from '../properties.ts';
import type { Kind, Ref } from '../random.ts';
import type { Tenant } from '../tenant.ts';
import { property } from '../views.ts';

const everything = 'Directory.ReadWrite.All';
const roleManagement = 'RoleManagement.ReadWrite.Directory';

/** For each kind of write the permissions of which one is enough. */
const grants = {
  createUser: ['User.ReadWrite.All', everything],
  updateUser: ['User.ReadWrite.All', everything],
  enableUser: ['User.EnableDisableAccount.All', 'User.ReadWrite.All', everything],
  readUser: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', everything],
  phoneUser: ['User-Phone.ReadWrite.All', 'User.ReadWrite.All', everything],
  mailUser: ['User-Mail.ReadWrite.All', 'User.ReadWrite.All', everything],
  // For an app neither User.ReadWrite.All nor Directory.ReadWrite.All is enough.
  passwordUser: ['User-PasswordProfile.ReadWrite.All'],
  identitiesUser: ['User.ManageIdentities.All'],
  deleteUser: ['User.DeleteRestore.All', 'User.ReadWrite.All', everything],
  createGroup: ['Group.Create', 'Group.ReadWrite.All', everything],
  updateGroup: ['Group.ReadWrite.All', everything],
  linkMembers: ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', everything],
  linkOwners: ['Group.ReadWrite.All', everything],
  updateDevice: ['Device.ReadWrite.All', everything],
  servicePrincipals: ['Application.ReadWrite.All', everything],
  applications: ['Application.ReadWrite.All', everything],
  administrativeUnits: ['AdministrativeUnit.ReadWrite.All'],
  roles: [roleManagement],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Grant = keyof typeof grants;

/** Throws 403 unless the token holds one permission of each. */
export function demand(roles: readonly string[], ...wanted: readonly Grant[]): void {
  for (const grant of wanted) {
    if (!grants[grant].some((permission) => roles.includes(permission))) throw requestDenied();
  }
}

/** What a member's own kind asks for besides the group's permission. */
const forMembers: Partial<Record<Kind, Grant>> = { device: 'updateDevice', servicePrincipal: 'servicePrincipals' };

export function demandForMember(roles: readonly string[], kind: Kind): void {
  const grant = forMembers[kind];
  if (grant !== undefined) demand(roles, grant);
}

export function isRoleAssignable(tenant: Tenant, group: Ref): boolean {
  return property(tenant, group, 'isAssignableToRole') === true;
}

/** Any write to a group that can hold roles needs the right to manage roles besides. */
export function demandForGroup(tenant: Tenant, roles: readonly string[], group: Ref): void {
  if (isRoleAssignable(tenant, group)) demand(roles, 'roles');
}

/** Whether a user holds a role, or is a member or an owner of a group that can hold one. */
function isAdmin(tenant: Tenant, user: Ref): boolean {
  const id = tenant.id(user);
  for (const assignment of roleAssignments(tenant)) if (assignment.principal === id) return true;
  return roleGroupsOf(tenant).some((index) => {
    const group = { kind: 'group', index } as const;
    return tenant.isLive(group) && deltaRelations.group.all.some((relation) => isLinked(tenant, group, relation, id));
  });
}

/** Found once: one group of forty can hold roles. */
function roleGroupsOf(tenant: Tenant): readonly number[] {
  if (tenant.roleGroups !== null) return tenant.roleGroups;
  const found: number[] = [];
  for (let index = 0; index < tenant.count('group'); index += 1) if (isRoleAssignable(tenant, { kind: 'group', index })) found.push(index);
  tenant.roleGroups = found;
  return found;
}

/** A sensitive write on an administrator needs a directory role of the app's own, which this app does not have. */
export function refuseForAdmins(tenant: Tenant, user: Ref): void {
  if (isAdmin(tenant, user)) throw requestDenied();
}
