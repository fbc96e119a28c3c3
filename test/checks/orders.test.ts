// Which kinds of order Test Connection says will be refused, by what the token of the application that writes holds (decision 42).
import { forOrders, judgeOrders } from '../../src/checks/orders.ts';
import { orderPermissions } from '../../src/connectors/identity-manager/fulfil.ts';

const least = orderPermissions.map(({ permissions: [first] }) => first);

test('an application that holds the least of every kind lacks nothing', () => expect(judgeOrders(least)).toBeNull());

test.each(orderPermissions)('$kind: any one of its permissions suffices', ({ kind, permissions }) => {
  const others = orderPermissions.flatMap((other) => (other.kind === kind ? [] : [...other.permissions]));
  for (const permission of permissions) expect(judgeOrders([permission])?.cause ?? '').not.toContain(`${kind} (`);
  const lacking = judgeOrders(others.filter((permission) => !(permissions as readonly string[]).includes(permission)));
  expect(lacking?.cause).toContain(`${kind} (${permissions[0]})`);
  expect(lacking?.fix).toContain(permissions[0]);
});

test('each kind is named with its own permission', () => {
  const cause = judgeOrders([])?.cause ?? '';
  for (const { kind, permissions } of orderPermissions) expect(cause).toContain(`${kind} (${permissions[0]})`);
});

test('what orders need is no excess', () => expect([...forOrders]).toEqual(expect.arrayContaining(least)));
