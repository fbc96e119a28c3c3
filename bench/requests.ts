// How many requests a pull may take (design section 9): computed from the tenant's shape alone, never from what was counted.
import { grantPositions } from '../simulator/assignments.ts';
import { positions } from '../simulator/links.ts';
import type { ShapeOptions } from '../simulator/shape.ts';
import { Tenant } from '../simulator/tenant.ts';

/** Objects of a listed page; a delta query's pages are the source's choice. */
const listed = 999;
const deltaObjects = 200;
const deltaMembers = 1_000;
/** From so many app role assignments on, a service principal's are read in a chain of their own. */
const expanded = 20;

/** Of the directory, without the sign-in; of a tenant as it began. */
export interface AllowedRequests {
  readonly full: number;
  readonly quietDelta: number;
}

export function allowedRequests(shape: ShapeOptions): AllowedRequests {
  const tenant = new Tenant(shape);
  const principals = tenant.count('servicePrincipal');
  const chains = Array.from({ length: principals }, (_, index) => grantPositions(tenant, index)).filter((count) => count >= expanded);
  const appRoles = pagesOf(principals) + chains.reduce((pages, count) => pages + pagesOf(count), 0);
  const roles = 2;
  return {
    full: pagesOf(tenant.count('user')) + 2 + groupPages(tenant) + roles + appRoles,
    quietDelta: 2 + roles + appRoles,
  };
}

/** Pages of a list between two tokens; then what changed. */
export function allowedDeviceRequests(shape: ShapeOptions): AllowedRequests {
  return { full: pagesOf(new Tenant(shape).count('device')) + 2, quietDelta: 1 };
}

const pagesOf = (objects: number): number => Math.max(Math.ceil(objects / listed), 1);

/** Pages of a first delta round over groups with their members: a page ends when it has no room for another group or member. */
function groupPages(tenant: Tenant): number {
  let pages = 1;
  let objects = 0;
  let room = deltaMembers;
  for (let group = 0; group < tenant.count('group'); group += 1) {
    for (let left = positions(tenant, { kind: 'group', index: group }, 'members'); ;) {
      if (objects === deltaObjects || (left > 0 && room === 0)) {
        pages += 1;
        [objects, room] = [0, deltaMembers];
      }
      const part = Math.min(left, room);
      left -= part;
      room -= part;
      objects += 1;
      if (left === 0) break;
    }
  }
  return pages;
}
