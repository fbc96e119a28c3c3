// What must be true of orders that are written, numbered as in the facts: each once, each alone, in the right order, and nothing beside it.
import 'reflect-metadata';
import { constants, createDecipheriv, generateKeyPairSync, type KeyObject, privateDecrypt, randomUUID } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { JsonObject } from '../../src/model.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { sharedServers } from '../crash/site.ts';
import { inTurn } from '../crash/suite.ts';
import { prepareWorkerCode } from '../crash/workerProcess.ts';
import { putSimulated } from '../support/pulling.ts';
import { atFulfilSite, type FulfilSite, type Order, type Result, writesOf } from './site.ts';
import { ordersOfEveryType } from './types.ts';

const caseTimeoutMs = 240_000;
/** One place for all, with a worker that stays. */
let site: FulfilSite;
let simulator: Simulator;
let close: () => void = () => undefined;
let closed: Promise<void> = Promise.resolve();

beforeAll(async () => {
  if (process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined) return;
  const place = { ...(await sharedServers()), code: await prepareWorkerCode() };
  await new Promise<void>((opened, failed) => {
    closed = atFulfilSite(place, async (shared) => {
      site = shared;
      ({ simulator } = shared);
      shared.startWorker();
      opened();
      await new Promise<void>((end) => (close = end));
    });
    closed.catch(failed);
  });
}, caseTimeoutMs);
beforeEach(() => {
  simulator?.clearFaults();
  simulator?.configure({ replicationLag: 0 });
  simulator?.resetRequests();
});
afterAll(() => {
  close();
  return closed;
});

let made = 0;
const fresh = (what: string): string => `${what}-${(made += 1)}`;
const one = (order: Omit<Order, 'id'>): Order => ({ id: fresh('o'), ...order });
const stateOf = (results: ReadonlyMap<string, Result>, order: Order): string => results.get(order.id)?.state ?? 'missing';
const statesOf = (results: ReadonlyMap<string, Result>, orders: readonly Order[]): string[] =>
  orders.map((order) => stateOf(results, order));

const groupValues = (name: string): JsonObject => ({ displayName: name, mailEnabled: false, mailNickname: name, securityEnabled: true });
const edgesOf = (from: string, kind: 'member' | 'owner'): unknown[] =>
  [...simulator.truth('edges')].filter((edge) => edge['from'] === from && edge['kind'] === kind).map((edge) => edge['to']);
const groupsNamed = (name: string): unknown[] =>
  [...simulator.truth('groups', ['id', 'displayName'])].filter((found) => found['displayName'] === name).map((found) => found['id']);

/** A group of the directory with these members and owners. */
function newGroup(members: readonly string[] = [], owners: readonly string[] = []): string {
  const [created] = simulator.mutate([
    { do: 'createGroup', set: { ...groupValues(fresh('group')), groupTypes: [], isAssignableToRole: null } },
  ]);
  const id = created !== undefined && 'id' in created ? String(created.id) : '';
  simulator.mutate(members.map((member) => ({ do: 'addMember' as const, group: id, member })));
  simulator.mutate(owners.map((owner) => ({ do: 'addOwner' as const, group: id, owner })));
  return id;
}

/** A user of the cloud, or one whose master is on premises. */
function newUser(set: JsonObject = {}): string {
  const name = fresh('user');
  const values = { displayName: name, userPrincipalName: `${name}@contoso.example`, onPremisesSyncEnabled: null, ...set };
  const [created] = simulator.mutate([{ do: 'createUser', set: values }]);
  return created !== undefined && 'id' in created ? String(created.id) : '';
}

const addMember = (to: string, member: string): Order => one({ action: 'addMember', type: 'group', key: to, member });

describe('1: a member that is added again', () => {
  inTurn(
    'by the same order is answered from the ledger',
    async () => {
      const [to, member] = [newGroup(), newUser()];
      const order = addMember(to, member);
      expect(stateOf(await site.carryOut([order]), order)).toBe('Executed');
      simulator.resetRequests();
      const other = one({ action: 'update', type: 'group', key: to, values: { description: 'again' } });
      expect(statesOf(await site.carryOut([order, other]), [order, other])).toEqual(['Executed', 'Executed']);
      expect(writesOf(simulator)).toEqual([`PATCH groups/${to} 204`]);
      expect(edgesOf(to, 'member')).toEqual([member]);
    },
    caseTimeoutMs,
  );
  inTurn(
    'after a lost answer is executed, once in the directory',
    async () => {
      const [to, member] = [newGroup(), newUser()];
      simulator.addFaults([
        { phase: 'item', match: 'POST .*/members/', at: [1], fault: { kind: 'status', status: 504, afterCommit: true } },
      ]);
      const order = addMember(to, member);
      expect(stateOf(await site.carryOut([order]), order)).toBe('Executed');
      expect(edgesOf(to, 'member')).toEqual([member]);
    },
    caseTimeoutMs,
  );
  inTurn.each([
    ['user', 'members'],
    ['group', 'members'],
    ['device', 'members'],
    ['servicePrincipal', 'members'],
    ['user', 'owners'],
    ['servicePrincipal', 'owners'],
  ] as const)(
    'by another order is skipped: a %s among the %s',
    async (kind, relation) => {
      // The directory lists no service principal among them: it is found from its own end.
      const [there, other] = [simulator.idOf(kind, 3), simulator.idOf(kind, 4)];
      const to = relation === 'members' ? newGroup([there]) : newGroup([], [there]);
      const action = relation === 'members' ? 'addMember' : 'addOwner';
      const orders = [there, other].map((member) => one({ action, type: 'group', key: to, member }));
      expect(statesOf(await site.carryOut(orders), orders)).toEqual(['Skipped', 'Executed']);
      expect(edgesOf(to, relation === 'members' ? 'member' : 'owner')).toEqual([there, other]);
    },
    caseTimeoutMs,
  );
});

inTurn(
  '2: of twenty members in one request one is there already: the other nineteen are added',
  async () => {
    const members = Array.from({ length: 20 }, () => newUser());
    const to = newGroup(members.slice(7, 8));
    const orders = members.map((member) => addMember(to, member));
    const states = statesOf(await site.carryOut(orders), orders);
    expect(states.filter((state) => state === 'Executed')).toHaveLength(19);
    expect(states[7]).toBe('Skipped');
    expect(new Set(edgesOf(to, 'member'))).toEqual(new Set(members));
    // Halved until the one stands alone: never one request for each.
    expect(writesOf(simulator).length).toBeLessThan(20);
  },
  caseTimeoutMs,
);

/** Although workers are killed: test/crash/orders.test.ts. */
describe('3: a group is made once, although', () => {
  inTurn.each([
    ['the connection drops', { phase: 'batch', at: [1], fault: { kind: 'reset' } }],
    ['a gateway loses the answer', { phase: 'item', match: 'groups', at: [1], fault: { kind: 'status', status: 504, afterCommit: true } }],
    ['the directory says 503', { phase: 'item', match: 'groups', at: [1], fault: { kind: 'status', status: 503 } }],
  ] as const)(
    '%s',
    async (_what, rule) => {
      simulator.addFaults([rule]);
      const order = one({ action: 'create', type: 'group', values: groupValues(fresh('lost')) });
      expect(stateOf(await site.carryOut([order]), order)).toBe('Executed');
      expect(groupsNamed(String(order.values?.['displayName']))).toHaveLength(1);
    },
    caseTimeoutMs,
  );
});

describe('4: an object that is not there', () => {
  inTurn(
    'is waited for when an order has just made it',
    async () => {
      simulator.configure({ replicationLag: 3 });
      const [group_, person] = [
        one({ action: 'create', type: 'group', values: groupValues(fresh('late')) }),
        one({ action: 'create', type: 'user', values: userValues() }),
      ];
      const orders = [
        group_,
        person,
        one({ action: 'addMember', type: 'group', key: group_.id, member: person.id }),
        one({ action: 'update', type: 'user', key: person.id, values: { jobTitle: 'Nurse' } }),
        one({ action: 'disable', type: 'user', key: person.id }),
      ];
      expect(statesOf(await site.carryOut(orders), orders)).toEqual(orders.map(() => 'Executed'));
      const [id] = groupsNamed(String(group_.values?.['displayName']));
      expect(edgesOf(String(id), 'member')).toHaveLength(1);
      expect(writesOf(simulator).filter((line) => / (400|404)$/.test(line)).length).toBeGreaterThan(0);
    },
    caseTimeoutMs,
  );
  inTurn(
    'is an error at once when nobody made it',
    async () => {
      const orders = [
        one({ action: 'update', type: 'user', key: randomUUID(), values: { jobTitle: 'Nurse' } }),
        addMember(newGroup(), randomUUID()),
        addMember(randomUUID(), newUser()),
      ];
      expect(statesOf(await site.carryOut(orders), orders)).toEqual(['Errored', 'Errored', 'Errored']);
      expect(writesOf(simulator)).toHaveLength(3);
    },
    caseTimeoutMs,
  );
});

function userValues(): JsonObject {
  const name = fresh('person');
  return {
    accountEnabled: true,
    displayName: name,
    mailNickname: name,
    userPrincipalName: `${name}@contoso.example`,
    passwordProfile: { password: 'env:TIDEMARK_SECRET_ORDER' },
  };
}

inTurn(
  '5: a member or an owner is taken out, never deleted, whatever the order calls it',
  async () => {
    const [ana, bob] = [newUser(), newUser()];
    const from = newGroup([ana, bob], [ana, bob]);
    const removals = [
      one({ action: 'removeMember', type: 'group', key: from, member: ana }),
      one({ action: 'removeOwner', type: 'group', key: from, member: ana }),
    ];
    const crooked = [`${bob}/`, `${bob}?`, `../../users/${bob}`, `${bob}%2F..`, ''].map((member) =>
      one({ action: 'removeMember', type: 'group', key: from, member }),
    );
    const results = await site.carryOut([...removals, ...crooked]);
    expect(statesOf(results, removals)).toEqual(['Executed', 'Executed']);
    expect(statesOf(results, crooked)).toEqual(crooked.map(() => 'Errored'));
    const deletes = writesOf(simulator).filter((line) => line.startsWith('DELETE'));
    expect(deletes.toSorted((a, b) => a.localeCompare(b))).toEqual([
      `DELETE groups/${from}/members/${ana}/$ref 204`,
      `DELETE groups/${from}/owners/${ana}/$ref 204`,
    ]);
    const living = new Set([...simulator.truth('users', ['id'])].map((found) => found['id']));
    expect([living.has(ana), living.has(bob), edgesOf(from, 'member')]).toEqual([true, true, [bob]]);
  },
  caseTimeoutMs,
);

inTurn.each([
  ['asked for in the wrong order', []],
  ['whose new owner is refused once', [{ phase: 'item', match: 'POST .*/owners/', at: [1], fault: { kind: 'status', status: 503 } }]],
] as const)(
  '6: a change of owners %s never leaves a group without one',
  async (_what, faults) => {
    const [old, young] = [newUser(), newUser()];
    const of = newGroup([], [old]);
    simulator.addFaults(faults);
    const orders = [
      one({ action: 'removeOwner', type: 'group', key: of, member: old }),
      one({ action: 'addOwner', type: 'group', key: of, member: young }),
    ];
    expect(statesOf(await site.carryOut(orders), orders)).toEqual(['Executed', 'Executed']);
    expect(edgesOf(of, 'owner')).toEqual([young]);
    // The directory refuses the last one: it was never asked to.
    const done = writesOf(simulator).filter((line) => line.endsWith(' 204'));
    expect(done).toEqual([`POST groups/${of}/owners/$ref 204`, `DELETE groups/${of}/owners/${old}/$ref 204`]);
    expect(writesOf(simulator).filter((line) => line.endsWith(' 400'))).toEqual([]);
  },
  caseTimeoutMs,
);

inTurn(
  '7: a synced user is an error, told once by the directory or before it is asked',
  async () => {
    const name = fresh('synced');
    const byId = one({ action: 'update', type: 'user', key: newUser({ onPremisesSyncEnabled: true }), values: { jobTitle: 'Nurse' } });
    newUser({ onPremisesSyncEnabled: true, userPrincipalName: `${name}@contoso.example` });
    const byName = one({ action: 'update', type: 'user', key: `${name}@contoso.example`, values: { jobTitle: 'Nurse' } });
    const results = await site.carryOut([byId, byName]);
    expect(statesOf(results, [byId, byName])).toEqual(['Errored', 'Errored']);
    expect(results.get(byId.id)?.message).toContain('on-premises mastered Directory Sync objects');
    expect(results.get(byName.id)?.message).toContain('onPremisesSyncEnabled');
    expect(writesOf(simulator)).toEqual([`PATCH users/${byId.key ?? ''} 400`]);
  },
  caseTimeoutMs,
);

inTurn.each([
  ['429 with a Retry-After of 11 seconds', { kind: 'throttle', retryAfter: 11 }, 11_000],
  ['424', { kind: 'status', status: 424 }, 0],
] as const)(
  '8: a request of a batch that is answered %s is sent again alone',
  async (_what, fault, leastMs) => {
    const users = [newUser(), newUser(), newUser()];
    const orders = users.map((key) => one({ action: 'update', type: 'user', key, values: { jobTitle: fresh('job') } }));
    simulator.addFaults([{ phase: 'item', match: `PATCH .*${users[1] ?? ''}`, at: [1], fault }]);
    const startedAt = Date.now();
    expect(statesOf(await site.carryOut(orders), orders)).toEqual(['Executed', 'Executed', 'Executed']);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(leastMs);
    const counts = users.map((id) => writesOf(simulator).filter((line) => line.startsWith(`PATCH users/${id} `)).length);
    expect(counts).toEqual([1, 2, 1]);
  },
  caseTimeoutMs,
);

inTurn(
  '14: a file that deletes more than the guard allows deletes nothing, and the rest of it is done',
  async () => {
    const connection = 'guarded';
    await putSimulated({
      database: site.database,
      simulator,
      name: connection,
      connector: 'identity-manager',
      guard: { absolute: 2, percent: 100, minimum: 1, dailyPercent: 100 },
    });
    const doomed = [newUser(), newUser(), newUser()].map((key) => one({ action: 'delete', type: 'user', key }));
    const kept = one({ action: 'update', type: 'user', key: newUser(), values: { jobTitle: 'Nurse' } });
    const results = await site.carryOut([...doomed, kept], connection);
    expect(statesOf(results, doomed)).toEqual(['Errored', 'Errored', 'Errored']);
    expect(stateOf(results, kept)).toBe('Executed');
    expect(results.get(doomed[0]?.id ?? '')?.message).toContain('guard');
    expect(writesOf(simulator).filter((line) => line.startsWith('DELETE'))).toEqual([]);
    const few = doomed.slice(0, 2).map((order) => ({ ...order, id: fresh('o') }));
    expect(statesOf(await site.carryOut(few, connection), few)).toEqual(['Executed', 'Executed']);
  },
  caseTimeoutMs,
);

inTurn(
  '16: every reference is of the address that the connection has: another one the directory refuses',
  async () => {
    const people = Array.from({ length: 3 }, () => newUser());
    const to = newGroup();
    const orders = [
      ...people.map((member) => addMember(to, member)),
      one({ action: 'addOwner', type: 'group', key: to, member: people[0] ?? '' }),
      one({ action: 'addMember', type: 'group', key: newGroup(), member: people[1] ?? '' }),
    ];
    expect(statesOf(await site.carryOut(orders), orders)).toEqual(orders.map(() => 'Executed'));
    expect(edgesOf(to, 'member')).toHaveLength(3);
    expect(writesOf(simulator).every((line) => line.endsWith(' 204'))).toBe(true);
    expect(site.spec.endpoints?.graph).toBe(`${simulator.origin}/v1.0`);
  },
  caseTimeoutMs,
);

describe('settings of the connection', () => {
  const settingsOf = (fulfil: JsonObject, more: object = {}): Promise<unknown> =>
    putSimulated({ database: site.database, simulator, name: 'settled', connector: 'identity-manager', settings: { fulfil }, ...more });
  const application = (secret: string): JsonObject => ({
    credentials: { tenantId: simulator.tenantId, clientId: simulator.clientId, clientSecret: `env:${secret}` },
  });
  const change = (key: string): Order => one({ action: 'update', type: 'user', key, values: { jobTitle: 'Nurse' } });

  inTurn(
    'orders go out by the application that is named for them, and by no other',
    async () => {
      const user = newUser();
      // The worker has this variable, and it is not the application's secret.
      await settingsOf(application('TIDEMARK_SECRET_ORDER'));
      await expect(site.carryOut([change(user)], 'settled')).rejects.toMatchObject({ cause: { type: 'SOURCE_AUTH_FAILED' } });
      expect(writesOf(simulator)).toEqual([]);
      await settingsOf(application('TIDEMARK_SECRET_TEST'), { scope: { clientSecret: 'env:TIDEMARK_SECRET_NOWHERE' } });
      const order = change(user);
      expect(stateOf(await site.carryOut([order], 'settled'), order)).toBe('Executed');
    },
    caseTimeoutMs,
  );
  inTurn(
    'what is protected is not written, by id or by name',
    async () => {
      const [byId, byName, other] = [newUser(), newUser({ userPrincipalName: 'breakglass@contoso.example' }), newUser()];
      await settingsOf({ protected: [byId, 'breakglass@contoso.example'] });
      const orders = [
        change(byId),
        one({ action: 'delete', type: 'user', key: byName }),
        change('breakglass@contoso.example'),
        change(other),
      ];
      const results = await site.carryOut(orders, 'settled');
      expect(statesOf(results, orders)).toEqual(['Errored', 'Errored', 'Errored', 'Executed']);
      expect(results.get(orders[0]?.id ?? '')?.message).toContain('protected');
      expect(writesOf(simulator)).toEqual([`PATCH users/${other} 204`]);
    },
    caseTimeoutMs,
  );
});

describe('a generated password', () => {
  let privateKey: KeyObject;
  const connection = 'generating';
  beforeAll(async () => {
    if (process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined) return;
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    ({ privateKey } = pair);
    const passwordCertificate = await certificateOf(pair);
    await putSimulated({
      database: site.database,
      simulator,
      name: connection,
      connector: 'identity-manager',
      settings: { fulfil: { passwordCertificate } },
    });
  });
  /** By the standard, without the library that sealed it: header, key, nonce, text and tag. */
  const open = (sealed: string | undefined): string => {
    const [header = '', ...parts] = (sealed ?? '').split('.');
    const [key = Buffer.of(), nonce = Buffer.of(), text = Buffer.of(), tag = Buffer.of()] = parts.map((part) =>
      Buffer.from(part, 'base64url'),
    );
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ connection, alg: 'RSA-OAEP-256', enc: 'A256GCM' });
    const secret = privateDecrypt({ key: privateKey, oaepHash: 'sha256', padding: constants.RSA_PKCS1_OAEP_PADDING }, key);
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(header)).setAuthTag(tag);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString();
  };
  const person = (): Order =>
    one({ action: 'create', type: 'user', values: { ...userValues(), passwordProfile: { password: 'generate' } } });
  const idOf = (order: Order): string => {
    const name = order.values?.['userPrincipalName'];
    return String([...simulator.truth('users', ['id', 'userPrincipalName'])].find((found) => found['userPrincipalName'] === name)?.['id']);
  };

  inTurn(
    'is in the results for who has the key, and in the directory',
    async () => {
      const order = person();
      const reset = one({ action: 'resetPassword', type: 'user', key: newUser() });
      const results = await site.carryOut([order, reset], connection);
      expect(statesOf(results, [order, reset])).toEqual(['Executed', 'Executed']);
      expect(simulator.isPassword(idOf(order), open(results.get(order.id)?.message))).toBe(true);
      expect(simulator.isPassword(reset.key ?? '', open(results.get(reset.id)?.message))).toBe(true);
    },
    caseTimeoutMs,
  );
  inTurn.each([
    ['for a while', 4],
    ['for longer than it is looked for', 12],
  ])(
    'is the one in the directory although the answer was lost and the user not seen %s',
    async (_what, replicationLag) => {
      simulator.configure({ replicationLag });
      simulator.addFaults([{ phase: 'item', match: 'POST .*/users', at: [1], fault: { kind: 'status', status: 504, afterCommit: true } }]);
      const order = person();
      const results = await site.carryOut([order], connection);
      expect(stateOf(results, order)).toBe('Executed');
      expect(simulator.isPassword(idOf(order), open(results.get(order.id)?.message))).toBe(true);
    },
    caseTimeoutMs,
  );
});

/** A certificate that says no more than whose key it is. */
async function certificateOf({ privateKey, publicKey }: ReturnType<typeof generateKeyPairSync>): Promise<string> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), algorithm, true, ['verify']),
  };
  return (await X509CertificateGenerator.createSelfSigned({ name: 'CN=passwords', keys, signingAlgorithm: algorithm })).toString('pem');
}

inTurn(
  'a property that is refused after its group was made is an error, and the group is there once',
  async () => {
    const name = fresh('later');
    const values = { ...groupValues(name), mailEnabled: true, groupTypes: ['Unified'], hideFromAddressLists: 'maybe' };
    const order = one({ action: 'create', type: 'group', values });
    const results = await site.carryOut([order]);
    expect(stateOf(results, order)).toBe('Errored');
    expect(results.get(order.id)?.message).toContain('hideFromAddressLists');
    expect(groupsNamed(name)).toHaveLength(1);
  },
  caseTimeoutMs,
);

describe('orders of every type', () => {
  ordersOfEveryType(() => site);
});
