// How users and groups of a directory are read: what every connector that reads them has in common.
import type { EdgeDefinition, StreamDefinition } from './definition.ts';
import { group, user } from './models/graph.ts';

type Read = Pick<StreamDefinition, 'name' | 'title' | 'docs' | 'model' | 'core' | 'lacks' | 'walk' | 'optional' | 'permissions'>;

export const users: Read = {
  name: 'users',
  title: 'Users',
  docs: 'https://learn.microsoft.com/graph/api/user-delta',
  model: user,
  core: ['id', 'displayName', 'userPrincipalName', 'accountEnabled'],
  lacks: [],
  walk: { shape: 'list', path: 'users', top: 999, edges: [] },
  optional: false,
  permissions: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
};

// https://learn.microsoft.com/graph/api/group-list-members: v1.0 does not list service principals, delta names them.
const member: EdgeDefinition = {
  kind: 'member',
  at: 'members',
  from: 'object.id',
  to: 'element.id',
  key: null,
  properties: ['@odata.type'],
  unlisted: '#microsoft.graph.servicePrincipal',
  // https://learn.microsoft.com/graph/permissions-reference#memberreadhidden
  hidden: { property: 'visibility', value: 'HiddenMembership', permission: 'Member.Read.Hidden' },
};

// https://learn.microsoft.com/graph/api/group-list-owners: who may change it.
export const owner: EdgeDefinition = {
  kind: 'owner',
  at: 'owners',
  from: 'object.id',
  to: 'element.id',
  key: null,
  properties: ['@odata.type'],
  unlisted: null,
};

/** Groups with their members, and the edges that a connector reads besides. */
export const groupsWith = (...more: readonly EdgeDefinition[]): Read => ({
  name: 'groups',
  title: 'Groups and their members',
  docs: 'https://learn.microsoft.com/graph/api/group-delta',
  model: group,
  core: ['id', 'displayName'],
  lacks: [],
  walk: { shape: 'chain', path: 'groups', edges: [member, ...more] },
  optional: false,
  permissions: ['GroupMember.Read.All', 'Group.Read.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
});
