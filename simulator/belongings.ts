// What a service principal is a member of, and what it owns: asked from its own end, since a group's members and owners leave it out.
// Source: learn.microsoft.com/graph/api/{serviceprincipal-list-memberof,serviceprincipal-list-ownedobjects}
import { notFound, unsupportedQuery } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Cloud } from './cloud.ts';
import { isLinked } from './links.ts';
import { pageAnswer } from './lists.ts';
import { types } from './properties.ts';
import { allow, idsOfFilter, selectOf } from './query.ts';
import type { Query } from './query.ts';
import { odataType, writer } from './views.ts';

/** `GET /servicePrincipals/{id}/memberOf` and `…/ownedObjects`, of the groups that a filter names: an advanced query. */
export function belongings(cloud: Cloud, id: string, relation: 'memberOf' | 'ownedObjects', query: Query, advanced: boolean): Answer {
  allow(query, ['$select', '$filter', '$count']);
  const { tenant } = cloud;
  if (tenant.findLive(id)?.kind !== 'servicePrincipal') throw notFound(id);
  if (!advanced || query.get('$count') !== 'true')
    throw unsupportedQuery('This query needs $count=true and the header ConsistencyLevel: eventual.');
  const select = selectOf(query, types.group);
  const { whole } = writer(tenant, 'group', select);
  const value = idsOfFilter(query.get('$filter') ?? '', 15).flatMap((group) => {
    const ref = tenant.findLive(group);
    if (ref?.kind !== 'group') return [];
    const belongs = isLinked(tenant, { kind: 'group', index: ref.index }, relation === 'memberOf' ? 'members' : 'owners', id.toLowerCase());
    return belongs ? [{ '@odata.type': odataType('group'), ...whole(ref.index) }] : [];
  });
  const path = `servicePrincipals/${id}/${relation}`;
  return pageAnswer(cloud, { path, select, top: 100, kept: query, at: 0, next: null, value, more: { '@odata.count': value.length } });
}
