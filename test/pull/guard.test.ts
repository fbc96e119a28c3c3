// The guard's whole table: at and around every limit, at every size it was ever wrong at elsewhere.
import { exceedsLimits, judgeRemovals } from '../../src/pull/guard.ts';
import type { Guard, RemovalGroup } from '../../src/pull/guard.ts';

const shipped: Guard = { absolute: 500, percent: 5, minimum: 5, dailyPercent: 10 };

const group = (of: Partial<RemovalGroup>): RemovalGroup => ({
  stream: 'users',
  kind: 'record',
  counted: 0,
  absent: 0,
  live: 100,
  largest: of.live ?? 100,
  applied: 0,
  scopeChanged: false,
  joins: false,
  asksAgain: false,
  ...of,
});

const ruleOf = (of: Partial<RemovalGroup>, guard = shipped): string => {
  const judgement = judgeRemovals([group(of)], guard);
  return judgement.verdict === 'apply' ? 'apply' : judgement.because.map(({ rule }) => rule).join();
};

describe('of records', () => {
  test.each([
    // The last one, and the last ones.
    { live: 1, counted: 1, rule: 'none left' },
    { live: 2, counted: 1, rule: 'apply' },
    { live: 2, counted: 2, rule: 'none left' },
    { live: 5, counted: 4, rule: 'apply' },
    { live: 5, counted: 5, rule: 'none left' },
    { live: 6, counted: 5, rule: 'apply' },
    { live: 6, counted: 6, rule: 'none left' },
    // The minimum: below 120, five percent are fewer than six.
    { live: 44, counted: 5, rule: 'apply' },
    { live: 44, counted: 6, rule: 'percent' },
    { live: 44, counted: 43, rule: 'percent' },
    { live: 44, counted: 44, rule: 'none left' },
    { live: 100, counted: 5, rule: 'apply' },
    { live: 100, counted: 6, rule: 'percent' },
    { live: 119, counted: 6, rule: 'percent' },
    { live: 120, counted: 6, rule: 'apply' },
    { live: 120, counted: 7, rule: 'percent' },
    // The percentage.
    { live: 1_000, counted: 50, rule: 'apply' },
    { live: 1_000, counted: 51, rule: 'percent' },
    { live: 1_000, counted: 1_000, rule: 'none left' },
    // The absolute limit: from 10,000 on, five percent are more.
    { live: 10_000, counted: 500, rule: 'apply' },
    { live: 10_000, counted: 501, rule: 'absolute' },
    { live: 100_000, counted: 500, rule: 'apply' },
    { live: 100_000, counted: 501, rule: 'absolute' },
    { live: 100_000, counted: 5_001, rule: 'absolute' },
    { live: 100_000, counted: 100_000, rule: 'none left' },
    // A number that is behind the records never lets all of them go.
    { live: 0, counted: 1, rule: 'none left' },
  ])('$counted of $live: $rule', ({ live, counted, rule }) => {
    expect(ruleOf({ live, counted })).toBe(rule);
  });
});

test.each([1, 5, 44, 100, 1_000, 100_000])('none of %i is never held, whatever else is so', (live) => {
  expect(ruleOf({ live, counted: 0, scopeChanged: true, joins: true, asksAgain: true, applied: live })).toBe('apply');
});

test.each([
  { live: 1, counted: 1, rule: 'apply' },
  { live: 5, counted: 5, rule: 'apply' },
  { live: 44, counted: 5, rule: 'apply' },
  { live: 44, counted: 44, rule: 'percent' },
  { live: 100_000, counted: 501, rule: 'absolute' },
])('of edges: a group may lose its last member, $counted of $live: $rule', ({ live, counted, rule }) => {
  expect(ruleOf({ kind: 'member', live, counted })).toBe(rule);
});

describe('over a day', () => {
  test.each([
    // The minimum holds for the day too.
    { live: 1_000, largest: 44, applied: 0, counted: 5, rule: 'apply' },
    { live: 40, largest: 44, applied: 4, counted: 1, rule: 'apply' },
    { live: 40, largest: 44, applied: 5, counted: 1, rule: 'daily' },
    { live: 95, largest: 100, applied: 5, counted: 5, rule: 'apply' },
    { live: 95, largest: 100, applied: 6, counted: 5, rule: 'daily' },
    // Ten percent of the most that lived, not of what is left.
    { live: 920, largest: 1_000, applied: 80, counted: 20, rule: 'apply' },
    { live: 920, largest: 1_000, applied: 80, counted: 21, rule: 'daily' },
    { live: 99_500, largest: 100_000, applied: 9_500, counted: 500, rule: 'apply' },
    { live: 99_500, largest: 100_000, applied: 9_501, counted: 500, rule: 'daily' },
  ])('$counted after $applied of $largest: $rule', (of) => {
    const { rule, ...given } = of;
    expect(ruleOf(given)).toBe(rule);
  });
});

test.each([
  ['scope changed', { scopeChanged: true }],
  ['joined', { joins: true }],
  ['asked again', { asksAgain: true }],
] as const)('a single removal is held: %s', (rule, flag) => {
  expect(ruleOf({ live: 100_000, counted: 1, ...flag })).toBe(rule);
});

describe('the limits', () => {
  test('say what they compared and allow', () => {
    const of = (given: Partial<RemovalGroup>): unknown => judgeRemovals([group(given)], shipped);
    const hold = (rule: string, count: number, limit: number): unknown => ({
      verdict: 'hold',
      because: [{ stream: 'users', kind: 'record', rule, count, limit }],
    });
    expect(of({ live: 1_000, counted: 51 })).toEqual(hold('percent', 51, 50));
    expect(of({ live: 44, counted: 6 })).toEqual(hold('percent', 6, 5));
    expect(of({ live: 100_000, counted: 501 })).toEqual(hold('absolute', 501, 500));
    expect(of({ live: 960, largest: 1_000, applied: 80, counted: 40 })).toEqual(hold('daily', 120, 100));
    expect(of({ live: 44, counted: 44 })).toEqual(hold('none left', 44, 43));
    expect(of({ counted: 1, scopeChanged: true })).toEqual(hold('scope changed', 1, 0));
  });

  test.each([
    { percent: 7, live: 300, most: 21 },
    { percent: 7, live: 299, most: 20 },
    { percent: 29, live: 100, most: 29 },
    { percent: 58, live: 50, most: 29 },
    { percent: 57, live: 100, most: 57 },
  ])('$percent % of $live are $most, exactly', ({ percent, live, most }) => {
    const guard = { ...shipped, minimum: 0, percent, dailyPercent: 100 };
    expect(ruleOf({ live, counted: most }, guard)).toBe('apply');
    expect(ruleOf({ live, counted: most + 1 }, guard)).toBe('percent');
  });

  test('of nothing hold whatever is removed', () => {
    const none = { absolute: 0, percent: 0, minimum: 0, dailyPercent: 0 };
    expect(ruleOf({ live: 100_000, counted: 1 }, none)).toBe('absolute');
    expect(ruleOf({ live: 100_000, counted: 1 }, { ...none, absolute: 500 })).toBe('percent');
    expect(ruleOf({ live: 100_000, counted: 1 }, { ...none, absolute: 500, percent: 100 })).toBe('daily');
  });

  test('of everything still hold what leaves none', () => {
    const all = { absolute: 1_000_000, percent: 100, minimum: 1_000_000, dailyPercent: 100 };
    expect(ruleOf({ live: 100_000, counted: 99_999 }, all)).toBe('apply');
    expect(ruleOf({ live: 100_000, counted: 100_000 }, all)).toBe('none left');
  });
});

test('one group over the guard holds the run, and each such group is named', () => {
  const groups = [
    group({ counted: 3 }),
    group({ stream: 'groups', counted: 6 }),
    group({ stream: 'groups', kind: 'member', live: 1_000, counted: 10 }),
    group({ stream: 'groups', kind: 'owner', live: 1_000, counted: 51 }),
  ];
  const judgement = judgeRemovals(groups, shipped);
  expect(judgement).toMatchObject({
    verdict: 'hold',
    because: [
      { stream: 'groups', kind: 'record' },
      { stream: 'groups', kind: 'owner' },
    ],
  });
});

test.each([
  [{ live: 1, counted: 1 }, false],
  [{ live: 44, counted: 5, joins: true, scopeChanged: true }, false],
  [{ live: 44, counted: 6 }, true],
  [{ live: 100_000, counted: 501 }, true],
  [{ live: 1_000, counted: 0 }, false],
])('a list is asked for %j unless they are too many (%s)', (of, exceeds) => {
  expect(exceedsLimits(group(of), of.counted, shipped)).toBe(exceeds);
});
