// Which handler a write goes to. A path without a handler is refused as unknown.
import { Refusal, badRequest, noContent } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { seen } from '../keys.ts';
import type { Kind } from '../random.ts';
import { purgeItem, restoreItem } from './bin.ts';
import type { Write } from './body.ts';
import { createDevice, deleteDevice, updateDevice } from './devices.ts';
import { demand } from './grants.ts';
import { createGroup, deleteGroup, updateGroup } from './groups.ts';
import { addReference, containerOf, linked, removeReference } from './references.ts';
import { createAssignment, deleteAssignment } from './roles.ts';
import { createPrincipal, deletePrincipal, updatePrincipal } from './servicePrincipals.ts';
import { addRequested, changeRequested, createApplication, createUnit, deleteRequested, removeRequested } from './requested.ts';
import { createUser, deleteUser, updateUser } from './users.ts';

type Handler = (cloud: Cloud, write: Write, key: string, ...more: string[]) => Answer;

const relation = (name: string | undefined): 'members' | 'owners' => (name === 'owners' ? 'owners' : 'members');

/** Method and path; what stands in parentheses goes to the handler. */
const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ['POST', /^users$/, createUser],
  ['PATCH', /^users\/([^/]+)$/, updateUser],
  ['DELETE', /^users\/([^/]+)$/, deleteUser],
  ['POST', /^groups$/, (cloud, write) => createGroup(cloud, write)],
  ['PATCH', /^groups\/([^/]+)$/, updateGroup],
  ['DELETE', /^groups\/([^/]+)$/, deleteGroup],
  ['POST', /^groups\/([^/]+)\/(members|owners)\/\$ref$/, (cloud, write, key, name) => addReference(cloud, write, key, relation(name))],
  [
    'DELETE',
    /^groups\/([^/]+)\/(members|owners)\/([^/]+)\/\$ref$/,
    (cloud, write, key, name, id = '') => removeReference(cloud, write, key, relation(name), id),
  ],
  ['DELETE', /^groups\/([^/]+)\/(members|owners)\/([^/$]+)$/, deleteThrough],
  ['POST', /^devices$/, createDevice],
  ['PATCH', /^devices\/([^/]+)$/, updateDevice],
  ['DELETE', /^devices\/([^/]+)$/, deleteDevice],
  ['POST', /^servicePrincipals$/, createPrincipal],
  ['PATCH', /^servicePrincipals\/([^/]+)$/, updatePrincipal],
  ['DELETE', /^servicePrincipals\/([^/]+)$/, deletePrincipal],
  ['POST', /^applications$/, createApplication],
  ['POST', /^directory\/administrativeUnits$/, createUnit],
  ['PATCH', /^(applications|directory\/administrativeUnits)\/([^/]+)$/, changeRequested],
  ['DELETE', /^(applications|directory\/administrativeUnits)\/([^/]+)$/, deleteRequested],
  ['POST', /^(applications|servicePrincipals|directory\/administrativeUnits)\/([^/]+)\/(members|owners)\/\$ref$/, addRequested],
  [
    'DELETE',
    /^(applications|servicePrincipals|directory\/administrativeUnits)\/([^/]+)\/(members|owners)\/([^/]+)\/\$ref$/,
    removeRequested,
  ],
  // Organizational contacts are only read: learn.microsoft.com/graph/api/resources/orgcontact
  ['GET', /^contacts(\/[^/]+)?$/, () => noContent],
  ['POST', /^directory\/deletedItems\/([^/]+)\/restore$/, restoreItem],
  ['DELETE', /^directory\/deletedItems\/([^/]+)$/, purgeItem],
  ['POST', /^roleManagement\/directory\/roleAssignments$/, createAssignment],
  ['DELETE', /^roleManagement\/directory\/roleAssignments\/([^/]+)$/, deleteAssignment],
];

/** Answers one write. Throws a refusal. */
export function answerWrite(cloud: Cloud, write: Write): Answer {
  let known = false;
  for (const [method, pattern, handler] of routes) {
    const found = pattern.exec(write.path);
    if (found === null) continue;
    known = true;
    if (method === write.method) return handler(cloud, write, found[1] ?? '', ...found.slice(2));
  }
  if (known) throw new Refusal(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
  throw badRequest(`Resource not found for the segment '${write.path.split('/').at(-1) ?? ''}'.`, 'BadRequest');
}

const deleters: Partial<Record<Kind, Handler>> = {
  user: deleteUser,
  group: deleteGroup,
  device: deleteDevice,
  servicePrincipal: deletePrincipal,
};

/** `DELETE /groups/{id}/members/{id}` without `/$ref` deletes the member itself where the app may: the caution of group-delete-members. */
function deleteThrough(cloud: Cloud, write: Write, key: string, name?: string, id = ''): Answer {
  demand(write.roles, name === 'owners' ? 'linkOwners' : 'linkMembers');
  const ref = linked(cloud, containerOf(seen(cloud, 'group', key)), relation(name), id);
  const handler = deleters[ref.kind];
  if (handler === undefined) throw badRequest('This object cannot be deleted here.');
  return handler(cloud, write, id);
}
