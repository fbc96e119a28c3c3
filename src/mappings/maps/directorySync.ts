// Users and groups of Directory Sync. Users as document 001 maps them: its table row by row, in its order. It writes the last three sources without
// `groupInfo[]`; they are of the group that the element is of. Groups have no table: theirs is ours (decision 38).
import type { TransformMap } from '../map.ts';

export const directoryUsers: TransformMap = {
  name: 'entra-directory-sync/users',
  connector: 'entra-directory-sync',
  stream: 'users',
  class: 'directory-user',
  document: '001',
  rows: [
    { from: 'id', to: 'identityProviderId' },
    { from: 'id', to: 'userData.userDetails.externalId' },
    { from: 'id', to: 'externalId' },
    { from: 'id', to: 'userData.userDetails.apiExternalId' },
    { from: 'mail', to: 'userData.userDetails.emailId' },
    { from: 'userPrincipalName', to: 'userData.userDetails.userPrincipalName' },
    { from: 'groupInfo[].idpGroup', to: 'groupInfo[].idpGroup' },
    { from: 'groupInfo[].qualysGroups', to: 'groupInfo[].qualysGroupUUID' },
    { from: 'givenName', to: 'userData.userDetails.givenName' },
    { from: 'surname', to: 'userData.userDetails.lastName' },
    { from: 'displayName', to: 'userData.userDetails.displayName' },
    { from: 'streetAddress', to: 'userData.userDetails.address' },
    { from: 'country', to: 'userData.userDetails.country' },
    { from: 'displayName', to: 'userData.userDetails.username' },
    { from: 'jobTitle', to: 'userData.userDetails.title' },
    { from: 'eventType', to: 'eventType' },
    { from: 'preferredLanguage', to: 'userData.userDetails.language' },
    { from: 'notification.*', to: 'userData.notification' },
    { from: 'groupInfo[].classification', to: 'groupInfo[].classification' },
    { from: 'groupInfo[].groupDisplayName', to: 'groupInfo[].customAttributes.groupDisplayName' },
    { from: 'groupInfo[].groupUniqueName', to: 'groupInfo[].customAttributes.uniqueName' },
  ],
};

export const userGroups: TransformMap = {
  name: 'entra-directory-sync/groups',
  connector: 'entra-directory-sync',
  stream: 'groups',
  class: 'user-group',
  rows: [
    { from: 'id', to: 'id' },
    { from: 'displayName', to: 'displayName' },
    { from: 'uniqueName', to: 'uniqueName' },
    { from: 'classification', to: 'classification' },
    { from: 'qualysGroups', to: 'qualysGroupUUID' },
    { from: 'members', to: 'members' },
  ],
};
