// The properties of simulated groups, service principals and roles, computed from the index; undefined means never set.
import type { Json } from '../src/model.ts';
import { thingName } from './names.ts';
import { pastTime } from './people.ts';
import type { Generator } from './people.ts';
import { guid, mix } from './random.ts';

/** Two of five groups are Microsoft 365 groups, which come back from the bin; the rest are security groups. */
function isUnified(dice: number): boolean {
  return dice % 5 < 2;
}

export const groupProperties: Readonly<Record<string, Generator>> = {
  id: (seed, index) => guid(seed, 'group', index),
  displayName: (seed, index) => thingName(seed, 31, index),
  description: (_seed, index, dice) => (dice % 4 === 0 ? undefined : `All of them, list ${index}`),
  classification: (_seed, _index, dice) => (dice % 6 === 1 ? ['Public', 'Internal', 'Secret'][dice % 3] : undefined),
  createdDateTime: (_seed, _index, dice) => pastTime(dice),
  renewedDateTime: (_seed, _index, dice) => pastTime(dice),
  groupTypes: (_seed, _index, dice) => (isUnified(dice) ? ['Unified'] : []),
  isAssignableToRole: (_seed, _index, dice) => (dice % 40 === 2 ? true : undefined),
  mail: (_seed, index, dice) => (isUnified(dice) ? `group${index}@contoso.example` : undefined),
  mailEnabled: (_seed, _index, dice) => isUnified(dice),
  mailNickname: (_seed, index) => `group${index}`,
  securityEnabled: (_seed, _index, dice) => !isUnified(dice),
  securityIdentifier: (seed, index) => `S-1-12-1-${mix(seed, 24, index)}-${mix(seed, 25, index)}-${mix(seed, 26, index)}-${index}`,
  proxyAddresses: (_seed, index, dice) => (isUnified(dice) ? [`SMTP:group${index}@contoso.example`] : []),
  visibility: (_seed, _index, dice) => (isUnified(dice) ? (dice % 2 === 0 ? 'Private' : 'Public') : undefined),
  uniqueName: (_seed, index, dice) => (dice % 17 === 1 ? `unique-group-${index}` : undefined),
};

export const principalProperties: Readonly<Record<string, Generator>> = {
  id: (seed, index) => guid(seed, 'servicePrincipal', index),
  accountEnabled: (_seed, _index, dice) => dice % 30 !== 1,
  appId: (seed, index) => guid(seed, 'other', 1_000_000 + index),
  appDisplayName: (seed, index) => thingName(seed, 32, index),
  displayName: (seed, index) => thingName(seed, 32, index),
  appRoleAssignmentRequired: (_seed, _index, dice) => dice % 7 === 0,
  createdDateTime: (_seed, _index, dice) => pastTime(dice),
  servicePrincipalNames: (seed, index) => [guid(seed, 'other', 1_000_000 + index)],
  servicePrincipalType: () => 'Application',
  signInAudience: () => 'AzureADMyOrg',
  appRoles: (seed, index) => [
    {
      id: guid(seed, 'appRole', index),
      allowedMemberTypes: ['User'],
      displayName: 'Reader',
      description: 'Reads',
      isEnabled: true,
      value: 'Reader',
    },
  ],
};

export const definitionProperties: Readonly<Record<string, Generator>> = {
  id: (seed, index) => guid(seed, 'roleDefinition', index),
  templateId: (seed, index) => guid(seed, 'roleDefinition', index),
  displayName: (seed, index) => `${thingName(seed, 33, index)} Administrator`,
  description: (_seed, index) => `May manage what list ${index} names.`,
  isBuiltIn: () => true,
  isEnabled: (_seed, _index, dice) => dice % 20 !== 1,
  resourceScopes: () => ['/'],
  version: () => '1',
  rolePermissions: (_seed, _index, dice): Json => [
    { allowedResourceActions: [`microsoft.directory/${dice % 2 === 0 ? 'users' : 'groups'}/basic/read`], condition: null },
  ],
};

export const roleProperties: Readonly<Record<string, Generator>> = {
  id: (seed, index) => guid(seed, 'directoryRole', index),
  roleTemplateId: (seed, index) => guid(seed, 'roleDefinition', index),
  displayName: (seed, index) => `${thingName(seed, 33, index)} Administrator`,
  description: (_seed, index) => `May manage what list ${index} names.`,
};
