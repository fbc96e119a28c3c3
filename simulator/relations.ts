// Members and owners of a group, the app role assignments of a service principal, and directory roles with who holds them.
import type { JsonObject } from '../src/model.ts';
import { grantAt, grantPositions, roleAssignments, writeAssignment, writeGrant } from './assignments.ts';
import { notFound, unsupportedQuery } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Cloud } from './cloud.ts';
import { linkAt, linksOf, positions } from './links.ts';
import type { Container, Link } from './links.ts';
import { contextOf, openPage, pageAnswer } from './lists.ts';
import { types } from './properties.ts';
import type { LinkRelation } from './properties.ts';
import { allow, idsOfFilter, selectOf, topOf } from './query.ts';
import type { Query } from './query.ts';
import { roleDefinitionCount } from './shape.ts';
import type { Assignment, Tenant } from './tenant.ts';
import { seesHidden } from './permissions.ts';
import { odataType, shows, writer } from './views.ts';

const anyType = { ...types.user, all: new Set([...types.user.all, ...types.group.all, ...types.device.all]) };

const containers = {
  groups: 'group',
  directoryRoles: 'directoryRole',
  servicePrincipals: 'servicePrincipal',
  applications: 'application',
  'directory/administrativeUnits': 'administrativeUnit',
} as const;
export type ContainerName = keyof typeof containers;

/** `GET /groups/{id}/members|owners` and the like. v1.0 leaves service principals out of groups. A filter by id is an advanced query. */
export function related(
  cloud: Cloud,
  name: ContainerName,
  id: string,
  relation: LinkRelation,
  query: Query,
  { advanced, roles }: { readonly advanced: boolean; readonly roles: readonly string[] },
): Answer {
  allow(query, ['$select', '$top', '$skiptoken', '$filter', '$count']);
  const { tenant } = cloud;
  const ref = tenant.findLive(id);
  const kind = containers[name];
  if (ref === null || ref.kind !== kind) throw notFound(id);
  const of = { kind, index: ref.index };
  const select = selectOf(query, anyType);
  const filter = query.get('$filter');
  if (filter !== undefined || query.has('$count')) {
    if (!advanced || query.get('$count') !== 'true') {
      throw unsupportedQuery('This query needs $count=true and the header ConsistencyLevel: eventual.');
    }
  }
  const write = (link: Link): JsonObject => ({
    '@odata.type': odataType(link.ref.kind),
    ...writer(tenant, link.ref.kind, select === null ? null : [...new Set(['id', ...select])]).whole(link.ref.index),
  });
  const shown = shows(tenant, of, relation, seesHidden(roles));
  const path = `${name}/${id}/${relation}`;
  if (filter !== undefined) {
    const ids = new Set(idsOfFilter(filter, 15));
    const links = shown ? [...linksOf(tenant, of, relation)] : [];
    const value = links.filter((link) => ids.has(link.id) && isMember(tenant, of, link)).map(write);
    return pageAnswer(cloud, { path, select, top: 100, kept: query, at: 0, next: null, value, more: { '@odata.count': value.length } });
  }
  const top = topOf(query);
  const start = startOf(cloud, path, query);
  const value: JsonObject[] = [];
  const count = shown ? positions(tenant, of, relation) : 0;
  let at = start;
  for (; at < count && value.length < top; at += 1) {
    const link = linkAt(tenant, of, relation, at);
    if (link !== null && isMember(tenant, of, link)) value.push(write(link));
  }
  return pageAnswer(cloud, { path, select, top, kept: query, at: start, next: at < count ? at : null, value });
}

function isMember(tenant: Tenant, of: Container, link: Link): boolean {
  return !(of.kind === 'group' && link.ref.kind === 'servicePrincipal') && tenant.isLive(link.ref);
}

function startOf(cloud: Cloud, path: string, query: Query): number {
  const token = query.get('$skiptoken');
  return token === undefined ? 0 : openPage(cloud, path, token).at;
}

/** `GET /servicePrincipals/{id}/appRoleAssignedTo`. */
export function appRoleAssignedTo(cloud: Cloud, id: string, query: Query): Answer {
  allow(query, ['$select', '$top', '$skiptoken']);
  const ref = cloud.tenant.findLive(id);
  if (ref === null || ref.kind !== 'servicePrincipal') throw notFound(id);
  const select = selectOf(query, types.appRoleAssignment);
  const top = topOf(query);
  const path = `servicePrincipals/${id}/appRoleAssignedTo`;
  const start = startOf(cloud, path, query);
  const count = grantPositions(cloud.tenant, ref.index);
  const value: JsonObject[] = [];
  let at = start;
  for (; at < count && value.length < top; at += 1) {
    const grant = grantAt(cloud.tenant, ref.index, at);
    if (grant !== null) value.push(writeGrant(cloud.tenant, grant, select));
  }
  return pageAnswer(cloud, { path, select, top, kept: query, at: start, next: at < count ? at : null, value });
}

/** `GET /roleManagement/directory/roleDefinitions`: all in one page; `$top` is refused. */
export function roleDefinitions(cloud: Cloud, query: Query): Answer {
  noPaging(query);
  const select = selectOf(query, types.roleDefinition);
  const { whole } = writer(cloud.tenant, 'roleDefinition', select);
  const value = Array.from({ length: roleDefinitionCount }, (_, index) => whole(index));
  return onePage(cloud, 'roleManagement/directory/roleDefinitions', select, query, value);
}

/** `GET /roleManagement/directory/roleAssignments`: all in one page, or those of a principal, of a role, or of both; `$top` is refused. */
export function roleAssignmentList(cloud: Cloud, query: Query): Answer {
  noPaging(query, ['$filter']);
  const select = selectOf(query, types.roleAssignment);
  const terms = (query.get('$filter') ?? '').split(/ and /i).filter((term) => term !== '');
  const wanted = terms.map((term) => /^(principalId|roleDefinitionId) eq '([^']+)'$/.exec(term.trim())?.slice(1) ?? []);
  if (wanted.some((term) => term.length === 0)) throw unsupportedQuery('Only principalId and roleDefinitionId are compared here.');
  const meets = ({ principal, role }: Assignment): boolean =>
    wanted.every(([name, id]) => (name === 'principalId' ? principal : role) === id?.toLowerCase());
  const value = [...roleAssignments(cloud.tenant)].filter(meets).map((assignment) => writeAssignment(assignment, select));
  return onePage(cloud, 'roleManagement/directory/roleAssignments', select, query, value);
}

function noPaging(query: Query, more: readonly string[] = []): void {
  if (query.has('$top')) throw unsupportedQuery('The specified resource does not support custom page sizes.');
  allow(query, ['$select', '$skiptoken', ...more]);
}

function onePage(cloud: Cloud, path: string, select: readonly string[] | null, query: Query, value: JsonObject[]): Answer {
  startOf(cloud, path, query);
  return pageAnswer(cloud, { path, select, top: value.length, kept: query, at: 0, next: null, value });
}

/** `GET /roleManagement/directory/roleDefinitions/{id}` and `…/roleAssignments/{id}`. */
export function singleRole(cloud: Cloud, name: 'roleDefinitions' | 'roleAssignments', id: string, query: Query): Answer {
  allow(query, ['$select']);
  const { tenant } = cloud;
  const path = `roleManagement/directory/${name}`;
  const definition = name === 'roleDefinitions' ? types.roleDefinition : types.roleAssignment;
  const select = selectOf(query, definition);
  const context = { '@odata.context': `${contextOf(cloud, path, select)}/$entity` };
  if (name === 'roleDefinitions') {
    const ref = tenant.find(id);
    if (ref === null || ref.kind !== 'roleDefinition') throw notFound(id);
    return { status: 200, headers: {}, body: { ...context, ...writer(tenant, 'roleDefinition', select).whole(ref.index) } };
  }
  for (const assignment of roleAssignments(tenant)) {
    if (assignment.id === id) return { status: 200, headers: {}, body: { ...context, ...writeAssignment(assignment, select) } };
  }
  throw notFound(id);
}
