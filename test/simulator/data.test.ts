// The data: deterministic in (seed, size), exact in number, and free of memory at any size.
import { text } from './client.ts';
import { baseMember, baseMemberCount, shapeOf } from '../../simulator/shape.ts';
import { guid, refOf } from '../../simulator/random.ts';
import { mutateMix } from '../../simulator/mix.ts';
import { Tenant } from '../../simulator/tenant.ts';
import { computedTruths, truth, truths } from '../../simulator/truth.ts';

test.each([
  [2000, 200, 7470, 1500],
  [10_000, 1000, 31_470, 1500],
  [100, 10, 345, 75],
])('%i users give %i groups with %i memberships, %i of them in one group', (users, groups, memberships, big) => {
  const tenant = new Tenant({ users });
  const members = [...truth(tenant, 'edges')].filter((edge) => edge['kind'] === 'member');
  const sizes = new Map<unknown, number>();
  for (const edge of members) sizes.set(edge['from'], (sizes.get(edge['from']) ?? 0) + 1);
  expect([...truth(tenant, 'groups')]).toHaveLength(groups);
  expect(members).toHaveLength(memberships);
  expect(Math.max(...sizes.values())).toBe(big);
  expect(new Set(members.map((edge) => `${text(edge['from'])} ${text(edge['to'])}`)).size).toBe(memberships);
});

test('members are of several types, and groups are nested', () => {
  const types = new Set([...truth(new Tenant({ users: 2000 }), 'edges')].map((edge) => edge['type']));
  expect(types).toEqual(
    new Set(['#microsoft.graph.user', '#microsoft.graph.group', '#microsoft.graph.servicePrincipal', '#microsoft.graph.device']),
  );
});

test.each(computedTruths)('%s are the same for the same seed and size, and not for another seed', (name) => {
  const of = (seed: number): string => JSON.stringify([...truth(new Tenant({ users: 60, seed }), name)]);
  expect(of(7)).toBe(of(7));
  expect(of(7)).not.toBe(of(8));
});

test('what only requests make is not there before them', () => {
  const requested = truths.filter((name) => !computedTruths.some((computed) => computed === name));
  for (const name of requested) expect([...truth(new Tenant({ users: 60 }), name)]).toEqual([]);
});

test('the mix of changes is the same for the same seed, size and history', () => {
  const [one, other, third] = [new Tenant({ users: 200 }), new Tenant({ users: 200 }), new Tenant({ users: 200, seed: 2 })];
  const changes = [...mutateMix(one, 30), ...mutateMix(one, 70)];
  expect(mutateMix(other, 100)).toEqual(changes);
  expect(mutateMix(third, 100)).not.toEqual(changes);
  expect(new Set(changes.map((change) => change.do)).size).toBeGreaterThanOrEqual(11);
});

test('an id is found again by its kind and index, and by nothing else', () => {
  for (const kind of ['user', 'group', 'servicePrincipal', 'device', 'roleDefinition'] as const) {
    for (const index of [0, 1, 65_535, 65_536, 999_999, 2 ** 31 - 1]) expect(refOf(3, guid(3, kind, index))).toEqual({ kind, index });
  }
  const id = guid(3, 'user', 5);
  expect(refOf(3, id.toUpperCase())).toEqual({ kind: 'user', index: 5 });
  expect(refOf(4, id)).toBeNull();
  expect(refOf(3, `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`)).toBeNull();
  expect(refOf(3, 'no-guid')).toBeNull();
});

test('ids of a million users are distinct', () => {
  const ids = new Set<string>();
  for (let index = 0; index < 1_000_000; index += 97) ids.add(guid(1, 'user', index));
  expect(ids.size).toBe(Math.ceil(1_000_000 / 97));
});

test.each([0, 1, 2, 9, 59])('a tenant of %i users is possible', (users) => {
  const tenant = new Tenant({ users });
  for (const name of truths) expect(() => [...truth(tenant, name)]).not.toThrow();
  expect([...truth(tenant, 'users')]).toHaveLength(users);
  mutateMix(tenant, 60);
  expect(tenant.log.length).toBeGreaterThan(0);
});

test('a group is its own member nowhere', () => {
  const shape = shapeOf({ users: 500 });
  const groups = Array.from({ length: shape.groups }, (_, group) => group).filter((group) => baseMemberCount(shape, group) > 0);
  expect(groups.length).toBeGreaterThan(40);
  for (const group of groups) expect(baseMember(shape, group, 0)).not.toEqual({ kind: 'group', index: group });
});

test.each([{ users: -1 }, { users: 1.5 }, { users: Number.NaN }, { users: 1, servicePrincipals: -2 }])('%j is refused', (options) => {
  expect(() => new Tenant(options)).toThrow(RangeError);
});
