// The types of objects that orders write: one table. What is not in it is refused by name, before any request.
// https://learn.microsoft.com/graph/api/overview: the pages of each type's methods

export const actions = [
  'create',
  'update',
  'delete',
  'addMember',
  'removeMember',
  'addOwner',
  'removeOwner',
  'enable',
  'disable',
  'resetPassword',
] as const;
export type Action = (typeof actions)[number];

interface Findable {
  readonly by: 'key' | 'look';
  readonly property: string;
  /** Whether the type says when an object was made. */
  readonly dated: boolean;
}

export interface ObjectType {
  /** Relative to Graph's base. */
  readonly collection: string;
  readonly actions: readonly Action[];
  /** What Graph asks for to make one. */
  readonly required: readonly string[];
  /**
   * How one is found again whose answer was lost. `upsert`: made under a uniqueName of ours, so that it may be sent again. `key`: by a property that no
   * two have. `look`: by a property that several may have, together with when it was made. null: not at all, so that it is not sent again.
   */
  readonly found: { readonly by: 'upsert' } | Findable | null;
  /** Written by requests of their own: a refusal of one does not lose the rest. */
  readonly alone: readonly string[];
  /** Graph takes these only of an object that is there. */
  readonly later: readonly string[];
  /** How members are written. */
  readonly members: 'references' | 'roleAssignments' | null;
  /** The stream of the connection whose records are of this type; null: none. */
  readonly stream: string | null;
}

const changes: readonly Action[] = ['create', 'update', 'delete'];
const memberships: readonly Action[] = ['addMember', 'removeMember'];
const ownerships: readonly Action[] = ['addOwner', 'removeOwner'];
const switches: readonly Action[] = ['enable', 'disable'];
const plain = { alone: [], later: [], members: null, stream: null } as const;

export const objectTypes = {
  user: {
    collection: 'users',
    actions: [...changes, ...switches, 'resetPassword'],
    required: ['accountEnabled', 'displayName', 'mailNickname', 'userPrincipalName', 'passwordProfile'],
    found: { by: 'key', property: 'userPrincipalName', dated: true },
    // Of an administrator an application writes these only with a directory role of its own: https://learn.microsoft.com/graph/api/user-update
    alone: [
      'accountEnabled',
      'businessPhones',
      'mobilePhone',
      'onPremisesImmutableId',
      'otherMails',
      'passwordProfile',
      'userPrincipalName',
    ],
    later: [],
    members: null,
    stream: 'users',
  },
  group: {
    collection: 'groups',
    actions: [...changes, ...memberships, ...ownerships],
    required: ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled'],
    // https://learn.microsoft.com/graph/api/group-upsert
    found: { by: 'upsert' },
    alone: [],
    // https://learn.microsoft.com/graph/api/group-update: only together with each other, or alone
    later: ['allowExternalSenders', 'autoSubscribeNewMembers', 'hideFromAddressLists', 'hideFromOutlookClients', 'isSubscribedByMail'],
    members: 'references',
    stream: 'groups',
  },
  // An application cannot make one: https://learn.microsoft.com/graph/api/device-post-devices#permissions
  device: { ...plain, collection: 'devices', actions: ['update', 'delete', ...switches], required: [], found: null },
  servicePrincipal: {
    ...plain,
    collection: 'servicePrincipals',
    actions: [...changes, ...ownerships, ...switches],
    required: ['appId'],
    found: { by: 'key', property: 'appId', dated: false },
    stream: 'servicePrincipals',
  },
  application: {
    ...plain,
    collection: 'applications',
    actions: [...changes, ...ownerships],
    required: ['displayName'],
    found: { by: 'look', property: 'displayName', dated: true },
  },
  administrativeUnit: {
    ...plain,
    collection: 'directory/administrativeUnits',
    actions: [...changes, ...memberships],
    required: ['displayName'],
    found: null,
    members: 'references',
  },
  // Graph reads them only: what is asked is sent, and Graph's refusal is told.
  orgContact: { ...plain, collection: 'contacts', actions: ['update', 'delete'], required: [], found: null },
  /** Its key is the id of the role's definition. */
  directoryRole: {
    ...plain,
    collection: 'roleManagement/directory/roleAssignments',
    actions: memberships,
    required: [],
    found: null,
    members: 'roleAssignments',
    stream: 'directoryRoles',
  },
} as const satisfies Record<string, ObjectType>;

export type TypeName = keyof typeof objectTypes;

export const typeNames = Object.keys(objectTypes).filter((name): name is TypeName => Object.hasOwn(objectTypes, name));

export const typeOf = (name: TypeName): ObjectType => objectTypes[name];
