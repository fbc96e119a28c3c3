// Files of orders: what is taken, what is refused by line and path, and that a value is never repeated.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TidemarkError } from '../../src/errors.ts';
import { bounds, type OrderLine, readOrders, surveyOrders } from '../../src/fulfil/read.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-orders-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function fileOf(content: string | Buffer): string {
  files += 1;
  const file = path.join(directory, `${files}.json`);
  writeFileSync(file, content);
  return file;
}

async function read(content: string | Buffer): Promise<OrderLine[]> {
  const lines: OrderLine[] = [];
  for await (const line of readOrders(fileOf(content))) lines.push(line);
  return lines;
}

const id = '5d1c7c1e-0000-4000-8000-000000000001';
const group = { displayName: 'G', mailEnabled: false, mailNickname: 'g', securityEnabled: true };
const user = { userPrincipalName: 'a@b.example', displayName: 'A', mailNickname: 'a', accountEnabled: true, passwordProfile: {} };

test.each([
  ['create', { action: 'create', type: 'group', values: group }],
  ['update', { action: 'update', type: 'user', key: 'a@b.example', values: { jobTitle: null } }],
  ['delete', { action: 'delete', type: 'device', key: id }],
  ['addMember', { action: 'addMember', type: 'group', key: id, member: 'o-1' }],
  ['removeOwner', { action: 'removeOwner', type: 'application', key: id, member: id }],
  ['enable', { action: 'enable', type: 'servicePrincipal', key: id }],
  ['a member of a role', { action: 'addMember', type: 'directoryRole', key: id, member: id }],
])('an order is taken: %s', async (_, order) => {
  const [line] = await read(`${JSON.stringify({ id: 'o-9', ...order })}\n`);
  expect(line).toMatchObject({ line: 1, part: 0, assignment: 'o-9', reason: null, order: { id: 'o-9', ...order } });
});

test('a password is made unless a reference is given, and is to be changed at the next sign-in', async () => {
  const [made, reset] = await read(
    [
      { id: '1', action: 'create', type: 'user', values: user },
      { id: '2', action: 'resetPassword', type: 'user', key: id },
    ]
      .map((order) => JSON.stringify(order))
      .join('\n'),
  );
  const passwordProfile = { password: 'generate', forceChangePasswordNextSignIn: true };
  expect(made?.order?.values).toMatchObject({ passwordProfile });
  expect(reset?.order?.values).toEqual({ passwordProfile });
});

test.each([
  ['a type that is not in the table', { action: 'create', type: 'site', values: {} }, 'type is not a type that can be written: user,'],
  ['an unknown action', { action: 'explode', type: 'user', key: id }, 'action must be one of create,'],
  ['an action that the type lacks', { action: 'create', type: 'device', values: {} }, 'action cannot be done to a device: update,'],
  ['no key', { action: 'delete', type: 'user' }, 'key is required'],
  ['a key that is not taken', { action: 'create', type: 'group', key: id, values: group }, 'key is not taken by create'],
  ['no member', { action: 'addMember', type: 'group', key: id }, 'member is required'],
  ['nothing to change', { action: 'update', type: 'user', key: id, values: {} }, 'values has nothing to change'],
  [
    'what Graph asks for',
    { action: 'create', type: 'group', values: { displayName: 'G' } },
    'values lacks mailEnabled, mailNickname, securityEnabled',
  ],
  ['a uniqueName', { action: 'update', type: 'group', key: id, values: { uniqueName: 'x' } }, 'values must not have uniqueName'],
  [
    'members past their actions',
    { action: 'update', type: 'group', key: id, values: { 'members@odata.bind': [] } },
    'is not the name of a property',
  ],
  [
    'a password written out',
    { action: 'resetPassword', type: 'user', key: id, values: { passwordProfile: { password: 'CANARY' } } },
    'is a password written out',
  ],
  [
    'a kept secret as password',
    { action: 'resetPassword', type: 'user', key: id, values: { passwordProfile: { password: 'secret:CANARY' } } },
    'a reference of another kind',
  ],
  ['an unknown key', { action: 'delete', type: 'user', key: id, canary: 'CANARY' }, 'Unrecognized key'],
])('an order is no order for want of sense: %s', async (_, order, reason) => {
  const [line] = await read(JSON.stringify({ id: 'o-9', ...order }));
  expect(line).toMatchObject({ order: null, assignment: 'o-9', reason: expect.stringContaining(reason) });
  expect(line?.reason).not.toContain('CANARY');
});

test.each([
  ['no JSON', '{"id":"1","action":"delete","type":"user","key":"x"}\nCANARY\n', 'line 2 is not a JSON object'],
  ['a list', '[]\n', 'line 1 is not a JSON object'],
  ['no id', '\n{"action":"delete"}\n', 'line 2: id '],
  ['an id of control characters', '{"id":"a\\u0007"}\n', 'line 1: id must be text'],
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), 'line 1 is not UTF-8'],
  ['a line without end', Buffer.alloc(bounds.lineBytes + 70_000, 0x20), 'line 1 is longer than 1 MiB'],
  ['nothing', '\n\n', 'holds no order'],
  ['a list of Identity Manager that is cut', '{"ProvisioningOrdersList":[', 'is neither NDJSON nor a JSON object'],
])('a file is refused whole: %s', async (_, content, message) => {
  const file = fileOf(content);
  const failure = await surveyOrders(file).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TidemarkError);
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) });
  expect(String(failure)).not.toContain('CANARY');
});

test('more orders than the bound are refused', async () => {
  const file = fileOf('{"id":"1"}\n'.repeat(bounds.orders + 1));
  await expect(surveyOrders(file)).rejects.toMatchObject({ message: expect.stringContaining('has more than 100,000 orders') });
});

test('what is no regular file is refused', async () => {
  await expect(surveyOrders(directory)).rejects.toMatchObject({ message: expect.stringContaining('is not a regular file') });
  await expect(surveyOrders(path.join(directory, 'none'))).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') });
});

test('the same content is the same file, whatever its name', async () => {
  const content = '\uFEFF{"id":"1","action":"delete","type":"user","key":"x"}\r\n\r\n';
  const [one, other] = [await surveyOrders(fileOf(content)), await surveyOrders(fileOf(content))];
  expect(one).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), lines: 1 });
  expect(other).toEqual(one);
});

describe("Identity Manager's orders", () => {
  const resource = { ResourceType: { Identifier: 'AAD_User', TargetEntityType: { Identifier: 'MicrosoftEntraID_DirectoryObject_user' } } };
  const list = (...orders: readonly object[]): Promise<OrderLine[]> => read(JSON.stringify({ ProvisioningOrdersList: orders }, null, 2));

  test('Added, Modified and Deleted are create, update and delete', async () => {
    const orders = await list(
      { AssignedResourceTypeId: '1', ChangeType: 'Added', ...resource, Changes: user },
      {
        AssignedResourceTypeId: 2,
        ChangeType: 'Modified',
        WorkflowInstanceId: '81',
        ...resource,
        Changes: { jobTitle: 'N' },
        Resource: { id },
      },
      { AssignedResourceTypeId: '3', ChangeType: 'Deleted', ...resource, Resource: { id } },
    );
    expect(orders.map(({ order, assignment, changeType }) => [assignment, changeType, order?.id, order?.action, order?.key])).toEqual([
      ['1', 'Added', '1', 'create', null],
      ['2', 'Modified', '2/81', 'update', id],
      ['3', 'Deleted', '3', 'delete', id],
    ]);
  });

  test('memberships in Changes are orders of their own, adds first, under one assignment', async () => {
    const orders = await list({
      AssignedResourceTypeId: '7',
      ChangeType: 'Modified',
      Resource: { '@odata.type': '#microsoft.graph.group', id },
      Changes: { displayName: 'G', 'owners@remove': ['a'], 'members@add': ['b', 'c'], 'owners@add': ['d'] },
    });
    expect(orders.map(({ order, assignment, part }) => [assignment, part, order?.action, order?.member])).toEqual([
      ['7', 0, 'update', null],
      ['7', 1, 'addMember', 'b'],
      ['7', 2, 'addMember', 'c'],
      ['7', 3, 'addOwner', 'd'],
      ['7', 4, 'removeOwner', 'a'],
    ]);
    expect(new Set(orders.map(({ order }) => order?.id)).size).toBe(5);
  });

  test('members of what is added name the order that adds it', async () => {
    const orders = await list({
      AssignedResourceTypeId: '8',
      ChangeType: 'Added',
      Changes: { '@odata.type': '#microsoft.graph.group', ...group, 'members@add': ['b'] },
    });
    expect(orders.map(({ order }) => [order?.id, order?.action, order?.key])).toEqual([
      ['8', 'create', null],
      ['8#1', 'addMember', '8'],
    ]);
  });

  test.each([
    ['an unknown ChangeType', { ChangeType: 'Merged', ...resource }, 'ChangeType must be Added, Modified or Deleted'],
    ['no key', { ChangeType: 'Deleted', ...resource }, 'Resource.id is required'],
    ['no type', { ChangeType: 'Deleted', Resource: { id } }, 'names no type'],
    ['nothing to change', { ChangeType: 'Modified', ...resource, Resource: { id } }, 'Changes has nothing to change'],
    [
      'members that are no list',
      { ChangeType: 'Modified', Resource: { '@odata.type': 'group', id }, Changes: { 'members@add': 'x' } },
      'member is required',
    ],
  ])('is an error of the order, never of the file: %s', async (_, order, reason) => {
    const [line] = await list({ AssignedResourceTypeId: '9', ...order });
    expect(line).toMatchObject({ assignment: '9', order: null, reason: expect.stringContaining(reason) });
  });
});
