// Which properties a request may write, in what form, and which of them may be cleared.
// Source: learn.microsoft.com/graph/api/{user-post-users,user-update,group-post-groups,group-update,device-update}
import type { Json, JsonObject } from '../../src/model.ts';
import { badRequest } from '../answer.ts';
import { types } from '../properties.ts';
import type { Writable } from '../tenant.ts';
import { invalidValue, isObject } from './body.ts';

const forms = ['text', 'flag', 'texts', 'time', 'object', 'objects', 'number'] as const;
type Form = (typeof forms)[number];

interface Rule {
  readonly form: Form;
  /** Most characters of a text, most elements of a list. */
  readonly most: number;
  readonly clears: boolean;
}

/** Names by form; `!` marks those that cannot be cleared, a number is the most they hold. */
function rules(lines: Readonly<Partial<Record<Form, string>>>): ReadonlyMap<string, Rule> {
  const table = new Map<string, Rule>();
  for (const form of forms) {
    for (const word of lines[form]?.trim().split(/\s+/) ?? []) {
      const [, name = '', fixed, most] = /^(\w+)(!)?(?::(\d+))?$/.exec(word) ?? [];
      table.set(name, { form, most: Number(most ?? 1024), clears: fixed === undefined });
    }
  }
  return table;
}

const user = rules({
  text: `displayName!:256 mailNickname!:64 userPrincipalName!:113 usageLocation!:2 givenName:64 surname:64 jobTitle:128 department:64
    companyName:64 city:128 state:128 country:128 postalCode:40 streetAddress:1024 officeLocation:128 mobilePhone:64 faxNumber:64
    preferredLanguage:32 employeeId:16 employeeType:64 mail:256 ageGroup:32 consentProvidedForMinor:32 onPremisesImmutableId:64
    passwordPolicies:64 preferredDataLocation:8 userType:64`,
  flag: 'accountEnabled! showInAddressList',
  texts: 'businessPhones!:1 otherMails!:250',
  time: 'employeeHireDate employeeLeaveDateTime',
  object: 'passwordProfile! onPremisesExtensionAttributes! employeeOrgData',
  objects: 'identities!:10',
});
const group = rules({
  text: `displayName!:256 mailNickname!:64 description:1024 classification:64 visibility:32 membershipRule:3072
    membershipRuleProcessingState:32 preferredLanguage:32 preferredDataLocation:8 theme:32`,
  flag: `mailEnabled! securityEnabled! isAssignableToRole allowExternalSenders! autoSubscribeNewMembers! hideFromAddressLists!
    hideFromOutlookClients! isSubscribedByMail!`,
  texts: 'groupTypes!:2 resourceBehaviorOptions!:20 resourceProvisioningOptions!:20',
  number: 'unseenCount!',
});
const device = rules({
  text: 'displayName:256 operatingSystem:64 operatingSystemVersion:64',
  flag: 'accountEnabled isCompliant isManaged',
  object: 'extensionAttributes!',
});
const servicePrincipal = rules({
  text: 'appId!:36 displayName:256 description:1024 notes:1024 homepage:256 loginUrl:256 preferredSingleSignOnMode:32',
  flag: 'accountEnabled appRoleAssignmentRequired!',
  texts: 'tags!:100 notificationEmailAddresses!:5',
});
const application = rules({
  text: 'displayName!:256 description:1024 notes:1024 signInAudience!:40 serviceManagementReference:256',
  texts: 'tags!:100 identifierUris!:50',
});
const administrativeUnit = rules({ text: 'displayName!:256 description:1024 visibility:32' });
const tables: Readonly<Record<Writable, ReadonlyMap<string, Rule>>> = {
  user,
  group,
  device,
  servicePrincipal,
  application,
  administrativeUnit,
};

/** Directory extensions are flat and named by their application. */
const directoryExtension = /^extension_[0-9a-f]{32}_\w{1,64}$/i;

/** Checks names and forms of what is written. Throws 400 for an unknown, read-only, ill-formed, empty or uncleared property. */
export function checkValues(kind: Writable, values: JsonObject): void {
  for (const [name, value] of Object.entries(values)) {
    const rule = tables[kind].get(name);
    if (rule === undefined) {
      if (directoryExtension.test(name)) continue;
      if (types[kind].all.has(name)) throw badRequest(`Property '${name}' is read-only and cannot be set.`);
      throw badRequest(`The property '${name}' does not exist on type 'microsoft.graph.${kind}'.`, 'BadRequest');
    }
    if (value === null ? !rule.clears : !hasForm(rule, value)) throw invalidValue(kind, name);
  }
}

function hasForm({ form, most }: Rule, value: Json): boolean {
  switch (form) {
    case 'text':
      return typeof value === 'string' && value !== '' && value.length <= most;
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number';
    case 'time':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value));
    case 'texts':
      return Array.isArray(value) && value.length <= most && value.every((element) => typeof element === 'string' && element !== '');
    case 'object':
      return isObject(value);
    case 'objects':
      return Array.isArray(value) && value.length <= most && value.every(isObject);
  }
}

/** The fifteen extension attributes after a write of some of them. Throws 400 for another name. */
export function mergedAttributes(kind: Writable, name: string, before: Json | undefined, written: Json | undefined): JsonObject {
  const merged: JsonObject = isObject(before) ? { ...before } : {};
  for (const [attribute, value] of isObject(written) ? Object.entries(written) : []) {
    const right = /^extensionAttribute(1[0-5]|[1-9])$/.test(attribute);
    if (!right || (value !== null && (typeof value !== 'string' || value === '' || value.length > 1024))) throw invalidValue(kind, name);
    merged[attribute] = value;
  }
  return merged;
}
