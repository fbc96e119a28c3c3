// entra-identity (document 000): users, groups and roles of a Microsoft Entra ID tenant.
import { z } from 'zod';
import type { ConnectorDefinition } from '../definition.ts';
import { groupsWith, owner, users } from '../directory.ts';
import { roleDefinition } from '../models/graph.ts';

export const entraIdentity: ConnectorDefinition = {
  name: 'entra-identity',
  title: 'Microsoft Entra ID',
  vendor: 'Microsoft',
  product: 'Microsoft Entra ID',
  category: 'Assets',
  version: '1.0.0',
  direction: 'Unidirectional (Microsoft Entra ID to Tidemark)',
  source: 'Microsoft',
  assets: ['user', 'group', 'role'],
  findings: [],
  notSupported: ['findings'],
  settings: z.strictObject({ owners: z.boolean().default(false) }),
  streams: [
    { ...users, class: 'user', map: 'entra-identity/users' },
    { ...groupsWith({ ...owner, setting: 'owners' }), class: 'group', map: 'entra-identity/groups' },
    {
      name: 'roles',
      title: 'Directory roles and who holds them',
      docs: 'https://learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions',
      class: 'role',
      map: 'entra-identity/roles',
      model: roleDefinition,
      core: ['id', 'displayName', 'isEnabled'],
      // Document 000 looks a role's status up on accountEnabled.
      lacks: ['accountEnabled'],
      walk: {
        shape: 'collections',
        collections: [
          {
            phase: 'roleDefinitions',
            path: 'roleManagement/directory/roleDefinitions',
            top: null,
            expand: null,
            yields: 'records',
            edges: [],
            overflow: null,
          },
          {
            phase: 'roleAssignments',
            path: 'roleManagement/directory/roleAssignments',
            top: null,
            expand: null,
            yields: 'edges',
            edges: [
              {
                kind: 'roleMember',
                at: null,
                from: 'object.roleDefinitionId',
                to: 'object.principalId',
                key: 'object.id',
                properties: ['directoryScopeId'],
                unlisted: null,
              },
            ],
            overflow: null,
          },
        ],
      },
      optional: false,
      permissions: ['RoleManagement.Read.Directory', 'Directory.Read.All', 'RoleManagement.ReadWrite.Directory', 'Directory.ReadWrite.All'],
    },
    {
      name: 'appRoleAssignments',
      title: 'App role assignments',
      docs: 'https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto',
      class: null,
      map: null,
      model: null,
      core: ['id', 'displayName'],
      lacks: [],
      walk: {
        shape: 'collections',
        collections: [
          {
            phase: 'servicePrincipals',
            path: 'servicePrincipals',
            top: 999,
            expand: 'appRoleAssignedTo',
            yields: 'records',
            edges: [
              {
                kind: 'appRoleAssignment',
                at: 'appRoleAssignedTo',
                from: 'object.id',
                to: 'element.principalId',
                key: 'element.id',
                properties: ['principalDisplayName', 'resourceDisplayName', 'principalType'],
                unlisted: null,
              },
            ],
            overflow: {
              property: 'appRoleAssignedTo',
              at: 20,
              collection: {
                phase: 'appRoleAssignedTo',
                path: 'servicePrincipals/{id}/appRoleAssignedTo',
                top: 999,
                expand: null,
                yields: 'edges',
                edges: [
                  {
                    kind: 'appRoleAssignment',
                    at: null,
                    from: 'object.resourceId',
                    to: 'object.principalId',
                    key: 'object.id',
                    properties: ['principalDisplayName', 'resourceDisplayName', 'principalType'],
                    unlisted: null,
                  },
                ],
                overflow: null,
              },
            },
          },
        ],
      },
      optional: true,
      permissions: ['Application.Read.All', 'Application.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    },
  ],
  relations: {
    memberOf: [
      { edge: 'member', stream: 'groups', element: 'record', type: '#microsoft.graph.group' },
      { edge: 'roleMember', stream: 'roles', element: 'record', type: '#microsoft.graph.directoryRole' },
    ],
    appRoleAssignments: [
      { edge: 'appRoleAssignment', stream: 'appRoleAssignments', element: 'edge', type: '#microsoft.graph.appRoleAssignment' },
    ],
  },
};
