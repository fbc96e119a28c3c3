// Users made, changed and deleted by requests.
// Source: learn.microsoft.com/graph/api/{user-post-users,user-update,user-delete}
import type { Json, JsonObject } from '../../src/model.ts';
import { badRequest, noContent } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Cloud } from '../cloud.ts';
import { seen } from '../keys.ts';
import { create, remove, update } from '../mutations.ts';
import type { Ref } from '../random.ts';
import { holderOf } from '../uniques.ts';
import { property } from '../views.ts';
import { bodyOf, invalidValue, mastered, missingValue, taken } from './body.ts';
import type { Write } from './body.ts';
import { created, deleted } from './answers.ts';
import { demand, refuseForAdmins } from './grants.ts';
import type { Grant } from './grants.ts';
import { digestOf, passwordOf } from './passwords.ts';
import { checkValues, mergedAttributes } from './writable.ts';

const required = ['accountEnabled', 'displayName', 'mailNickname', 'userPrincipalName', 'passwordProfile'];
const verifiedDomain = 'contoso.example';
const noAttributes: JsonObject = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`extensionAttribute${at + 1}`, null]));

/** Properties with a permission of their own; the rest take that of `updateUser`. */
const own: Readonly<Record<string, readonly Grant[]>> = {
  passwordProfile: ['passwordUser'],
  accountEnabled: ['enableUser', 'readUser'],
  businessPhones: ['phoneUser'],
  mobilePhone: ['phoneUser'],
  otherMails: ['mailUser'],
  identities: ['identitiesUser'],
};
/** What an app cannot write of an administrator. */
const sensitive = [
  'accountEnabled',
  'businessPhones',
  'mobilePhone',
  'otherMails',
  'onPremisesImmutableId',
  'passwordProfile',
  'userPrincipalName',
];
/** What the cloud may write of a user whose master is on premises. */
const ownedByCloud = ['usageLocation', 'otherMails', 'passwordPolicies'];

/** `POST /users`. The principal name is unique; nothing else makes a repeated request safe. */
export function createUser(cloud: Cloud, write: Write): Answer {
  demand(write.roles, 'createUser');
  const values = bodyOf(write);
  checkValues('user', values);
  for (const name of required) if (values[name] === undefined) throw missingValue('user', name);
  const password = passwordOf(values['passwordProfile']);
  checkNames(cloud, values, null);
  const now = new Date(cloud.now()).toISOString().slice(0, 19);
  const { passwordProfile: _secret, ...rest } = values;
  const id = create(
    cloud.tenant,
    'user',
    {
      userType: 'Member',
      createdDateTime: `${now}Z`,
      lastPasswordChangeDateTime: `${now}Z`,
      ...rest,
      onPremisesExtensionAttributes: mergedAttributes(
        'user',
        'onPremisesExtensionAttributes',
        noAttributes,
        rest['onPremisesExtensionAttributes'],
      ),
    },
    true,
  );
  return created(cloud, 'user', id, (overlay) => (overlay.password = digestOf(password)));
}

/** `PATCH /users/{id | userPrincipalName}` */
export function updateUser(cloud: Cloud, write: Write, key: string): Answer {
  const values = bodyOf(write);
  const names = Object.keys(values);
  const wanted = names.flatMap((name) => own[name] ?? ['updateUser' as const]);
  demand(write.roles, ...(wanted.length === 0 ? ['updateUser' as const] : wanted));
  const ref = seen(cloud, 'user', key);
  checkValues('user', values);
  if (names.some((name) => sensitive.includes(name))) refuseForAdmins(cloud.tenant, ref);
  if (isMastered(cloud, ref) && names.some((name) => !ownedByCloud.includes(name))) throw mastered();
  checkNames(cloud, values, ref);
  const set = withoutPassword(cloud, values, ref);
  if (Object.keys(set).length > 0) update(cloud.tenant, 'user', cloud.tenant.id(ref), set);
  return noContent;
}

/** What is stored of a PATCH: a new password leaves its digest and its time. */
function withoutPassword(cloud: Cloud, values: JsonObject, ref: Ref): Record<string, Json> {
  const { passwordProfile, onPremisesExtensionAttributes: attributes, ...set } = values;
  if (attributes !== undefined) {
    const before = property(cloud.tenant, ref, 'onPremisesExtensionAttributes');
    set['onPremisesExtensionAttributes'] = mergedAttributes('user', 'onPremisesExtensionAttributes', before, attributes);
  }
  if (passwordProfile !== undefined) {
    cloud.tenant.touch('user', ref.index).password = digestOf(passwordOf(passwordProfile));
    set['lastPasswordChangeDateTime'] = `${new Date(cloud.now()).toISOString().slice(0, 19)}Z`;
  }
  return set;
}

/** `DELETE /users/{id | userPrincipalName}`: into the bin. A synced user may be deleted, an administrator may not. */
export function deleteUser(cloud: Cloud, write: Write, key: string): Answer {
  demand(write.roles, 'deleteUser');
  const ref = seen(cloud, 'user', key);
  refuseForAdmins(cloud.tenant, ref);
  remove(cloud.tenant, 'user', cloud.tenant.id(ref), false);
  return deleted(cloud, ref);
}

function isMastered(cloud: Cloud, ref: Ref): boolean {
  return property(cloud.tenant, ref, 'onPremisesSyncEnabled') === true;
}

/** The names must be well formed, of a verified domain, and nobody else's. */
function checkNames(cloud: Cloud, values: JsonObject, self: Ref | null): void {
  const { userPrincipalName: name, mailNickname: nickname } = values;
  if (typeof nickname === 'string' && /[@()\\[\]";:<>,\s]/.test(nickname)) throw invalidValue('user', 'mailNickname');
  if (typeof name !== 'string') return;
  const [, alias, domain] = /^([^@]+)@([^@]+)$/.exec(name) ?? [];
  if (alias === undefined || !/^[A-Za-z0-9'._!#^~-]+$/.test(alias)) throw badRequest('Property userPrincipalName is invalid.');
  if (domain?.toLowerCase() !== verifiedDomain) {
    throw badRequest(
      'The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.',
    );
  }
  const holder = holderOf(cloud.tenant, 'userPrincipalName', name);
  if (holder !== null && holder.index !== self?.index) throw taken('userPrincipalName');
}
