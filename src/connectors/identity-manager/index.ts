// identity-manager (document 003): users, groups, directory roles and service principals as CSV files, complete or what changed.
import type { ConnectorDefinition, EdgeDefinition } from '../definition.ts';
import { groupsWith, owner, users } from '../directory.ts';
import { directoryRole, servicePrincipal } from '../models/graph.ts';
import { directoryExtension } from './attributes.ts';
import { settings } from './settings.ts';

// Records are kept for the files alone. They are selected as the files have them, so that a record that changed is a row that changed.
const exported = { class: null, map: null, core: ['id'], lacks: [], optional: false } as const;
const attributes = { setting: 'attributes', besides: null };
const attributesAndExtensions = { ...attributes, besides: directoryExtension };

const roleMember: EdgeDefinition = {
  kind: 'member',
  at: 'members',
  from: 'object.id',
  to: 'element.id',
  key: null,
  properties: ['@odata.type'],
  unlisted: null,
};

export const identityManager: ConnectorDefinition = {
  name: 'identity-manager',
  title: 'Microsoft Entra ID for Identity Manager',
  vendor: 'Microsoft',
  product: 'Microsoft Entra ID',
  category: 'Directory',
  version: '1.0.0',
  direction: 'Export (Microsoft Entra ID to CSV files)',
  source: 'Microsoft',
  assets: [],
  findings: [],
  notSupported: [
    'attributes that only the Get API supports',
    'Graph schema extensions',
    'navigation properties other than members and owners',
  ],
  settings,
  writes: true,
  exports: {
    entities: {
      users: { entity: 'user', type: '#microsoft.graph.user' },
      groups: { entity: 'group', type: '#microsoft.graph.group' },
      directoryRoles: { entity: 'directoryRole', type: '#microsoft.graph.directoryRole' },
      servicePrincipals: { entity: 'servicePrincipal', type: '#microsoft.graph.servicePrincipal' },
    },
    relations: { member: 'members', owner: 'owners' },
    always: [
      { kind: 'member', stream: 'groups' },
      { kind: 'owner', stream: 'groups' },
    ],
  },
  streams: [
    { ...users, ...exported, selectedBy: attributesAndExtensions, askedBy: { setting: 'entityTypes', value: 'user' } },
    { ...groupsWith(owner), ...exported, selectedBy: attributesAndExtensions, askedBy: { setting: 'entityTypes', value: 'group' } },
    {
      ...exported,
      name: 'directoryRoles',
      // Orders name a role by its definition, or by what was activated of it. It never changes, so that no row is told for its sake.
      core: ['id', 'roleTemplateId'],
      title: 'Activated directory roles and their members',
      docs: 'https://learn.microsoft.com/graph/api/directoryrole-delta',
      model: directoryRole,
      selectedBy: attributes,
      askedBy: { setting: 'entityTypes', value: 'directoryRole' },
      walk: { shape: 'chain', path: 'directoryRoles', edges: [roleMember], unpaged: true },
      permissions: ['RoleManagement.Read.Directory', 'Directory.Read.All', 'RoleManagement.ReadWrite.Directory', 'Directory.ReadWrite.All'],
    },
    {
      ...exported,
      name: 'servicePrincipals',
      title: 'Service principals and their owners',
      docs: 'https://learn.microsoft.com/graph/api/serviceprincipal-delta',
      model: servicePrincipal,
      selectedBy: attributes,
      askedBy: { setting: 'entityTypes', value: 'servicePrincipal' },
      // A list gives no owners, or 20 of them: the delta query's first round gives all.
      walk: { shape: 'chain', path: 'servicePrincipals', edges: [owner] },
      permissions: ['Application.Read.All', 'Application.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    },
  ],
  relations: {},
};
