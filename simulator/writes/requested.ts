// Applications and administrative units made, changed and deleted by requests; their owners and members, and the owners of service principals.
// Source: learn.microsoft.com/graph/api/{application-post-applications,application-post-owners,directory-post-administrativeunits,
// administrativeunit-post-members,serviceprincipal-post-owners}
import { badRequest, noContent } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { seen } from '../keys.ts';
import { setLink } from '../links.ts';
import { create, remove, update } from '../mutations.ts';
import { guid } from '../random.ts';
import type { Kind, Ref } from '../random.ts';
import { created, deleted } from './answers.ts';
import { bodyOf, missingValue } from './body.ts';
import type { Write } from './body.ts';
import { demand } from './grants.ts';
import { alreadyThere, linked, referenced } from './references.ts';
import { checkValues } from './writable.ts';

const collections = {
  applications: { kind: 'application', grant: 'applications', relation: 'owners', of: ['user', 'servicePrincipal'] },
  servicePrincipals: { kind: 'servicePrincipal', grant: 'servicePrincipals', relation: 'owners', of: ['user', 'servicePrincipal'] },
  'directory/administrativeUnits': {
    kind: 'administrativeUnit',
    grant: 'administrativeUnits',
    relation: 'members',
    of: ['user', 'group', 'device'],
  },
} as const;
type CollectionName = keyof typeof collections;

const isCollection = (name: string): name is CollectionName => Object.hasOwn(collections, name);

function collectionOf(name: string): (typeof collections)[CollectionName] {
  if (!isCollection(name)) throw badRequest(`Resource not found for the segment '${name}'.`, 'BadRequest');
  return collections[name];
}

/** `POST /applications`: several may have the same name. */
export function createApplication(cloud: Cloud, write: Write): Answer {
  demand(write.roles, 'applications');
  const values = bodyOf(write);
  checkValues('application', values);
  if (values['displayName'] === undefined) throw missingValue('application', 'displayName');
  const createdDateTime = `${new Date(cloud.now()).toISOString().slice(0, 19)}Z`;
  const appId = guid(cloud.tenant.shape.seed, 'other', 2_000_000 + cloud.tenant.count('application'));
  return created(cloud, 'application', create(cloud.tenant, 'application', { createdDateTime, appId, ...values }, true));
}

/** `POST /directory/administrativeUnits`: several may have the same name, and none says when it was made. */
export function createUnit(cloud: Cloud, write: Write): Answer {
  demand(write.roles, 'administrativeUnits');
  const values = bodyOf(write);
  checkValues('administrativeUnit', values);
  if (values['displayName'] === undefined) throw missingValue('administrativeUnit', 'displayName');
  return created(cloud, 'administrativeUnit', create(cloud.tenant, 'administrativeUnit', values, true));
}

/** `PATCH /applications/{id}` and the like */
export function changeRequested(cloud: Cloud, write: Write, name: string, key = ''): Answer {
  const { kind, grant } = collectionOf(name);
  demand(write.roles, grant);
  const values = bodyOf(write);
  const ref = seen(cloud, kind, key);
  checkValues(kind, values);
  if (Object.keys(values).length > 0) update(cloud.tenant, kind, cloud.tenant.id(ref), values);
  return noContent;
}

/** `DELETE /applications/{id}` and the like */
export function deleteRequested(cloud: Cloud, write: Write, name: string, key = ''): Answer {
  const { kind, grant } = collectionOf(name);
  demand(write.roles, grant);
  const ref = seen(cloud, kind, key);
  remove(cloud.tenant, kind, cloud.tenant.id(ref), false);
  return deleted(cloud, ref);
}

/** `POST /applications/{id}/owners/$ref` and the like */
export function addRequested(cloud: Cloud, write: Write, name: string, key = '', relation = ''): Answer {
  const { kind, grant, relation: own, of } = collectionOf(name);
  demand(write.roles, grant);
  if (relation !== own) throw badRequest(`Resource not found for the segment '${relation}'.`, 'BadRequest');
  const container = seen(cloud, kind, key);
  const ref = referenced(cloud, bodyOf(write)['@odata.id']);
  const allowed: readonly Kind[] = of;
  if (!allowed.includes(ref.kind)) throw badRequest(`An object of this type cannot be among the ${own}.`);
  if (!setLink(cloud.tenant, { kind, index: container.index }, own, cloud.tenant.id(ref), true)) throw alreadyThere(own);
  return noContent;
}

/** `DELETE /applications/{id}/owners/{id}/$ref` and the like */
export function removeRequested(cloud: Cloud, write: Write, name: string, key = '', relation = '', id = ''): Answer {
  const { kind, grant, relation: own } = collectionOf(name);
  demand(write.roles, grant);
  if (relation !== own) throw badRequest(`Resource not found for the segment '${relation}'.`, 'BadRequest');
  const of = { kind, index: seen(cloud, kind, key).index };
  const ref: Ref = linked(cloud, of, own, id);
  setLink(cloud.tenant, of, own, cloud.tenant.id(ref), false);
  return noContent;
}
