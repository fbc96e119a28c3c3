// The target models of Directory Sync (document 001): a user with the groups that it belongs to, and a group.
import type { TargetModel } from './model.ts';

export const directoryUserModel: TargetModel = {
  name: 'directory-user',
  title: 'Directory user',
  fields: {
    identityProviderId: 'string',
    externalId: 'string',
    'userData.userDetails.externalId': 'string',
    'userData.userDetails.apiExternalId': 'string',
    'userData.userDetails.emailId': 'string',
    'userData.userDetails.userPrincipalName': 'string',
    'userData.userDetails.username': 'string',
    'userData.userDetails.displayName': 'string',
    'userData.userDetails.givenName': 'string',
    'userData.userDetails.lastName': 'string',
    'userData.userDetails.title': 'string',
    'userData.userDetails.address': 'string',
    'userData.userDetails.country': 'string',
    'userData.userDetails.language': 'string',
    'userData.notification': 'object',
    'groupInfo[].idpGroup': 'string',
    'groupInfo[].qualysGroupUUID': 'string[]',
    'groupInfo[].classification': 'string',
    'groupInfo[].customAttributes.groupDisplayName': 'string',
    'groupInfo[].customAttributes.uniqueName': 'string',
    eventType: 'string',
  },
};

export const userGroupModel: TargetModel = {
  name: 'user-group',
  title: 'User group',
  fields: {
    id: 'string',
    displayName: 'string',
    uniqueName: 'string',
    classification: 'string',
    qualysGroupUUID: 'string[]',
    members: 'number',
  },
};
