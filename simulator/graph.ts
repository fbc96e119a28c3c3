// The directory API under /v1.0: who may ask, what it costs, and which handler answers reads; writes have a folder of their own. Knows no faults.
import { Refusal, badRequest } from './answer.ts';
import type { Answer } from './answer.ts';
import { application } from './applications.ts';
import type { Cloud } from './cloud.ts';
import { type Asked, delta } from './delta.ts';
import { belongings } from './belongings.ts';
import { kinds, list, single } from './lists.ts';
import type { CollectionName } from './lists.ts';
import { rolesOf } from './bearer.ts';
import { withKeySegment } from './keys.ts';
import { costOf, requirePermission } from './permissions.ts';
import { parseQuery } from './query.ts';
import type { Query } from './query.ts';
import { type QuotaWindow, secondsLeft, spend } from './quota.ts';
import type { LinkRelation } from './properties.ts';
import { appRoleAssignedTo, related, roleAssignmentList, roleDefinitions, singleRole } from './relations.ts';
import type { ContainerName } from './relations.ts';
import { requestedPath, requestedObjects } from './requested.ts';
import { binnedItem } from './writes/bin.ts';
import { answerWrite } from './writes/route.ts';

export interface GraphRequest {
  readonly method: string;
  /** Below /v1.0/, encoded as sent. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

const readWindowMs = 10_000;
const writeWindowMs = 150_000;

/** Resource units spent in ten seconds, and writes in two and a half minutes. */
export interface Meter {
  readonly reads: QuotaWindow;
  readonly writes: QuotaWindow;
}

/** Answers one request. Refusals are answers too; only a defect throws. */
export function answerGraph(cloud: Cloud, meter: Meter, request: GraphRequest): Answer {
  try {
    const roles = authorize(cloud, request.headers['authorization']);
    const path = withKeySegment(request.path.split('/').map(decodeSegment).join('/'));
    if (request.method !== 'GET') {
      chargeWrite(cloud, meter);
      return answerWrite(cloud, { ...request, path, roles });
    }
    const query = parseQuery(request.query);
    const headers = charge(cloud, meter, path, query);
    requirePermission(path, roles);
    const answer = route(cloud, path, query, request.headers, roles);
    return { ...answer, headers: { ...answer.headers, ...headers } };
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

/** The token's roles. Throws 401 InvalidAuthenticationToken. */
export function authorize(cloud: Cloud, authorization: string | undefined): readonly string[] {
  const roles = rolesOf(cloud, authorization);
  if (roles !== null) return roles;
  throw new Refusal(
    401,
    'InvalidAuthenticationToken',
    authorization === undefined ? 'Access token is empty.' : 'Lifetime validation failed, the token is expired.',
    { 'www-authenticate': 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"' },
  );
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('The request path is malformed.');
  }
}

/** Spends the request's resource units. Throws 429 when the window's quota is used up. */
function charge(cloud: Cloud, meter: Meter, path: string, query: Query): Record<string, string> {
  const cost = costOf(path, query);
  const headers: Record<string, string> = { 'x-ms-resource-unit': String(cost) };
  const quota = cloud.settings.quota;
  if (quota === null) return headers;
  spend(meter.reads, cloud.now(), readWindowMs, cost);
  const share = meter.reads.spent / quota;
  if (share >= 0.8) headers['x-ms-throttle-limit-percentage'] = Math.min(share, 1.8).toFixed(1);
  if (share <= 1) return headers;
  throw throttled(cloud, 'Read', meter.reads, headers);
}

/** Counts a write. Throws 429 when the window's writes are used up. */
function chargeWrite(cloud: Cloud, meter: Meter): void {
  const quota = cloud.settings.writeQuota;
  if (quota === null) return;
  spend(meter.writes, cloud.now(), writeWindowMs);
  if (meter.writes.spent > quota) throw throttled(cloud, 'Write', meter.writes, {});
}

function throttled(cloud: Cloud, what: 'Read' | 'Write', window: QuotaWindow, headers: Readonly<Record<string, string>>): Refusal {
  return new Refusal(429, 'TooManyRequests', 'Too many requests.', {
    ...headers,
    'retry-after': String(secondsLeft(window, cloud.now())),
    'x-ms-throttle-scope': `Tenant_Application/${what}/${cloud.clientId}/${cloud.tenantId}`,
    'x-ms-throttle-information': what === 'Read' ? 'ResourceUnitLimitExceeded' : 'WriteLimitExceeded',
  });
}

function route(cloud: Cloud, path: string, query: Query, headers: GraphRequest['headers'], roles: readonly string[]): Answer {
  const advanced = headers['consistencylevel']?.toLowerCase() === 'eventual';
  const minimal = /(^|[\s,;])return=minimal($|[\s,;])/.test(headers['prefer'] ?? '');
  const [first = '', second, third, fourth] = path.split('/');
  const length = path.split('/').length;
  if (first === 'users' || first === 'groups' || first === 'devices' || first === 'servicePrincipals' || first === 'directoryRoles') {
    if (length === 1) return list(cloud, first, query, advanced);
    if (length === 2 && second !== undefined) return collectionChild(cloud, first, second, query, { minimal, roles });
    if (length === 3 && second !== undefined && (third === 'members' || third === 'owners') && hasRelation(first, third)) {
      return related(cloud, first, second, third, query, { advanced, roles });
    }
    if (length === 3 && second !== undefined && first === 'servicePrincipals' && third === 'appRoleAssignedTo') {
      return appRoleAssignedTo(cloud, second, query);
    }
    if (length === 3 && second !== undefined && first === 'servicePrincipals' && (third === 'memberOf' || third === 'ownedObjects')) {
      return belongings(cloud, second, third, query, advanced);
    }
  }
  const appId = /^applications\(appId='([0-9a-f-]+)'\)$/i.exec(path)?.[1];
  if (appId !== undefined) return application(cloud, appId, query);
  if (first === 'roleManagement' && second === 'directory' && (third === 'roleDefinitions' || third === 'roleAssignments')) {
    if (length === 4 && fourth !== undefined) return singleRole(cloud, third, fourth, query);
    if (length === 3) return third === 'roleDefinitions' ? roleDefinitions(cloud, query) : roleAssignmentList(cloud, query);
  }
  const requested = requestedPath(path);
  if (requested !== null) return requestedObjects(cloud, requested, query, { advanced, roles });
  if (first === 'directory' && second === 'deletedItems' && length === 3 && third !== undefined) return binnedItem(cloud, third, roles);
  throw badRequest(`Resource not found for the segment '${path.split('/').at(-1) ?? ''}'.`, 'BadRequest');
}

function hasRelation(name: CollectionName, relation: LinkRelation): name is CollectionName & ContainerName {
  if (name === 'groups') return true;
  return relation === 'members' ? name === 'directoryRoles' : name === 'servicePrincipals';
}

function collectionChild(cloud: Cloud, collection: CollectionName, child: string, query: Query, asked: Asked): Answer {
  if (child !== 'delta') return single(cloud, collection, kinds[collection], child, query);
  return delta(cloud, collection, query, asked);
}
