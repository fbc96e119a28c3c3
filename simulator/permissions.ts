// Which application permissions an endpoint accepts, the least first, and what a request costs in resource units.
// Source: the permission tables of each method's page, and learn.microsoft.com/graph/throttling-limits
import { requestDenied } from './answer.ts';
import type { Query } from './query.ts';

const directory = ['Directory.Read.All', 'Directory.ReadWrite.All'];
const table: readonly (readonly [RegExp, readonly string[], number])[] = [
  [/^users(\/delta)?$/, ['User.Read.All', 'User.ReadWrite.All', ...directory], 2],
  [/^users\/[^/]+$/, ['User.Read.All', 'User.ReadWrite.All', ...directory], 1],
  [/^groups\/[^/]+\/(members|owners)$/, ['GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', ...directory], 3],
  [/^groups(\/[^/]+)?$/, ['GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', ...directory], 1],
  // A delta query of devices takes the least permission only: its page lists no higher one.
  [/^devices\/delta$/, ['Device.Read.All'], 1],
  [/^devices(\/[^/]+)?$/, ['Device.Read.All', 'Device.ReadWrite.All', ...directory], 1],
  [
    /^roleManagement\/directory\/role(Definitions|Assignments)(\/[^/]+)?$/,
    ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', ...directory],
    1,
  ],
  [/^directoryRoles(\/[^/]+(\/members)?)?$/, ['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', ...directory], 1],
  [/^servicePrincipals\/delta$/, ['Application.ReadWrite.OwnedBy', 'Application.Read.All', 'Application.ReadWrite.All', ...directory], 1],
  [
    /^servicePrincipals(\/[^/]+(\/(appRoleAssignedTo|owners|memberOf|ownedObjects))?)?$/,
    ['Application.Read.All', 'Application.ReadWrite.All', ...directory],
    1,
  ],
  [/^directory\/administrativeUnits(\/|$)/, ['AdministrativeUnit.Read.All', 'AdministrativeUnit.ReadWrite.All', ...directory], 1],
  [/^applications([(/]|$)/, ['Application.Read.All', 'Application.ReadWrite.All', ...directory], 1],
];

export const defaultRoles: readonly string[] = [
  'User.Read.All',
  'GroupMember.Read.All',
  'Device.Read.All',
  'RoleManagement.Read.Directory',
  'Application.Read.All',
];

/** What an app needs besides to carry out orders. */
export const writeRoles: readonly string[] = [
  'User.ReadWrite.All',
  'User-PasswordProfile.ReadWrite.All',
  'User.EnableDisableAccount.All',
  'Group.ReadWrite.All',
  'Device.ReadWrite.All',
];

/** Whether an application with these permissions sees who is in groups with hidden membership: https://learn.microsoft.com/graph/permissions-reference#memberreadhidden */
export const seesHidden = (roles: readonly string[]): boolean => roles.includes('Member.Read.Hidden');

/** Refuses with 403 when none of the endpoint's permissions is among the token's roles. An unknown endpoint passes: it ends as 400. */
export function requirePermission(path: string, roles: readonly string[]): void {
  const row = table.find(([pattern]) => pattern.test(path));
  if (row !== undefined && !row[1].some((permission) => roles.includes(permission))) {
    throw requestDenied();
  }
}

/** Resource units: the endpoint's base, less one for `$select` and for small pages, one more for `$expand`, at least one. */
export function costOf(path: string, query: Query): number {
  const base = table.find(([pattern]) => pattern.test(path))?.[2] ?? 1;
  const small = query.has('$top') && Number(query.get('$top')) < 20 ? 1 : 0;
  return Math.max(1, base - (query.has('$select') ? 1 : 0) - small + (query.has('$expand') ? 1 : 0));
}
