// One identity for what several sources see: which keys an asset has, and which assets are one by them (decision 57).
import type { AssetFacts } from '../../../src/mappings/identity/facts.ts';
import { joinAssets, type KeyedAsset } from '../../../src/mappings/identity/join.ts';
import { identityKeys } from '../../../src/mappings/identity/keys.ts';
import { type Rule, rules, rulesOn } from '../../../src/mappings/identity/rules.ts';

const nothing = { resourceId: null, vmId: null, biosUuid: null, macs: [], hostname: null, subscription: null };
/** An asset that shows this. */
const facts = (source: string, key: string, fields: Partial<AssetFacts> = {}): KeyedAsset => ({
  asset: `${source}/${key}`,
  source,
  keys: identityKeys({ ...nothing, ...fields }).keys,
});
const uuid = '4c4c4544-0042-4a10-8054-b7c04f313233';
const swapped = '44454c4c-4200-104a-8054-b7c04f313233';
const keysOf = (fields: Partial<AssetFacts>) => identityKeys({ ...nothing, ...fields });

describe('keys', () => {
  test('all rules, in their order', () => {
    const all = keysOf({
      resourceId: '/Subscriptions/X',
      vmId: uuid.toUpperCase(),
      biosUuid: uuid,
      macs: ['60-45-BD-00-00-02', '60:45:bd:00:00:01'],
      hostname: 'WEB1.contoso.example',
      subscription: 'S-1',
    });
    expect(all).toEqual({
      keys: [
        { rule: 'resource-id', key: '/subscriptions/x' },
        { rule: 'vm-id', key: uuid },
        { rule: 'bios-uuid', key: swapped },
        { rule: 'mac-and-hostname', key: '["6045bd000001","web1"]' },
        { rule: 'mac-and-hostname', key: '["6045bd000002","web1"]' },
        { rule: 'hostname-and-subscription', key: '["web1","s-1"]' },
      ],
      without: [],
    });
  });

  test.each<[string, Partial<AssetFacts>, Rule, string]>([
    ['a UUID of zeros', { vmId: '00000000-0000-0000-0000-000000000000' }, 'vm-id', 'VM id: it is a placeholder'],
    ['a UUID of one digit', { biosUuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }, 'bios-uuid', 'BIOS UUID: it is a placeholder'],
    ["a maker's UUID", { biosUuid: '03000200-0400-0500-0006-000700080009' }, 'bios-uuid', 'BIOS UUID: it is a placeholder'],
    ['text in place of a UUID', { vmId: 'To be filled by O.E.M.' }, 'vm-id', 'VM id: it is no UUID'],
    ['a VMware adapter', { macs: ['00:50:56:c0:00:08'], hostname: 'web1' }, 'mac-and-hostname', 'MAC address: it is of a virtual adapter'],
    [
      'a Docker bridge',
      { macs: ['02:42:ac:11:00:02'], hostname: 'web1' },
      'mac-and-hostname',
      'MAC address: it is made locally, as of containers',
    ],
    ['a MAC of zeros', { macs: ['00-00-00-00-00-00'], hostname: 'web1' }, 'mac-and-hostname', 'MAC address: it is a placeholder'],
    [
      'a MAC of a group',
      { macs: ['01:00:5e:00:00:01'], hostname: 'web1' },
      'mac-and-hostname',
      'MAC address: it is of a group of stations',
    ],
    ['half a MAC', { macs: ['60-45-BD'], hostname: 'web1' }, 'mac-and-hostname', 'MAC address: it is no MAC address'],
    ['a MAC without a hostname', { macs: ['60-45-BD-00-00-02'] }, 'mac-and-hostname', 'hostname: there is none'],
    ['a hostname without a MAC', { hostname: 'web1' }, 'mac-and-hostname', 'MAC address: there is none'],
    ['a hostname without a subscription', { hostname: 'web1' }, 'hostname-and-subscription', 'subscription: there is none'],
    ['localhost', { hostname: 'localhost.localdomain', subscription: 's' }, 'hostname-and-subscription', 'hostname: it is a placeholder'],
    [
      'a hostname made of an address',
      { hostname: 'ip-10-0-0-1.ec2.internal', subscription: 's' },
      'hostname-and-subscription',
      'hostname: it is made of an address',
    ],
    ['an id that no index holds', { resourceId: `/${'x'.repeat(340)}` }, 'resource-id', 'it is too long'],
    ['an address as hostname', { hostname: '10.0.0.1', subscription: 's' }, 'hostname-and-subscription', 'hostname: it is no name'],
  ])('%s gives none, and it is said why', (_name, fields, rule, why) => {
    const { keys, without } = keysOf(fields);
    expect(keys.map((key) => key.rule)).not.toContain(rule);
    expect(without).toContainEqual({ rule, why });
  });
});

const shown = {
  resourceId: '/S/vm-1',
  vmId: uuid,
  macs: ['60-45-BD-00-00-01'],
  hostname: 'web1',
  subscription: 's',
};
const machine = facts('defender', 'vm-1', shown);
const without = (...off: readonly Rule[]): readonly Rule[] => rulesOn({ order: rules, off });
const together = (assets: readonly KeyedAsset[], order: readonly Rule[] = rules) => joinAssets(assets, order).identities;

describe('joining', () => {
  test.each<[Rule, KeyedAsset]>([
    ['resource-id', facts('entra', 'd', { resourceId: '/s/VM-1' })],
    ['vm-id', facts('entra', 'd', { vmId: uuid })],
    ['bios-uuid', facts('entra', 'd', { biosUuid: swapped })],
    ['mac-and-hostname', facts('entra', 'd', { macs: ['6045bd000001'], hostname: 'WEB1' })],
    ['hostname-and-subscription', facts('entra', 'd', { hostname: 'web1.contoso.example', subscription: 'S' })],
  ])('by %s, and not when it is off or its evidence is gone', (rule, device) => {
    const { identities, links, notJoined } = joinAssets([machine, device], rules);
    expect([identities, links.map((link) => link.rule), notJoined]).toEqual([[['defender/vm-1', 'entra/d']], [rule], []]);
    expect(together([machine, device], rule === 'vm-id' ? without(rule, 'bios-uuid') : without(rule))).toHaveLength(2);
    expect(together([machine, facts('entra', 'd')])).toHaveLength(2);
  });

  test('the first rule that matches is the reason, though others match too', () => {
    const device = facts('entra', 'd', shown);
    expect(joinAssets([device, machine], rules).links).toEqual([
      { rule: 'resource-id', key: '/s/vm-1', assets: ['defender/vm-1', 'entra/d'] },
    ]);
    expect(joinAssets([device, machine], rules.toReversed()).links).toMatchObject([{ rule: 'hostname-and-subscription' }]);
  });

  test('a hostname alone joins nothing', () => {
    expect(together([facts('a', '1', { hostname: 'web1' }), facts('b', '2', { hostname: 'web1' })])).toHaveLength(2);
  });

  test('assets of one source are never one: what both have joins neither to a third', () => {
    const clones = [facts('a', '1', { vmId: uuid }), facts('a', '2', { vmId: uuid })];
    const { identities, notJoined } = joinAssets([...clones, facts('b', '3', { vmId: uuid })], without('bios-uuid'));
    expect(identities).toHaveLength(3);
    expect(notJoined).toEqual([{ rule: 'vm-id', key: uuid, assets: ['a/1', 'a/2', 'b/3'], why: 'two assets of one source have this key' }]);
  });

  test('nor are they by way of a third: the stronger rule wins', () => {
    const strong = facts('a', '1', { resourceId: '/x' });
    const weak = facts('a', '2', { hostname: 'web1', subscription: 's' });
    const third = facts('b', '3', { resourceId: '/x', hostname: 'web1', subscription: 's' });
    expect(joinAssets([weak, third, strong], rules)).toEqual({
      identities: [['a/1', 'b/3'], ['a/2']],
      links: [{ rule: 'resource-id', key: '/x', assets: ['a/1', 'b/3'] }],
      notJoined: [
        { rule: 'hostname-and-subscription', key: '["web1","s"]', assets: ['a/2', 'b/3'], why: 'it would join two assets of one source' },
      ],
    });
    // Which is the stronger is the order's to say.
    expect(together([weak, third, strong], rules.toReversed())).toEqual([['a/1'], ['a/2', 'b/3']]);
  });

  test('three sources become one by two rules', () => {
    const all = [machine, facts('entra', 'd', { resourceId: '/s/vm-1', hostname: 'x' }), facts('other', 'o', { biosUuid: uuid })];
    expect(together(all)).toEqual([['defender/vm-1', 'entra/d', 'other/o']]);
  });

  test('whatever is shown in whatever order: the same identities, each asset once, no two of one source, links that make them', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const some = <T>(values: readonly T[]): T | null => values[random(values.length + 1)] ?? null;
    for (let round = 0; round < 200; round += 1) {
      const assets = Array.from({ length: 12 }, (_, index) =>
        facts(['a', 'b', 'c'][random(3)] ?? 'a', String(index), {
          resourceId: some(['/x', '/y', '/z']),
          vmId: some([uuid, swapped]),
          macs: [some(['6045bd000001', '6045bd000002']) ?? ''],
          hostname: some(['web1', 'web2', 'localhost']),
          subscription: some(['s', 't']),
        }),
      );
      const joined = joinAssets(assets, rules);
      const shuffled = assets
        .map((asset) => [random(1_000), asset] as const)
        .sort(([a], [b]) => a - b)
        .map(([, asset]) => asset);
      expect(joinAssets(shuffled, rules)).toEqual(joined);
      expect(joined.identities.flat().sort()).toEqual(assets.map(({ asset }) => asset).sort());
      const sourceOf = new Map(assets.map(({ asset, source }) => [asset, source]));
      for (const identity of joined.identities) expect(new Set(identity.map((asset) => sourceOf.get(asset))).size).toBe(identity.length);
      expect(joined.links).toHaveLength(assets.length - joined.identities.length);
    }
  });
});
