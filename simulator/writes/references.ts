// Members and owners put in and taken out by reference, one by one or up to 20 with a group.
// Source: learn.microsoft.com/graph/api/{group-post-members,group-delete-members,group-post-owners,group-delete-owners}
import type { Json, JsonObject } from '../../src/model.ts';
import { badRequest, noContent, notFound, requestDenied } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { findByKey } from '../keys.ts';
import { isLinked, linksOf, setLink } from '../links.ts';
import type { Container } from '../links.ts';
import type { LinkRelation } from '../properties.ts';
import type { Kind, Ref } from '../random.ts';
import { isUnified } from '../uniques.ts';
import { property } from '../views.ts';
import { bodyOf, mastered } from './body.ts';
import type { Write } from './body.ts';
import { demand, demandForGroup, demandForMember } from './grants.ts';

const mostChanges = 20;
export const containerOf = ({ index }: Ref): Container => ({ kind: 'group', index });
const kinds: Readonly<Record<string, Kind | null>> = {
  directoryObjects: null,
  users: 'user',
  groups: 'group',
  devices: 'device',
  servicePrincipals: 'servicePrincipal',
};

/** The object a reference names. It MUST be of this service's own address. Throws 400, and 404 when nothing stands there. */
export function referenced(cloud: Cloud, reference: Json | undefined): Ref {
  const base = `${cloud.origin()}/v1.0/`;
  const [collection = '', id = '', ...rest] =
    typeof reference === 'string' && reference.startsWith(base) ? reference.slice(base.length).split('/') : [];
  const kind = kinds[collection];
  if (kind === undefined || id === '' || rest.length > 0)
    throw badRequest('The reference is not one of a directory object of this service.');
  const ref = cloud.tenant.findLive(id);
  if (ref === null || (kind !== null && ref.kind !== kind) || cloud.replication.hides(id)) throw notFound(id);
  return ref;
}

/** The group a reference is written to. A group that is not known everywhere is 400 here, where a read says 404. */
function target(cloud: Cloud, key: string): Ref {
  const ref = findByKey(cloud.tenant, 'group', key);
  if (ref === null) throw notFound(key);
  if (cloud.replication.hides(cloud.tenant.id(ref)))
    throw badRequest('The source resource object or one of the objects being referenced do not exist.');
  return ref;
}

/** Who may be changed at all: not by rule, not on premises, not beyond the app's rights. */
function checkGroup(cloud: Cloud, write: Write, group: Ref, relation: LinkRelation): void {
  demand(write.roles, relation === 'members' ? 'linkMembers' : 'linkOwners');
  demandForGroup(cloud.tenant, write.roles, group);
  const groupTypes = property(cloud.tenant, group, 'groupTypes');
  if (relation === 'members' && Array.isArray(groupTypes) && groupTypes.includes('DynamicMembership')) throw requestDenied();
  if (property(cloud.tenant, group, 'onPremisesSyncEnabled') === true) throw mastered();
}

function checkKind(write: Write, relation: LinkRelation, unified: boolean, kind: Kind): void {
  if (relation === 'owners' && kind !== 'user' && kind !== 'servicePrincipal')
    throw badRequest('Only users and service principals can own a group.');
  if (relation === 'members' && unified && kind !== 'user') throw badRequest('Only users can be members of a Microsoft 365 group.');
  if (relation === 'members') demandForMember(write.roles, kind);
}

/** `POST /groups/{id}/members|owners/$ref` */
export function addReference(cloud: Cloud, write: Write, key: string, relation: LinkRelation): Answer {
  demand(write.roles, relation === 'members' ? 'linkMembers' : 'linkOwners');
  const body = bodyOf(write);
  const group = target(cloud, key);
  checkGroup(cloud, write, group, relation);
  const ref = referenced(cloud, body['@odata.id']);
  checkKind(write, relation, isUnified(cloud.tenant, group), ref.kind);
  if (!setLink(cloud.tenant, containerOf(group), relation, cloud.tenant.id(ref), true)) throw alreadyThere(relation);
  return noContent;
}

export function alreadyThere(relation: LinkRelation): Error {
  return badRequest(`One or more added object references already exist for the following modified properties: '${relation}'.`);
}

/** `DELETE /groups/{id}/members|owners/{id}/$ref`. The last user among the owners stays. */
export function removeReference(cloud: Cloud, write: Write, key: string, relation: LinkRelation, id: string): Answer {
  demand(write.roles, relation === 'members' ? 'linkMembers' : 'linkOwners');
  const group = target(cloud, key);
  checkGroup(cloud, write, group, relation);
  const ref = linked(cloud, containerOf(group), relation, id);
  if (relation === 'owners' && ref.kind === 'user') {
    const users = [...linksOf(cloud.tenant, containerOf(group), 'owners')].filter((link) => link.ref.kind === 'user');
    if (users.length === 1) throw badRequest('The group must have at least one owner, hence this owner cannot be removed.');
  }
  setLink(cloud.tenant, containerOf(group), relation, cloud.tenant.id(ref), false);
  return noContent;
}

/** The element of a relation that an id names. Throws 404 when it is none. */
export function linked(cloud: Cloud, of: Container, relation: LinkRelation, id: string): Ref {
  const ref = cloud.tenant.findLive(id);
  if (ref === null || cloud.replication.hides(id) || !isLinked(cloud.tenant, of, relation, cloud.tenant.id(ref))) throw notFound(id);
  return ref;
}

const binds: readonly (readonly [string, LinkRelation])[] = [
  ['members@odata.bind', 'members'],
  ['owners@odata.bind', 'owners'],
];

export interface Binding {
  readonly relation: LinkRelation;
  readonly ref: Ref;
}

/** The properties of a body without its references. */
export function withoutBinds(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !binds.some(([bind]) => bind === name)));
}

/** All references of a body, every one checked before any is written: they are added together or not at all. */
export function bindingsOf(
  cloud: Cloud,
  write: Write,
  body: JsonObject,
  group: { readonly ref: Ref | null; readonly unified: boolean },
): Binding[] {
  const bindings: Binding[] = [];
  for (const [bind, relation] of binds) {
    const references = body[bind];
    if (references === undefined) continue;
    if (!Array.isArray(references) || references.length === 0) {
      throw badRequest(
        "The value of 'odata.bind' property annotation is an empty array. The 'odata.bind' property annotation must have a non-empty array as its value.",
      );
    }
    if (bindings.length + references.length > mostChanges) throw badRequest(`A request can change at most ${mostChanges} references.`);
    if (group.ref !== null) checkGroup(cloud, write, group.ref, relation);
    for (const reference of references) bindings.push({ relation, ref: referenced(cloud, reference) });
    const ids = bindings.filter((binding) => binding.relation === relation).map(({ ref }) => cloud.tenant.id(ref));
    if (new Set(ids).size < ids.length) throw badRequest('Request contains a property with duplicate values.');
    for (const { ref } of bindings) checkKind(write, relation, group.unified, ref.kind);
    const { ref } = group;
    if (ref !== null && ids.some((id) => isLinked(cloud.tenant, containerOf(ref), relation, id))) throw alreadyThere(relation);
  }
  return bindings;
}

export function bindAll(cloud: Cloud, group: Ref, bindings: readonly Binding[]): void {
  for (const { relation, ref } of bindings) setLink(cloud.tenant, containerOf(group), relation, cloud.tenant.id(ref), true);
}
