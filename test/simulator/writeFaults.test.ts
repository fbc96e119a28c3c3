// What goes wrong around a write: objects not known everywhere yet, lost answers, quotas, and batches in which each request stands alone.
import type { JsonObject } from '../../src/model.ts';
import { defaultRoles, writeRoles } from '../../simulator/permissions.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { messageOf, objectsOf, openClient, text } from './client.ts';
import type { Client, Reply } from './client.ts';
import { groupBody, make, userBody } from './made.ts';

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator({ users: 300, settings: { roles: [...defaultRoles, ...writeRoles] } });
  client = openClient(simulator);
  await client.get('users?$top=1');
});
afterEach(() => {
  simulator.clearFaults();
  simulator.configure({ replicationLag: 0, writeQuota: 3000 });
  simulator.resetRequests();
});
afterAll(async () => {
  client.close();
  await simulator.close();
});

const json = { 'Content-Type': 'application/json' };
const link = (id: string): string => `${simulator.origin}/v1.0/directoryObjects/${id}`;
const usersNamed = (name: unknown): unknown[] =>
  [...simulator.truth('users', ['id', 'userPrincipalName'])].filter((user) => user['userPrincipalName'] === name);
const statuses = (reply: Reply): Record<string, unknown> =>
  Object.fromEntries(objectsOf(reply.body['responses']).map((item) => [text(item['id']), item['status']]));

test('a new object is not seen by as many requests that name it as the lag says', async () => {
  simulator.configure({ replicationLag: 2 });
  const id = await make(client, 'users', userBody());
  const answers = [
    await client.get(`users/${id}`),
    await client.write('PATCH', `users/${id}`, { jobTitle: 'a' }),
    await client.get(`users/${id}`),
  ];
  expect(answers.map((reply) => reply.status)).toEqual([404, 404, 200]);
  const body = userBody();
  await make(client, 'users', body);
  const filter = `users?$filter=${encodeURIComponent(`userPrincipalName eq '${text(body['userPrincipalName'])}'`)}`;
  const found = [await client.get(filter), await client.get(filter), await client.get(filter)];
  expect(found.map((reply) => reply.value.length)).toEqual([0, 0, 1]);
  // The directory itself knows the name at once.
  const again = userBody();
  await make(client, 'users', again);
  expect((await client.write('POST', 'users', again)).status).toBe(400);
});

test('a reference is refused by 400 while its group is new, by 404 while the member is', async () => {
  const old = await make(client, 'groups', groupBody());
  simulator.configure({ replicationLag: 1 });
  const [group, user] = [await make(client, 'groups', groupBody()), await make(client, 'users', userBody())];
  const add = (to: string, id: string): Promise<Reply> => client.write('POST', `groups/${to}/members/$ref`, { '@odata.id': link(id) });
  const early = await add(group, simulator.idOf('user', 4));
  expect([early.status, messageOf(early)]).toEqual([
    400,
    'The source resource object or one of the objects being referenced do not exist.',
  ]);
  expect((await add(old, user)).status).toBe(404);
  expect((await add(group, user)).status).toBe(204);
});

test.each([
  ['the connection', { kind: 'reset' } as const],
  ['the answer at a gateway', { kind: 'status', status: 504, afterCommit: true } as const],
])('a write is done although %s was lost', async (_what, fault) => {
  simulator.addFaults([{ phase: 'write', at: [1], fault }]);
  const body = userBody();
  const lost = await client.write('POST', 'users', body).then(
    (reply) => reply.status,
    () => 'no answer',
  );
  expect(lost).toBe(fault.kind === 'reset' ? 'no answer' : 504);
  expect(usersNamed(body['userPrincipalName'])).toHaveLength(1);
  expect((await client.write('POST', 'users', body)).status).toBe(400);
});

test('a write that was refused on its way is not done', async () => {
  simulator.addFaults([{ phase: 'write', at: [1], fault: { kind: 'status', status: 503 } }]);
  const body = userBody();
  expect((await client.write('POST', 'users', body)).status).toBe(503);
  expect(usersNamed(body['userPrincipalName'])).toEqual([]);
});

test('writes have a quota of their own in 150 seconds', async () => {
  simulator.advance(150_000);
  simulator.configure({ writeQuota: 2 });
  const group = await make(client, 'groups', groupBody());
  const change = (): Promise<Reply> => client.write('PATCH', `groups/${group}`, { description: 'a' });
  expect((await change()).status).toBe(204);
  const refused = await change();
  expect(refused.status).toBe(429);
  // A whole window's, whatever the hour: it opened with the first write.
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(100);
  expect(refused.headers['x-ms-throttle-scope']).toMatch(/^Tenant_Application\/Write\//);
  expect((await client.get(`groups/${group}`)).status).toBe(200);
  simulator.advance(150_000);
  expect((await change()).status).toBe(204);
});

test('each request of a batch is throttled, refused and recorded by itself', async () => {
  const group = await make(client, 'groups', groupBody());
  const ids = [1, 2, 3].map((index) => simulator.idOf('user', index));
  const requests = ids.map((id, index) => ({
    id: String(index),
    method: 'POST',
    url: `/groups/${group}/members/$ref`,
    headers: json,
    body: { '@odata.id': link(id) },
  }));
  await client.batch(requests.slice(2));
  simulator.resetRequests();
  simulator.addFaults([{ phase: 'item', at: [2], fault: { kind: 'throttle', retryAfter: 30 } }]);
  const reply = await client.batch(requests);
  // Writes that do not depend on each other are carried out from the last to the first.
  expect([reply.status, statuses(reply)]).toEqual([200, { 0: 204, 1: 429, 2: 400 }]);
  expect(objectsOf(reply.body['responses']).find((item) => item['id'] === '1')).toMatchObject({ headers: { 'retry-after': '30' } });
  const path = `POST /v1.0/groups/${group}/members/$ref`;
  expect(simulator.requests().map((request) => request.items)).toEqual([[`${path} 400`, `${path} 429`, `${path} 204`]]);
});

test('what depends on a failed request is answered 424 and not carried out', async () => {
  const group = await make(client, 'groups', groupBody());
  const step = (id: string, method: string, more: JsonObject): JsonObject => ({
    id,
    method,
    url: `/groups/${group}`,
    headers: json,
    ...more,
  });
  const reply = await client.batch([
    step('a', 'PATCH', { body: { color: 'red' } }),
    step('b', 'DELETE', { dependsOn: ['a'] }),
    step('c', 'GET', { dependsOn: ['b'] }),
  ]);
  expect(statuses(reply)).toEqual({ a: 400, b: 424, c: 424 });
  expect((await client.get(`groups/${group}`)).status).toBe(200);
});

test.each<[string, readonly JsonObject[], RegExp]>([
  ['a write without a content type', [{ id: 'a', method: 'PATCH', url: '/users/x', body: {} }], /^Write request id : a does not contain/],
  ['a write without a body', [{ id: 'a', method: 'POST', url: '/users', headers: json }], /^Write request id : a does not contain/],
  [
    'some that depend on one and some on another',
    ['a', 'b', 'c', 'd'].map((id, at) => ({ id, method: 'GET', url: '/users', dependsOn: at < 2 ? [] : ([['a'], ['b']][at - 2] ?? []) })),
    /must depend all on one/,
  ],
])('a batch with %s is refused as a whole', async (_what, requests, message) => {
  const reply = await client.batch(requests);
  expect([reply.status, messageOf(reply)]).toEqual([400, expect.stringMatching(message)]);
});

test.each<[string, Record<string, string>, string, number]>([
  ['no content type', {}, '{}', 415],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=b', 415],
  ['no JSON', { 'content-type': 'application/json' }, '{', 400],
  ['a list', { 'content-type': 'application/json' }, '[]', 400],
])('a body that is %s is refused', async (_what, headers, body, status) => {
  const bearer = text((await client.token()).body['access_token']);
  const reply = await client.send('POST', `${simulator.origin}/v1.0/users`, { authorization: `Bearer ${bearer}`, ...headers }, body);
  expect(reply.status).toBe(status);
});
