// entra-directory-sync (document 001): the users of configured groups, each with the groups that it belongs to, and these groups.
import { z } from 'zod';
import type { ConnectorDefinition } from '../definition.ts';
import { groupsWith, users } from '../directory.ts';
import { events, groupMap, groups, notification } from './settings.ts';

export const entraDirectorySync: ConnectorDefinition = {
  name: 'entra-directory-sync',
  title: 'Microsoft Entra ID Directory Sync',
  vendor: 'Microsoft',
  product: 'Microsoft Entra ID Directory Sync',
  category: 'Assets (User Groups)',
  version: '1.0.0',
  direction: 'Unidirectional (Microsoft Entra ID to Tidemark)',
  source: 'Microsoft',
  assets: ['directory-user', 'user-group'],
  findings: [],
  notSupported: ['findings', 'import of installed software', 'import of source tags', 'filter queries'],
  settings: z.strictObject({ groups, groupMap, notification, events, nested: z.boolean().default(false) }),
  streams: [
    {
      ...users,
      class: 'directory-user',
      map: 'entra-directory-sync/users',
      given: { notification: { from: 'setting', setting: 'notification' }, eventType: { from: 'event', setting: 'events' } },
      presentBy: 'groupInfo',
    },
    {
      ...groupsWith(),
      class: 'user-group',
      map: 'entra-directory-sync/groups',
      given: {
        qualysGroups: { from: 'lookup', setting: 'groupMap' },
        members: { from: 'count', edge: 'member', stream: 'groups', of: 'users', nested: 'nested' },
      },
      chosenBy: 'groups',
    },
  ],
  relations: {
    groupInfo: [
      {
        edge: 'member',
        stream: 'groups',
        element: 'record',
        type: '#microsoft.graph.group',
        as: {
          properties: { idpGroup: 'id', classification: 'classification', groupDisplayName: 'displayName', groupUniqueName: 'uniqueName' },
          lookups: { qualysGroups: 'groupMap' },
        },
        nested: 'nested',
      },
    ],
  },
};
