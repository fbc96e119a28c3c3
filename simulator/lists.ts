// Lists of users, groups, devices and service principals, pages by position, and single objects.
import type { JsonObject } from '../src/model.ts';
import { grantsOf, writeGrant } from './assignments.ts';
import { badRequest, expiredPage, unsupportedQuery } from './answer.ts';
import type { Answer } from './answer.ts';
import { pageLifeMs } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { filtered } from './filters.ts';
import { seen } from './keys.ts';
import { types } from './properties.ts';
import { allow, selectOf, topOf } from './query.ts';
import type { Query } from './query.ts';
import type { LinkState } from './seal.ts';
import type { Changing } from './tenant.ts';
import { writer } from './views.ts';

/** By their names in addresses, the kinds of objects that are listed and have changes told. */
export const kinds = {
  users: 'user',
  groups: 'group',
  devices: 'device',
  servicePrincipals: 'servicePrincipal',
  directoryRoles: 'directoryRole',
} as const;
export type CollectionName = keyof typeof kinds;
const expandedMost = 20;

export function contextOf(cloud: Cloud, path: string, select: readonly string[] | null): string {
  return `${cloud.origin()}/v1.0/$metadata#${path}${select === null ? '' : `(${select.join(',')})`}`;
}

/** The state a list's page link holds, checked against the collection and the options sent beside it. */
export function openPage(cloud: Cloud, path: string, token: string): LinkState {
  const state = cloud.sealer.open(token);
  if (state.kind !== 'page' || state.path !== path)
    throw badRequest('The page token does not belong to this request.', 'Directory_InvalidPageToken');
  if (cloud.now() - state.issuedAt > pageLifeMs || state.size !== cloud.size) throw expiredPage();
  return state;
}

/** A page's answer: `place` is where the next page begins, or null at the end. `kept` are the options repeated in links. */
export function pageAnswer(
  cloud: Cloud,
  of: {
    path: string;
    select: readonly string[] | null;
    top: number;
    kept: Query;
    at: number;
    next: number | null;
    value: JsonObject[];
    more?: JsonObject;
  },
): Answer {
  const link = (at: number): string => {
    const token = cloud.sealer.seal({
      kind: 'page',
      path: of.path,
      select: of.select,
      ids: null,
      top: of.top,
      from: null,
      upTo: 0,
      at,
      within: 0,
      issuedAt: cloud.now(),
      size: cloud.size,
      epoch: cloud.epoch,
    });
    const kept = [...of.kept].filter(([name]) => name !== '$skiptoken').map(([name, value]) => `${name}=${encodeURIComponent(value)}&`);
    return `${cloud.origin()}/v1.0/${of.path}?${kept.join('')}$skiptoken=${token}`;
  };
  return {
    status: 200,
    headers: {},
    body: {
      '@odata.context': contextOf(cloud, of.path, of.select),
      ...of.more,
      ...(of.next === null ? {} : { '@odata.nextLink': link(of.next) }),
      value: of.value,
    },
    again: () => link(of.at),
  };
}

/** `GET /users`, `/groups`, `/devices`, `/servicePrincipals`, `/directoryRoles`; the last takes no page size. */
export function list(cloud: Cloud, name: CollectionName, query: Query, advanced: boolean): Answer {
  const kind = kinds[name];
  if (name === 'directoryRoles' && query.has('$top')) throw unsupportedQuery('The specified resource does not support custom page sizes.');
  const mayExpand = name === 'servicePrincipals';
  const filter = query.get('$filter');
  if (filter !== undefined) return filteredList(cloud, name, kind, filter, query);
  allow(query, ['$select', '$top', '$skiptoken', ...(mayExpand ? ['$expand'] : [])]);
  const select = selectOf(query, types[kind]);
  const top = topOf(query);
  const expand = expansion(query, advanced);
  const token = query.get('$skiptoken');
  const state = token === undefined ? null : openPage(cloud, name, token);
  if (state !== null && state.top !== top) throw badRequest('The page token was made for another $top.', 'Directory_InvalidPageToken');
  if (state !== null && String(state.select) !== String(select))
    throw badRequest('The page token was made for another $select.', 'Directory_InvalidPageToken');
  const { tenant } = cloud;
  const { whole } = writer(tenant, kind, select);
  const value: JsonObject[] = [];
  const count = tenant.count(kind);
  const start = state?.at ?? 0;
  let index = start;
  for (; index < count && value.length < top; index += 1) {
    if (!tenant.isLive({ kind, index })) continue;
    const object = whole(index);
    if (expand) object['appRoleAssignedTo'] = firstGrants(cloud, index);
    value.push(object);
  }
  return pageAnswer(cloud, { path: name, select, top, kept: query, at: start, next: index < count ? index : null, value });
}

/** A page of what a filter finds; its place is counted in objects found. */
export function filteredList(cloud: Cloud, name: string, kind: Changing, filter: string, query: Query): Answer {
  allow(query, ['$select', '$top', '$filter', '$skiptoken']);
  const select = selectOf(query, types[kind]);
  const top = topOf(query);
  const token = query.get('$skiptoken');
  const start = token === undefined ? 0 : openPage(cloud, name, token).at;
  const { whole } = writer(cloud.tenant, kind, select);
  const value: JsonObject[] = [];
  let found = 0;
  for (const ref of filtered(cloud, kind, filter)) {
    found += 1;
    if (found > start + top) break;
    if (found > start) value.push(whole(ref.index));
  }
  const next = found > start + top ? start + top : null;
  return pageAnswer(cloud, { path: name, select, top, kept: query, at: start, next, value });
}

function expansion(query: Query, advanced: boolean): boolean {
  const expand = query.get('$expand');
  if (expand === undefined) return false;
  if (expand !== 'appRoleAssignedTo') throw unsupportedQuery(`'${expand}' cannot be expanded here.`);
  if (advanced) throw unsupportedQuery('$expand is not supported with advanced queries.');
  return true;
}

/** An expanded relation holds at most 20 objects and no link to the rest. */
function firstGrants(cloud: Cloud, index: number): JsonObject[] {
  const grants: JsonObject[] = [];
  for (const grant of grantsOf(cloud.tenant, index)) {
    if (grants.length === expandedMost) break;
    grants.push(writeGrant(cloud.tenant, grant, null));
  }
  return grants;
}

/** `GET /users/{id}` and the like: 404 when deleted, unknown or not known everywhere yet. */
export function single(cloud: Cloud, name: string, kind: Changing, id: string, query: Query): Answer {
  allow(query, ['$select']);
  const select = selectOf(query, types[kind]);
  const ref = seen(cloud, kind, id);
  return {
    status: 200,
    headers: {},
    body: { '@odata.context': `${contextOf(cloud, name, select)}/$entity`, ...writer(cloud.tenant, kind, select).whole(ref.index) },
  };
}
