// Orders of every type beyond users, groups and devices (decision 45): carried out once, skipped where it is so already, and told what the directory
// refuses.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../src/model.ts';
import type { TruthName } from '../../simulator/truth.ts';
import { inTurn } from '../crash/suite.ts';
import { type FulfilSite, type Order, writesOf } from './site.ts';

const caseTimeoutMs = 240_000;

/** At a site with a worker that stays; nothing has been pulled there. */
export function ordersOfEveryType(shared: () => FulfilSite): void {
  let site: FulfilSite;
  beforeEach(() => void (site = shared()));

  let made = 0;
  const one = (order: Omit<Order, 'id'>): Order => ({ id: `type-${(made += 1)}`, ...order });
  const carryOut = async (orders: readonly Order[]): Promise<{ readonly states: string[]; readonly messages: string[] }> => {
    const results = await site.carryOut(orders);
    const of = orders.map(({ id }) => results.get(id));
    return { states: of.map((result) => result?.state ?? 'missing'), messages: of.map((result) => result?.message ?? '') };
  };
  const named = (collection: TruthName, displayName: string): JsonObject[] =>
    [...site.simulator.truth(collection)].filter((found) => found['displayName'] === displayName);
  const linksOf = (edges: TruthName, from: unknown): unknown[] =>
    [...site.simulator.truth(edges)].filter((edge) => edge['from'] === from).map((edge) => edge['to']);
  /** The directory does what is asked, and its answer is lost. */
  const loseAnswer = (match: string): void =>
    site.simulator.addFaults([{ phase: 'item', match, at: [1], fault: { kind: 'status', status: 504, afterCommit: true } }]);
  const user = (index: number): string => site.simulator.idOf('user', index);
  const principal = (index: number): string => site.simulator.idOf('servicePrincipal', index);

  describe('members of directory roles are written as role assignments', () => {
    const holders = (role: string): unknown[] =>
      [...site.simulator.truth('roleAssignments')].filter((held) => held['roleDefinitionId'] === role).map((held) => held['principalId']);
    const order = (action: string, key: string, member: string): Order => one({ action, type: 'directoryRole', key, member });

    inTurn(
      'a role is given once and taken once; what is so already is skipped',
      async () => {
        const role = site.simulator.idOf('roleDefinition', 11);
        const before = holders(role);
        const given = await carryOut([order('addMember', role, user(7)), order('addMember', role, principal(2))]);
        expect(given.states).toEqual(['Executed', 'Executed']);
        expect(new Set(holders(role))).toEqual(new Set([...before, user(7), principal(2)]));
        expect((await carryOut([order('addMember', role, user(7))])).states).toEqual(['Skipped']);
        const taken = await carryOut([order('removeMember', role, user(7)), order('removeMember', role, principal(2))]);
        expect(taken.states).toEqual(['Executed', 'Executed']);
        expect(holders(role)).toEqual(before);
        expect((await carryOut([order('removeMember', role, user(7))])).states).toEqual(['Skipped']);
        expect(writesOf(site.simulator).every((line) => line.includes('roleManagement/directory/roleAssignments'))).toBe(true);
      },
      caseTimeoutMs,
    );
    inTurn(
      'after lost answers they are given and taken, once',
      async () => {
        const role = site.simulator.idOf('roleDefinition', 12);
        const before = holders(role);
        loseAnswer('POST .*/roleAssignments');
        expect((await carryOut([order('addMember', role, user(8))])).states).toEqual(['Executed']);
        expect(holders(role).filter((holder) => holder === user(8))).toHaveLength(1);
        loseAnswer('DELETE .*/roleAssignments');
        expect((await carryOut([order('removeMember', role, user(8))])).states).toEqual(['Executed']);
        expect(holders(role)).toEqual(before);
      },
      caseTimeoutMs,
    );
    inTurn(
      'by the id of the activated role as well, once it has been pulled',
      async () => {
        const [role, definition] = [site.simulator.idOf('directoryRole', 13), site.simulator.idOf('roleDefinition', 13)];
        expect((await carryOut([order('addMember', role, user(9))])).states).toEqual(['Errored']);
        await site.ask('full');
        expect((await site.runEnds(1)).verdict).toBe('complete');
        expect((await carryOut([order('addMember', role, user(9))])).states).toEqual(['Executed']);
        expect(holders(definition)).toContain(user(9));
      },
      caseTimeoutMs,
    );
    inTurn(
      'a role that there is not is an error, told once',
      async () => {
        const { states } = await carryOut([order('addMember', randomUUID(), user(9))]);
        expect([states, writesOf(site.simulator).length]).toEqual([['Errored'], 1]);
      },
      caseTimeoutMs,
    );
  });

  describe('applications', () => {
    const create = (displayName: string): Order => one({ action: 'create', type: 'application', values: { displayName } });

    inTurn(
      'are made, changed, owned and deleted, in the order of the file',
      async () => {
        const made_ = create('Payroll');
        const owner = (action: string, member: string): Order => one({ action, type: 'application', key: made_.id, member });
        const orders = [
          made_,
          one({ action: 'update', type: 'application', key: made_.id, values: { notes: 'by order' } }),
          owner('addOwner', user(3)),
          owner('addOwner', principal(3)),
        ];
        expect((await carryOut(orders)).states).toEqual(orders.map(() => 'Executed'));
        const [found] = named('applications', 'Payroll');
        expect([found?.['notes'], linksOf('applicationEdges', found?.['id'])]).toEqual(['by order', [user(3), principal(3)]]);
        const later = [owner('addOwner', user(3)), owner('addOwner', principal(3)), owner('removeOwner', user(3))];
        expect((await carryOut(later)).states).toEqual(['Skipped', 'Skipped', 'Executed']);
        const last = [one({ action: 'delete', type: 'application', key: made_.id })];
        expect((await carryOut(last)).states).toEqual(['Executed']);
        expect(named('applications', 'Payroll')).toEqual([]);
      },
      caseTimeoutMs,
    );
    inTurn(
      'one whose answer was lost is found by its name and when it was made, although another has that name',
      async () => {
        const set = { displayName: 'Twin', createdDateTime: '2020-01-01T00:00:00Z' };
        site.simulator.mutate([{ do: 'createApplication', set }]);
        loseAnswer('POST .*/applications');
        expect((await carryOut([create('Twin')])).states).toEqual(['Executed']);
        expect(named('applications', 'Twin')).toHaveLength(2);
      },
      caseTimeoutMs,
    );
  });

  describe('administrative units', () => {
    const create = (displayName: string): Order => one({ action: 'create', type: 'administrativeUnit', values: { displayName } });

    inTurn(
      'are made, changed, filled and deleted, in the order of the file',
      async () => {
        const unit = create('West');
        const member = (action: string, id: string): Order => one({ action, type: 'administrativeUnit', key: unit.id, member: id });
        const members = [user(4), site.simulator.idOf('group', 4), site.simulator.idOf('device', 4)];
        const orders = [
          unit,
          one({ action: 'update', type: 'administrativeUnit', key: unit.id, values: { description: 'by order' } }),
          ...members.map((id) => member('addMember', id)),
        ];
        expect((await carryOut(orders)).states).toEqual(orders.map(() => 'Executed'));
        const [found] = named('administrativeUnits', 'West');
        expect([found?.['description'], linksOf('unitEdges', found?.['id'])]).toEqual(['by order', members]);
        const later = [member('addMember', user(4)), member('removeMember', user(4))];
        expect((await carryOut(later)).states).toEqual(['Skipped', 'Executed']);
        const last = [one({ action: 'delete', type: 'administrativeUnit', key: unit.id })];
        expect((await carryOut(last)).states).toEqual(['Executed']);
        expect(named('administrativeUnits', 'West')).toEqual([]);
        // Each by a request of its own: a unit takes one member at a time.
        expect(writesOf(site.simulator).filter((line) => /^POST .*members\/\$ref 204$/.test(line))).toHaveLength(3);
      },
      caseTimeoutMs,
    );
    inTurn(
      'one whose answer was lost is not sent again: nobody could tell it from others',
      async () => {
        loseAnswer('POST .*/administrativeUnits');
        const { states, messages } = await carryOut([create('East')]);
        expect([states, named('administrativeUnits', 'East').length]).toEqual([['Errored'], 1]);
        expect(messages[0]).toContain('cannot be told from others');
      },
      caseTimeoutMs,
    );
  });

  inTurn.each([
    ['application', 'removeOwner', 'createApplication'],
    ['administrativeUnit', 'removeMember', 'createAdministrativeUnit'],
  ] as const)(
    'of an old %s %s skips who does not belong to it, and deleting what is not there as well',
    async (type, action, create) => {
      const [old] = site.simulator.mutate([{ do: create, set: { displayName: 'Old' } }]);
      const key = old !== undefined && 'id' in old ? String(old.id) : '';
      const { states } = await carryOut([one({ action, type, key, member: user(5) }), one({ action: 'delete', type, key: randomUUID() })]);
      expect(states).toEqual(['Skipped', 'Skipped']);
    },
    caseTimeoutMs,
  );

  describe('organizational contacts', () => {
    inTurn(
      'are only read by Graph: its refusal is told, once, and the rest of the file is done',
      async () => {
        const contact = randomUUID();
        const orders = [
          one({ action: 'update', type: 'orgContact', key: contact, values: { jobTitle: 'Nurse' } }),
          one({ action: 'delete', type: 'orgContact', key: contact }),
          one({ action: 'create', type: 'administrativeUnit', values: { displayName: 'Beside' } }),
        ];
        const { states, messages } = await carryOut(orders);
        expect(states).toEqual(['Errored', 'Errored', 'Executed']);
        expect(messages[0]).toContain(`PATCH /contacts/${contact} was refused (405`);
        expect(writesOf(site.simulator).filter((line) => line.includes('contacts'))).toHaveLength(2);
      },
      caseTimeoutMs,
    );
    inTurn(
      'cannot be made, and a type that is not in the table is refused by name: nothing is sent for either',
      async () => {
        const { states, messages } = await carryOut([
          one({ action: 'create', type: 'orgContact', values: { displayName: 'Ana' } }),
          one({ action: 'update', type: 'oAuth2PermissionGrant', key: randomUUID(), values: { scope: 'x' } }),
        ]);
        expect(states).toEqual(['Errored', 'Errored']);
        expect(messages[0]).toContain('action cannot be done to a orgContact: update, delete');
        expect(messages[1]).toContain('type is not a type that can be written');
        expect(writesOf(site.simulator)).toEqual([]);
      },
      caseTimeoutMs,
    );
  });
}
