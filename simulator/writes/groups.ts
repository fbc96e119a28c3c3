// Groups made, changed and deleted by requests. A display name is not unique: the same POST again makes a second group.
// Source: learn.microsoft.com/graph/api/{group-post-groups,group-upsert,group-update,group-delete}
import type { Json, JsonObject } from '../../src/model.ts';
import { badRequest, noContent } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { alternateKey, findByKey, seen } from '../keys.ts';
import { create, remove, update } from '../mutations.ts';
import type { Ref } from '../random.ts';
import { holderOf, isUnified } from '../uniques.ts';
import { property } from '../views.ts';
import { created, deleted } from './answers.ts';
import { bodyOf, invalidValue, mastered, missingValue, taken, textOf } from './body.ts';
import type { Write } from './body.ts';
import { demand, demandForGroup } from './grants.ts';
import { bindAll, bindingsOf, withoutBinds } from './references.ts';
import { checkValues } from './writable.ts';

const required = ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled'];
/** Only in a PATCH that writes nothing else. */
const alone = [
  'allowExternalSenders',
  'autoSubscribeNewMembers',
  'hideFromAddressLists',
  'hideFromOutlookClients',
  'isSubscribedByMail',
  'unseenCount',
];
/** Said at creation and never changed. */
const fixed = ['isAssignableToRole', 'mailEnabled', 'resourceBehaviorOptions'];

/** `POST /groups` */
export function createGroup(cloud: Cloud, write: Write, uniqueName?: string): Answer {
  demand(write.roles, 'createGroup');
  const body = bodyOf(write);
  const values = withoutBinds(body);
  checkValues('group', values);
  for (const name of required) if (values[name] === undefined) throw missingValue('group', name);
  const early = alone.find((name) => values[name] !== undefined);
  if (early !== undefined) throw badRequest(`Property '${early}' cannot be set when a group is created.`);
  const groupTypes = groupTypesOf(values['groupTypes']);
  checkKind(values, groupTypes);
  if (values['isAssignableToRole'] === true) demand(write.roles, 'roles');
  const unified = groupTypes.includes('Unified');
  checkNickname(cloud, values, unified, null);
  if (groupTypes.includes('DynamicMembership') && body['members@odata.bind'] !== undefined)
    throw badRequest('Members of a dynamic group cannot be given.');
  const bindings = bindingsOf(cloud, write, body, { ref: null, unified });
  const now = `${new Date(cloud.now()).toISOString().slice(0, 19)}Z`;
  const mail = unified ? { mail: `${textOf(values['mailNickname'])}@contoso.example`, visibility: 'Public' } : {};
  const named = uniqueName === undefined ? {} : { uniqueName };
  const set = { createdDateTime: now, renewedDateTime: now, groupTypes: [...groupTypes], ...mail, ...values, ...named };
  const id = create(cloud.tenant, 'group', set, true);
  const ref = cloud.tenant.find(id);
  if (ref !== null) bindAll(cloud, ref, bindings);
  return created(cloud, 'group', id);
}

function groupTypesOf(value: Json | undefined): readonly string[] {
  const given = Array.isArray(value) ? value.filter((type) => typeof type === 'string') : [];
  if (given.some((type) => type !== 'Unified' && type !== 'DynamicMembership')) throw invalidValue('group', 'groupTypes');
  return given;
}

/** Which groups a request can make: security groups and Microsoft 365 groups, with members by hand or by rule. */
function checkKind(values: JsonObject, groupTypes: readonly string[]): void {
  const unified = groupTypes.includes('Unified');
  if (!unified && values['mailEnabled'] === true)
    throw badRequest('Cannot Create a mail-enabled security groups and or distribution list.');
  if (unified && values['mailEnabled'] === false) throw invalidValue('group', 'mailEnabled');
  if (!unified && values['securityEnabled'] === false) throw invalidValue('group', 'securityEnabled');
  const dynamic = groupTypes.includes('DynamicMembership');
  if (dynamic !== (typeof values['membershipRule'] === 'string')) throw invalidValue('group', 'membershipRule');
  if (values['isAssignableToRole'] === true && (dynamic || values['securityEnabled'] !== true))
    throw invalidValue('group', 'isAssignableToRole');
}

function checkNickname(cloud: Cloud, values: JsonObject, unified: boolean, self: Ref | null): void {
  const nickname = values['mailNickname'];
  if (typeof nickname !== 'string') return;
  if (/[@()\\[\]";:<>,\s]|[^\0-\x7f]/.test(nickname)) throw invalidValue('group', 'mailNickname');
  const holder = unified ? holderOf(cloud.tenant, 'mailNickname', nickname) : null;
  if (holder !== null && holder.index !== self?.index) throw taken('mailNickname');
}

/** `PATCH /groups/{id}`, or by unique name with `Prefer: create-if-missing`: made when missing, else changed. */
export function updateGroup(cloud: Cloud, write: Write, key: string): Answer {
  const alternate = alternateKey(key);
  const upserts = /(^|[\s,;])create-if-missing($|[\s,;])/.test(write.headers['prefer'] ?? '');
  if (alternate?.name === 'uniqueName' && upserts && findByKey(cloud.tenant, 'group', key) === null) {
    if (!/^[\x20-\x7e]{1,128}$/.test(alternate.value)) throw invalidValue('group', 'uniqueName');
    return createGroup(cloud, write, alternate.value);
  }
  const body = bodyOf(write);
  const values = withoutBinds(body);
  const names = Object.keys(values);
  demand(write.roles, names.length > 0 || body['members@odata.bind'] === undefined ? 'updateGroup' : 'linkMembers');
  // By its unique name a new group is seen at once: the directory looks where it was made.
  const ref = alternate === null ? seen(cloud, 'group', key) : seenByName(cloud, key);
  if (body['owners@odata.bind'] !== undefined) throw badRequest('Owners cannot be added by a change of the group.');
  checkChange(cloud, write, values, ref);
  const bindings = bindingsOf(cloud, write, body, { ref, unified: isUnified(cloud.tenant, ref) });
  if (names.length > 0) update(cloud.tenant, 'group', cloud.tenant.id(ref), values);
  bindAll(cloud, ref, bindings);
  return noContent;
}

function seenByName(cloud: Cloud, key: string): Ref {
  return findByKey(cloud.tenant, 'group', key) ?? seen(cloud, 'group', key);
}

function checkChange(cloud: Cloud, write: Write, values: JsonObject, ref: Ref): void {
  checkValues('group', values);
  demandForGroup(cloud.tenant, write.roles, ref);
  const names = Object.keys(values);
  if (names.length > 1 && names.some((name) => alone.includes(name)))
    throw badRequest(`Property '${names.find((name) => alone.includes(name)) ?? ''}' must be changed in a request of its own.`);
  for (const name of fixed) {
    if (values[name] !== undefined && values[name] !== property(cloud.tenant, ref, name))
      throw badRequest(`Property '${name}' is read-only and cannot be set.`);
  }
  if (names.length > 0 && property(cloud.tenant, ref, 'onPremisesSyncEnabled') === true) throw mastered();
  checkNickname(cloud, values, isUnified(cloud.tenant, ref), ref);
}

/** `DELETE /groups/{id}`: a Microsoft 365 group goes to the bin, a security group is gone. */
export function deleteGroup(cloud: Cloud, write: Write, key: string): Answer {
  demand(write.roles, 'updateGroup');
  const ref = seen(cloud, 'group', key);
  demandForGroup(cloud.tenant, write.roles, ref);
  if (property(cloud.tenant, ref, 'onPremisesSyncEnabled') === true) throw mastered();
  remove(cloud.tenant, 'group', cloud.tenant.id(ref), false);
  return deleted(cloud, ref);
}
