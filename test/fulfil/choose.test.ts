// Which orders go out together: those on one object keep their order, members are added to a group by twenties, owners are added before others go.
import { choose, type Placed } from '../../src/fulfil/choose.ts';

interface Short {
  readonly id: string;
  readonly on: string;
  readonly action?: Placed['order']['action'];
  readonly member?: string;
  readonly waitMs?: number;
  readonly blocked?: boolean;
}

const placed = ({ id, on, action = 'update', member, waitMs = 0, blocked = false }: Short): Placed => ({
  order: { id, action, type: 'group', key: on, member: member ?? null, values: null },
  object: on,
  member: member ?? null,
  writes: [on],
  reads: member === undefined ? [] : [member],
  waitMs,
  blocked,
});
const chosen = (orders: readonly Short[], most = 80): string[] =>
  choose(orders.map(placed), most).units.map((unit) => unit.map(({ order }) => order.id).join('+'));
const add = (id: string, on: string, member: string): Short => ({ id, on, member, action: 'addMember' });

test.each<[string, readonly Short[], readonly string[]]>([
  [
    'orders on other objects go side by side',
    [
      { id: '1', on: 'a' },
      { id: '2', on: 'b' },
    ],
    ['1', '2'],
  ],
  [
    'orders on one object keep their order',
    [
      { id: '1', on: 'a' },
      { id: '2', on: 'a' },
      { id: '3', on: 'b' },
    ],
    ['1', '3'],
  ],
  [
    'what waits keeps back what follows it',
    [
      { id: '1', on: 'a', waitMs: 9 },
      { id: '2', on: 'a' },
    ],
    [],
  ],
  [
    'what waits for another order keeps back what follows it',
    [
      { id: '1', on: 'a', blocked: true },
      { id: '2', on: 'a' },
    ],
    [],
  ],
  ['a member is deleted after it was added', [add('1', 'g', 'u'), { id: '2', on: 'u', action: 'delete' }], ['1']],
  ['a member is added after what changes it', [{ id: '1', on: 'u' }, add('2', 'g', 'u')], ['1']],
  ['members of one group go in one request', [add('1', 'g', 'u'), add('2', 'g', 'v'), add('3', 'h', 'u')], ['1+2', '3']],
  ['the same member is not added twice in one', [add('1', 'g', 'u'), add('2', 'g', 'u')], ['1']],
  ['what comes between keeps them apart', [add('1', 'g', 'u'), { id: '2', on: 'g' }, add('3', 'g', 'v')], ['1']],
  [
    'an owner is added before another goes',
    [
      { id: '1', on: 'g', action: 'removeOwner', member: 'u' },
      { id: '2', on: 'g', action: 'addOwner', member: 'v' },
    ],
    ['2'],
  ],
  [
    'of one owner the order is kept',
    [
      { id: '1', on: 'g', action: 'removeOwner', member: 'u' },
      { id: '2', on: 'g', action: 'addOwner', member: 'u' },
    ],
    ['1'],
  ],
])('%s', (_, orders, units) => expect(chosen(orders)).toEqual(units));

test('twenty members at most in one request', () => {
  const orders = Array.from({ length: 45 }, (_, index) => add(`${index}`, 'g', `u${index}`));
  const [first = '', ...others] = chosen(orders);
  expect([first.split('+').length, others]).toEqual([20, []]);
});

test('at most so many units, and when the next may go', () => {
  const orders = Array.from({ length: 5 }, (_, index): Short => ({ id: `${index}`, on: `o${index}`, waitMs: index === 4 ? 700 : 0 }));
  expect(chosen(orders, 3)).toEqual(['0', '1', '2']);
  expect(choose(orders.map(placed), 80).waitMs).toBe(700);
});
