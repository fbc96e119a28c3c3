// The requests of orders, and that the one that would delete an object in the place of a membership cannot be built.
import fc from 'fast-check';
import { addressOf, markerOf, stepsOf } from '../../src/fulfil/request.ts';
import { type Order, readOrder } from '../../src/fulfil/order.ts';
import { actions, typeNames, typeOf } from '../../src/fulfil/types.ts';

const places = {
  base: 'https://graph.example/v1.0',
  object: '5d1c7c1e-0000-4000-8000-000000000001',
  member: '5d1c7c1e-0000-4000-8000-000000000002',
  connection: 'idm',
  assignment: 'A1',
};
const o = places.object;
const m = places.member;
const group = { displayName: 'G', mailEnabled: false, mailNickname: 'g', securityEnabled: true };

function orderOf(raw: object): Order {
  const read = readOrder({ id: 'o-1', ...raw });
  if ('reason' in read) throw new Error(read.reason);
  return read.order;
}
const requestsOf = (raw: object): string[] =>
  stepsOf(orderOf(raw), places).map(({ method, path, body }) => `${method} ${path}${body === null ? '' : ` ${JSON.stringify(body)}`}`);

test.each<[object, string[]]>([
  [
    { action: 'update', type: 'user', key: o, values: { jobTitle: 'N', mobilePhone: '1', department: null, accountEnabled: true } },
    [
      `PATCH /users/${o} {"jobTitle":"N","department":null}`,
      `PATCH /users/${o} {"accountEnabled":true}`,
      `PATCH /users/${o} {"mobilePhone":"1"}`,
    ],
  ],
  [{ action: 'update', type: 'user', key: o, values: { otherMails: [] } }, [`PATCH /users/${o} {"otherMails":[]}`]],
  [{ action: 'delete', type: 'group', key: o }, [`DELETE /groups/${o}`]],
  [{ action: 'disable', type: 'device', key: o }, [`PATCH /devices/${o} {"accountEnabled":false}`]],
  [
    { action: 'addMember', type: 'group', key: o, member: m },
    [`POST /groups/${o}/members/$ref {"@odata.id":"https://graph.example/v1.0/directoryObjects/${m}"}`],
  ],
  [{ action: 'removeMember', type: 'group', key: o, member: m }, [`DELETE /groups/${o}/members/${m}/$ref`]],
  [{ action: 'removeOwner', type: 'servicePrincipal', key: o, member: m }, [`DELETE /servicePrincipals/${o}/owners/${m}/$ref`]],
  [
    { action: 'removeMember', type: 'administrativeUnit', key: o, member: m },
    [`DELETE /directory/administrativeUnits/${o}/members/${m}/$ref`],
  ],
  [
    { action: 'addMember', type: 'directoryRole', key: o, member: m },
    [`POST /roleManagement/directory/roleAssignments {"roleDefinitionId":"${o}","principalId":"${m}","directoryScopeId":"/"}`],
  ],
  [{ action: 'removeMember', type: 'directoryRole', key: o, member: m }, ['DELETE /roleManagement/directory/roleAssignments/A1']],
  [
    { action: 'create', type: 'group', values: { ...group, hideFromAddressLists: true } },
    [`PATCH /groups(uniqueName='${markerOf('idm', 'o-1')}') ${JSON.stringify(group)}`, `PATCH /groups/${o} {"hideFromAddressLists":true}`],
  ],
])('%j', (order, requests) => expect(requestsOf(order)).toEqual(requests));

test('a DELETE on members or owners without /$ref cannot be built', () => {
  const word = fc.string({ minLength: 1 }).filter((text) => text !== '.' && text !== '..' && !/[\uD800-\uDFFF]/.test(text));
  fc.assert(
    fc.property(
      fc.constantFrom(...typeNames),
      fc.constantFrom(...actions),
      fc.constantFrom('members', 'owners', 'members/x', '../users'),
      word,
      word,
      (type, action, relation, object, member) => {
        const order: Order = { id: 'o', action, type, key: object, member, values: {} };
        const given = [...stepsOf(order, { ...places, object, member })].map(({ path }) => path);
        for (const path of given) if (/\/(members|owners)(\/|$)/.test(path)) expect(path.endsWith('/$ref')).toBe(true);
        if (relation !== 'members' && relation !== 'owners') return;
        const { collection } = typeOf(type);
        expect(addressOf({ collection, object, reference: { relation, to: member } })).toMatch(/\/\$ref$/);
        expect(addressOf({ collection, object, reference: { relation } })).toMatch(/\/\$ref$/);
      },
    ),
  );
});

test('what an id holds leads nowhere else', () => {
  expect(addressOf({ collection: 'users', object: 'a/../groups?x#y' })).toBe('/users/a%2F..%2Fgroups%3Fx%23y');
  expect(() => addressOf({ collection: 'users', object: '..' })).toThrow(RangeError);
  expect(addressOf({ collection: 'users', object: 'ana_ext#EXT#@contoso.example' })).toBe('/users/ana_ext%23EXT%23@contoso.example');
});

test('references begin with the configured base, in every step', () => {
  const [step] = stepsOf(orderOf({ action: 'addOwner', type: 'group', key: o, member: m }), {
    ...places,
    base: 'https://localhost:9443/v1.0',
  });
  expect(step?.body).toEqual({ '@odata.id': `https://localhost:9443/v1.0/directoryObjects/${m}` });
});

test('a generated password is set once more only after a lost answer', () => {
  const values = { userPrincipalName: 'a@b.c', displayName: 'A', mailNickname: 'a', accountEnabled: true, passwordProfile: {} };
  const steps = stepsOf(orderOf({ action: 'create', type: 'user', values }), places);
  expect(steps.map(({ method, afterLoss = false }) => [method, afterLoss])).toEqual([
    ['POST', false],
    ['PATCH', true],
  ]);
});
