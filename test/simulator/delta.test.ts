// Delta queries: rounds, tracked properties, members, removals, and links that remember and expire.
import type { JsonObject } from '../../src/model.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { codeOf, linksOf, openClient, text } from './client.ts';
import type { Client } from './client.ts';

let simulator: Simulator;
let client: Client;

beforeEach(async () => {
  simulator = await startSimulator({ users: 2000 });
  client = openClient(simulator);
});
afterEach(async () => {
  client.close();
  await simulator.close();
});

const user = (index: number): string => simulator.idOf('user', index);
const group = (index: number): string => simulator.idOf('group', index);

/** The cursor of a round that has nothing to say. */
async function latest(path: string): Promise<string> {
  const reply = await client.get(`${path}${path.includes('?') ? '&' : '?'}$deltatoken=latest`);
  expect(reply.value).toEqual([]);
  return text(reply.body['@odata.deltaLink']);
}

test('the first round of users takes pages of 200 and leaves out what was never set', async () => {
  const round = await client.walk('users/delta?$select=displayName,jobTitle,employeeHireDate');
  expect(round.pages).toBe(10);
  expect(round.objects).toHaveLength(2000);
  expect(round.objects.some((object) => !('jobTitle' in object))).toBe(true);
  expect(round.objects.some((object) => 'employeeHireDate' in object || object['jobTitle'] === null)).toBe(false);
  expect(round.cursor).toMatch(new RegExp(`^${simulator.origin}/v1\\.0/users/delta\\?\\$deltatoken=[\\w-]+$`));
});

test('the first round of groups brings every member once, a big group over consecutive pages under the same id', async () => {
  const round = await client.walk('groups/delta?$select=displayName,members,owners');
  expect(round.pages).toBeLessThanOrEqual(9);
  const edges = round.objects.flatMap((object) =>
    (['members', 'owners'] as const).flatMap((relation) =>
      linksOf(object, relation).map((link) => ({
        kind: relation.slice(0, -1),
        from: object['id'],
        to: link['id'],
        type: link['@odata.type'],
      })),
    ),
  );
  const order = (list: readonly object[]): string[] => list.map((edge) => JSON.stringify(edge)).toSorted();
  expect(order(edges)).toEqual(order([...simulator.truth('edges')]));
  const big = round.objects.flatMap((object, at) => (object['id'] === group(3) ? [at] : []));
  expect(big.length).toBeGreaterThanOrEqual(2);
  expect(big.at(-1)).toBe((big[0] ?? 0) + big.length - 1);
  expect(round.objects[big[1] ?? 0]).not.toHaveProperty('displayName');
});

test('members come by default, and not when only properties are selected', async () => {
  expect((await client.get('groups/delta')).value.some((object) => linksOf(object).length > 0)).toBe(true);
  expect((await client.get('groups/delta?$select=displayName')).value.some((object) => linksOf(object).length > 0)).toBe(false);
});

test('a later round holds only changes to what is tracked; cleared is null, never set is left out', async () => {
  const cursor = await latest('users/delta?$select=displayName,department,employeeHireDate');
  simulator.mutate([
    { do: 'updateUser', id: user(1), set: { displayName: 'New' } },
    { do: 'updateUser', id: user(2), set: { city: 'Elsewhere' } },
    { do: 'updateUser', id: user(3), set: { department: null } },
  ]);
  const { objects } = await client.walk(cursor);
  expect(objects.map((object) => object['id'])).toEqual([user(1), user(3)]);
  expect(objects[0]).toMatchObject({ displayName: 'New' });
  expect(objects[0]).not.toHaveProperty('employeeHireDate');
  expect(objects[1]).toMatchObject({ department: null, displayName: expect.any(String) });
  const minimal = await client.get(cursor, { Prefer: 'return=minimal' });
  expect(minimal.value).toEqual([
    { id: user(1), displayName: 'New' },
    { id: user(3), department: null },
  ]);
});

test('removals carry their reason, restored users come whole, and memberships of either are not mentioned', async () => {
  const users = await latest('users/delta?$select=displayName');
  const groups = await latest('groups/delta?$select=members');
  const of = (id: string): number => [...simulator.truth('edges')].filter((edge) => edge['to'] === id).length;
  const before = of(user(10));
  expect(before).toBeGreaterThan(0);
  simulator.mutate([
    { do: 'deleteUser', id: user(10) },
    { do: 'deleteUser', id: user(11), hard: true },
  ]);
  const gone = await client.walk(users);
  expect(gone.objects).toEqual([
    { id: user(10), '@removed': { reason: 'changed' } },
    { id: user(11), '@removed': { reason: 'deleted' } },
  ]);
  expect(of(user(10))).toBe(0);
  simulator.mutate([{ do: 'restoreUser', id: user(10) }]);
  expect((await client.walk(text(gone.cursor))).objects).toEqual([{ id: user(10), displayName: expect.any(String) }]);
  expect(of(user(10))).toBe(before);
  expect((await client.walk(groups)).objects).toEqual([]);
  expect(() => simulator.mutate([{ do: 'restoreUser', id: user(11) }])).toThrow('not in the bin');
});

test('a user in the bin is a removal in the first round too', async () => {
  simulator.mutate([{ do: 'deleteUser', id: user(5) }]);
  const { value } = await client.get('users/delta');
  expect(value[5]).toEqual({ id: user(5), '@removed': { reason: 'changed' } });
});

test('member changes of a round: net by default, every single one on demand', async () => {
  const cursor = await latest('groups/delta?$select=displayName,members');
  const member = simulator.idOf('servicePrincipal', 9);
  simulator.mutate([
    { do: 'addMember', group: group(8), member },
    { do: 'removeMember', group: group(8), member },
    { do: 'addMember', group: group(8), member: group(9) },
  ]);
  const removed = { '@odata.type': '#microsoft.graph.servicePrincipal', id: member, '@removed': { reason: 'deleted' } };
  const added = { '@odata.type': '#microsoft.graph.group', id: group(9) };
  const net = await client.walk(cursor);
  expect(net.objects).toEqual([{ id: group(8), displayName: expect.any(String), 'members@delta': [removed, added] }]);
  simulator.configure({ deltaEvents: 'each', deltaPageSize: 1 });
  const each = await client.walk(cursor);
  expect(each.pages).toBe(3);
  expect(each.objects.map((object) => linksOf(object))).toEqual([
    [{ '@odata.type': '#microsoft.graph.servicePrincipal', id: member }],
    [removed],
    [added],
  ]);
});

test('an abundance of member changes of one group is split over pages', async () => {
  const cursor = await latest('groups/delta?$select=members');
  const others = Array.from({ length: 25 }, (_, index) => simulator.idOf('servicePrincipal', index + 100));
  simulator.mutate(others.map((member) => ({ do: 'addMember', group: group(8), member })));
  simulator.configure({ deltaMemberPageSize: 10 });
  const round = await client.walk(cursor);
  expect(round.pages).toBe(3);
  expect(round.objects.map((object) => [object['id'], linksOf(object).length])).toEqual([
    [group(8), 10],
    [group(8), 10],
    [group(8), 5],
  ]);
});

test('whoever follows the links ends with the truth, whatever changed meanwhile', async () => {
  const users = new Map<string, JsonObject>();
  const edges = new Map<string, Set<string>>();
  const select = ['id', 'displayName', 'department', 'accountEnabled'];
  const take = async (path: string): Promise<string> => {
    const round = await client.walk(path);
    for (const object of round.objects) {
      const id = text(object['id']);
      const known = edges.get(id) ?? new Set<string>();
      if (path.includes('/groups/') || path.startsWith('groups')) {
        edges.set(id, known);
        if ('@removed' in object) edges.delete(id);
        for (const link of linksOf(object)) known[`${'@removed' in link ? 'delete' : 'add'}`](text(link['id']));
      } else if ('@removed' in object) users.delete(id);
      else users.set(id, { ...users.get(id), ...object });
    }
    return text(round.cursor);
  };
  simulator.addFaults([{ phase: 'page', every: 3, fault: { kind: 'mutate', changes: 25 } }]);
  let userCursor = await take(`users/delta?$select=${select.join(',')}`);
  let groupCursor = await take('groups/delta?$select=displayName,members');
  for (let round = 0; round < 4; round += 1) {
    simulator.mutate(150);
    userCursor = await take(userCursor);
    groupCursor = await take(groupCursor);
  }
  const whole = (object: JsonObject): JsonObject => Object.fromEntries(select.map((name) => [name, object[name] ?? null]));
  const byId = (list: JsonObject[]): JsonObject[] => list.toSorted((a, b) => (text(a['id']) < text(b['id']) ? -1 : 1));
  expect(byId([...users.values()].map(whole))).toEqual(byId([...simulator.truth('users', select)]));
  const groups = new Set([...simulator.truth('groups', ['id'])].map((object) => text(object['id'])));
  const isLive = (id: string): boolean => users.has(id) || groups.has(id) || (id.charAt(20) !== '1' && id.charAt(20) !== '2');
  const pairs = [...edges].flatMap(([from, all]) => [...all].filter(isLive).map((to) => `${from} ${to}`));
  const wanted = [...simulator.truth('edges')]
    .filter((edge) => edge['kind'] === 'member')
    .map((edge) => `${text(edge['from'])} ${text(edge['to'])}`);
  expect(pairs.toSorted()).toEqual(wanted.toSorted());
});

test('a delta after 50 changes takes few requests', async () => {
  const cursors = [await latest('users/delta'), await latest('groups/delta')];
  simulator.mutate(50);
  for (const cursor of cursors) expect((await client.walk(cursor)).pages).toBe(1);
});

test('$filter by id is remembered', async () => {
  const ids = [user(4), user(7)];
  const path = `users/delta?$select=displayName&$filter=${encodeURIComponent(ids.map((id) => `id eq '${id}'`).join(' or '))}`;
  const round = await client.walk(path);
  expect(round.objects.map((object) => object['id'])).toEqual(ids);
  simulator.mutate([4, 5].map((index) => ({ do: 'updateUser', id: user(index), set: { displayName: 'x' } })));
  expect((await client.walk(text(round.cursor))).objects).toEqual([{ id: user(4), displayName: 'x' }]);
});

test.each([
  ['a delta link after 7 days', '$deltatoken=latest', '@odata.deltaLink', 7 * 86_400_000 + 1000, 'syncStateNotFound'],
  ['a page link after half a day', '', '@odata.nextLink', 43_201_000, 'Directory_ExpiredPageToken'],
])('%s is refused', async (_what, option, name, ageMs, code) => {
  const link = text((await client.get(`groups/delta?${option}`)).body[name]);
  expect((await client.get(link)).status).toBe(200);
  simulator.advance(ageMs);
  const fresh = openClient(simulator);
  const reply = await fresh.get(link);
  fresh.close();
  expect([reply.status, codeOf(reply)]).toEqual([400, code]);
});

test('a link of before a restart is good only as long as nothing had changed', async () => {
  const untouched = (await latest('users/delta')).slice(simulator.origin.length);
  simulator.mutate([{ do: 'createUser' }]);
  const touched = (await latest('users/delta')).slice(simulator.origin.length);
  const again = await startSimulator({ users: 2000 });
  const larger = await startSimulator({ users: 2001 });
  const readers = [openClient(again), openClient(larger)] as const;
  expect((await readers[0].get(again.origin + untouched)).status).toBe(200);
  expect(codeOf(await readers[0].get(again.origin + touched))).toBe('syncStateNotFound');
  expect(codeOf(await readers[1].get(larger.origin + untouched))).toBe('syncStateNotFound');
  for (const reader of readers) reader.close();
  await Promise.all([again.close(), larger.close()]);
});

test('directory roles tell their members as role assignments give them, service principals their owners when asked', async () => {
  const links = (objects: readonly JsonObject[], relation: 'members' | 'owners'): string[] =>
    objects.flatMap((object) => linksOf(object, relation).map((link) => `${text(object['id'])} ${text(link['id'])}`)).sort();
  const told = (edges: Iterable<JsonObject>): string[] => [...edges].map((edge) => `${text(edge['from'])} ${text(edge['to'])}`).sort();
  const roles = await client.walk('directoryRoles/delta');
  const principals = await client.walk('servicePrincipals/delta?$select=displayName,owners');
  expect(links(roles.objects, 'members')).toEqual(told(simulator.truth('roleEdges')));
  expect(links(principals.objects, 'owners')).toEqual(told(simulator.truth('principalEdges')));
  expect(links((await client.walk('servicePrincipals/delta')).objects, 'owners')).toEqual([]);

  const [assignment] = [...simulator.truth('roleAssignments')];
  const owned = simulator.idOf('servicePrincipal', 7);
  simulator.mutate([
    { do: 'addRoleAssignment', role: simulator.idOf('roleDefinition', 1), principal: user(9) },
    { do: 'removeRoleAssignment', id: text(assignment?.['id']) },
    { do: 'addOwner', group: owned, owner: user(9) },
    { do: 'deleteServicePrincipal', id: simulator.idOf('servicePrincipal', 8) },
  ]);
  const changed = await client.walk(text(roles.cursor));
  expect(changed.objects.map((object) => linksOf(object).map((link) => '@removed' in link))).toEqual([[false], [true]]);
  expect((await client.walk(text(principals.cursor))).objects).toEqual([
    expect.objectContaining({ id: owned, 'owners@delta': [{ '@odata.type': '#microsoft.graph.user', id: user(9) }] }),
    { id: simulator.idOf('servicePrincipal', 8), '@removed': { reason: 'changed' } },
  ]);
});
