// The size of a simulated tenant and who belongs to which group in it, computed from the index: nothing is stored.
// MUST stay deterministic in (seed, size): 2,000 users give 200 groups with 7,470 memberships, 1,500 of them in one group.
import { mix } from './random.ts';
import type { Ref } from './random.ts';

export interface ShapeOptions {
  /** @default 1 */
  readonly seed?: number;
  readonly users: number;
  /** @default a tenth of the users, at least one */
  readonly groups?: number;
  /** Raised to the number of groups: a few of them have the device of their own number as a member. @default as many as users */
  readonly devices?: number;
  /** The average of all groups but the big one. @default 30 */
  readonly membershipsPerGroup?: number;
  /** @default three quarters of the users, at most 1,500 */
  readonly bigGroup?: number;
  /** @default 217 */
  readonly servicePrincipals?: number;
  /** Most app role assignments of an ordinary service principal. @default 19 */
  readonly maxAppRoleAssignments?: number;
  /** Service principals with more assignments than an expanded page shows. @default 0 */
  readonly largeServicePrincipals?: number;
}

export type Shape = Required<ShapeOptions>;

export const roleDefinitionCount = 102;
export const roleAssignmentCount = 35;
/** App role assignments of a large service principal. */
const largeAssignmentCount = 71;

/** Checks the options and fills in what is left out. Throws RangeError for a negative or fractional number. */
export function shapeOf(options: ShapeOptions): Shape {
  const users = options.users;
  const groups = options.groups ?? Math.max(1, Math.round(users / 10));
  const shape: Shape = {
    seed: options.seed ?? 1,
    users,
    groups,
    devices: Math.max(options.devices ?? users, groups),
    membershipsPerGroup: options.membershipsPerGroup ?? 30,
    bigGroup: Math.min(options.bigGroup ?? Math.min(Math.floor(users * 0.75), 1500), users),
    servicePrincipals: options.servicePrincipals ?? 217,
    maxAppRoleAssignments: options.maxAppRoleAssignments ?? 19,
    largeServicePrincipals: options.largeServicePrincipals ?? 0,
  };
  for (const [name, value] of Object.entries(shape)) {
    if (!Number.isSafeInteger(value) || value < 0 || value > 0x7fffffff) throw new RangeError(`${name} must be a whole number from 0.`);
  }
  return shape;
}

const strides: readonly number[] = [7_919, 104_729, 15_485_863, 1_299_709, 611_953, 2_750_159, 3_497_861];

function bigIndex(shape: Shape): number {
  return Math.min(3, shape.groups - 1);
}

/** How many members a group begins with. Groups come in pairs around the average, so that the total is exact. */
export function baseMemberCount(shape: Shape, group: number): number {
  if (group >= shape.groups) return 0;
  const big = bigIndex(shape);
  if (group === big) return shape.bigGroup;
  const rank = group < big ? group : group - 1;
  const average = shape.membershipsPerGroup;
  const alone = rank === shape.groups - 2 && rank % 2 === 0;
  const spread = alone || shape.users < 2 * average ? 0 : mix(shape.seed, 11, rank >> 1) % (average + 1);
  return Math.min(rank % 2 === 0 ? average - spread : average + spread, shape.users);
}

/** The member at a position of a group's beginning list. Members of one group are distinct. */
export function baseMember(shape: Shape, group: number, position: number): Ref {
  if (position === 0 && group % 5 === 2 && shape.groups > 1) {
    const nested = (group * 7 + 1) % shape.groups;
    return { kind: 'group', index: nested === group ? (group + 1) % shape.groups : nested };
  }
  if (position === 1 && group % 11 === 5 && shape.servicePrincipals > 0) {
    return { kind: 'servicePrincipal', index: group % shape.servicePrincipals };
  }
  if (position === 2 && group % 13 === 6) return { kind: 'device', index: group };
  return { kind: 'user', index: spreadOver(shape, 12, group, position) };
}

export function baseOwnerCount(shape: Shape, group: number): number {
  return group < shape.groups ? Math.min(mix(shape.seed, 13, group) % 3, shape.users) : 0;
}

export function baseOwner(shape: Shape, group: number, position: number): Ref {
  return { kind: 'user', index: spreadOver(shape, 14, group, position) };
}

/** Distinct users for successive positions: a prime stride that does not divide the number of users. */
function spreadOver(shape: Shape, salt: number, group: number, position: number): number {
  const start = mix(shape.seed, salt, group);
  let choice = start % strides.length;
  let stride = strides[choice] ?? 1;
  while (shape.users % stride === 0 && stride !== 1) {
    choice += 1;
    stride = strides[choice % strides.length] ?? 1;
  }
  return (start + position * stride) % shape.users;
}

/** Whom the role assignment at a position gives its role; null where the tenant has nobody for it. */
export function baseAssignmentHolder(shape: Shape, position: number): Ref | null {
  const { seed, users, groups } = shape;
  const toGroup = position % 5 === 0 && groups > 0;
  const count = toGroup ? groups : users;
  return count === 0 ? null : { kind: toGroup ? 'group' : 'user', index: (mix(seed, 41, position) >>> 3) % count };
}

/** The role of the assignment at a position: each has a role of its own. */
export const baseAssignmentRole = (position: number): number => (position * 7) % roleDefinitionCount;

const assignedRoles = new Map(Array.from({ length: roleAssignmentCount }, (_, position) => [baseAssignmentRole(position), position]));

/** How many hold a role at the beginning: one or none. */
export function baseRoleHolderCount(shape: Shape, role: number): number {
  const position = assignedRoles.get(role);
  return position === undefined || baseAssignmentHolder(shape, position) === null ? 0 : 1;
}

export function baseRoleHolder(shape: Shape, role: number): Ref {
  return baseAssignmentHolder(shape, assignedRoles.get(role) ?? 0) ?? { kind: 'user', index: 0 };
}

/** How many own a service principal at the beginning: one of three has an owner. */
export function basePrincipalOwnerCount(shape: Shape, servicePrincipal: number): number {
  return servicePrincipal < shape.servicePrincipals && mix(shape.seed, 17, servicePrincipal) % 3 === 0 ? Math.min(1, shape.users) : 0;
}

export function basePrincipalOwner(shape: Shape, servicePrincipal: number): Ref {
  return { kind: 'user', index: mix(shape.seed, 18, servicePrincipal) % shape.users };
}

/** How many app role assignments a service principal begins with: most have none or a few. */
export function baseAppRoleCount(shape: Shape, servicePrincipal: number): number {
  if (servicePrincipal >= shape.servicePrincipals) return 0;
  if (servicePrincipal < shape.largeServicePrincipals) return largeAssignmentCount;
  const dice = mix(shape.seed, 15, servicePrincipal);
  return dice % 4 === 0 ? Math.min(1 + ((dice >>> 8) % Math.max(shape.maxAppRoleAssignments, 1)), shape.maxAppRoleAssignments) : 0;
}

/** Who holds the app role assignment at a position. */
export function baseAppRoleHolder(shape: Shape, servicePrincipal: number, position: number): Ref {
  const dice = mix(shape.seed, 16, servicePrincipal * 128 + position);
  if (dice % 5 === 0 && shape.groups > 0) return { kind: 'group', index: (dice >>> 4) % shape.groups };
  return { kind: 'user', index: (dice >>> 4) % Math.max(shape.users, 1) };
}
