// What was deleted and can come back for 30 days: looked at, restored, or deleted for good.
// Source: learn.microsoft.com/graph/api/{directory-deleteditems-get,directory-deleteditems-restore,directory-deleteditems-delete}
import type { JsonObject } from '../../src/model.ts';
import { noContent, notFound, requestDenied } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { remove, restore } from '../mutations.ts';
import type { Ref } from '../random.ts';
import { holderOf } from '../uniques.ts';
import { odataType, property, writer } from '../views.ts';
import { taken, textOf } from './body.ts';
import type { Write } from './body.ts';
import { demand, refuseForAdmins } from './grants.ts';

interface Binned extends Ref {
  readonly kind: 'user' | 'group';
}

function binned(cloud: Cloud, id: string): Binned {
  const ref = cloud.tenant.find(id);
  if (ref === null || (ref.kind !== 'user' && ref.kind !== 'group') || cloud.tenant.stateOf(ref) !== 'soft') throw notFound(id);
  return { kind: ref.kind, index: ref.index };
}

function shown(cloud: Cloud, ref: Binned): JsonObject {
  const whole = writer(cloud.tenant, ref.kind, null).whole(ref.index);
  const { id, userPrincipalName: name } = whole;
  // The name of a user in the bin is free for others: its own is kept behind its id.
  const kept = ref.kind === 'user' ? { userPrincipalName: `${textOf(id).replaceAll('-', '')}${textOf(name)}` } : {};
  return { '@odata.type': odataType(ref.kind), ...whole, ...kept, deletedDateTime: property(cloud.tenant, ref, 'deletedDateTime') ?? null };
}

/** `GET /directory/deletedItems/{id}` */
export function binnedItem(cloud: Cloud, id: string, roles: readonly string[]): Answer {
  const ref = binned(cloud, id);
  const readers =
    ref.kind === 'user' ? ['User.Read.All', 'User.ReadWrite.All'] : ['Group.Read.All', 'GroupMember.Read.All', 'Group.ReadWrite.All'];
  if (![...readers, 'Directory.Read.All', 'Directory.ReadWrite.All'].some((permission) => roles.includes(permission)))
    throw requestDenied();
  return { status: 200, headers: {}, body: shown(cloud, ref) };
}

/** `POST /directory/deletedItems/{id}/restore`. Throws 400 when its name was given to another meanwhile. */
export function restoreItem(cloud: Cloud, write: Write, id: string): Answer {
  const ref = binned(cloud, id);
  demand(write.roles, ref.kind === 'user' ? 'deleteUser' : 'updateGroup');
  if (ref.kind === 'user') {
    refuseForAdmins(cloud.tenant, ref);
    const name = property(cloud.tenant, ref, 'userPrincipalName');
    if (typeof name === 'string' && holderOf(cloud.tenant, 'userPrincipalName', name) !== null) throw taken('userPrincipalName');
  }
  restore(cloud.tenant, ref.kind, id);
  delete cloud.tenant.touch(ref.kind, ref.index).values['deletedDateTime'];
  const body = writer(cloud.tenant, ref.kind, null).whole(ref.index);
  return { status: 200, headers: {}, body: { '@odata.type': odataType(ref.kind), ...body } };
}

/** `DELETE /directory/deletedItems/{id}` */
export function purgeItem(cloud: Cloud, write: Write, id: string): Answer {
  const ref = binned(cloud, id);
  demand(write.roles, ref.kind === 'user' ? 'deleteUser' : 'updateGroup');
  if (ref.kind === 'user') refuseForAdmins(cloud.tenant, ref);
  remove(cloud.tenant, ref.kind, id, true);
  return noContent;
}
