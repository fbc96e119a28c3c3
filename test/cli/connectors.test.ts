// What `connectors` says is what the connectors' data says, without any server.
import { connectors } from '../../src/connectors/index.ts';
import { tidemark } from './tidemark.ts';

const shown = async (words: readonly string[]): Promise<unknown> => JSON.parse((await tidemark([...words, '--json'])).stdout);

test('all connectors are listed', async () => {
  const list = (await shown(['connectors', 'list'])) as readonly { readonly name: string }[];
  expect(list.map(({ name }) => name)).toEqual(connectors.map(({ name }) => name));
});

test('a connector is shown with its streams, permissions, settings and what it does not do', async () => {
  expect(await shown(['connectors', 'show', 'entra-identity'])).toMatchObject({
    vendor: 'Microsoft',
    delta: true,
    settings: { owners: false },
    permissions: ['User.Read.All', 'GroupMember.Read.All', 'RoleManagement.Read.Directory'],
    optionalPermissions: ['Member.Read.Hidden'],
    streams: [
      { stream: 'users', endpoints: ['users', 'users/delta'], delta: true, map: 'entra-identity/users' },
      { stream: 'groups', endpoints: ['groups/delta'] },
      {
        stream: 'roles',
        endpoints: ['roleManagement/directory/roleDefinitions', 'roleManagement/directory/roleAssignments'],
        delta: false,
      },
      { stream: 'appRoleAssignments', optional: true, endpoints: ['servicePrincipals', 'servicePrincipals/{id}/appRoleAssignedTo'] },
    ],
  });
  const text = await tidemark(['connectors', 'show', 'entra-devices']);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toContain('not supported  findings, import of installed software, import of source tags, filter queries');
});

test('a connector that is not there is refused with those that are', async () => {
  expect(await tidemark(['connectors', 'show', 'entra'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Known connectors: entra-identity, entra-directory-sync, entra-devices') as string,
  });
});
