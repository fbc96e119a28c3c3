// Full or delta, and why: the whole table of design 3.3, and the grids of the baseline (decision 11).
import { type Reason, type RunPlan, type StreamFacts } from '../../src/model.ts';
import { periodStart } from '../../src/workflows/baseline.ts';
import { decide, type Decision } from '../../src/workflows/decide.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const cursorMaxAgeMs = 6 * dayMs + 20 * hourMs;
const binding = {
  tenantId: 'tenant',
  clientId: 'client',
  cloud: 'global',
  origin: 'https://graph.microsoft.com/v1.0',
  selectHash: 'select',
};

const start = '2026-05-05T13:09:00Z';
const weekly = { every: 'weekly', start, timezone: 'Asia/Calcutta' } as const;
/** In the second week of the grid. */
const nominalAt = '2026-05-14T13:09:00Z';
const thisWeek = '2026-05-12T13:09:00Z';
const lastWeek = '2026-05-11T13:09:00Z';

const users: StreamFacts = {
  stream: 'users',
  delta: true,
  optional: false,
  binding,
  mapHash: 'map',
  cursor: { binding, mapHash: 'map', ageMs: dayMs },
  lastFull: { nominalAt: thisWeek },
  failedFulls: null,
};
const roles: StreamFacts = { ...users, stream: 'roles', delta: false, cursor: null };
const cursor = { binding, mapHash: 'map', ageMs: dayMs };

const decided = (facts: readonly StreamFacts[], more: Partial<Decision> = {}): RunPlan =>
  decide({ facts, trigger: 'schedule', nominalAt, baseline: weekly, cursorMaxAgeMs, ...more });

/** Each row has what its reason needs, and everything that comes after it in the order as well. */
const everythingLater: Partial<StreamFacts> = {
  lastFull: { nominalAt: lastWeek },
  cursor: { binding: { ...binding, tenantId: 'other', selectHash: 'other' }, mapHash: 'other', ageMs: 30 * dayMs },
};

describe('a stream with delta', () => {
  test.each<[Reason, string, Partial<StreamFacts>, Partial<Decision>]>([
    ['first run', 'nothing yet, though forced', { lastFull: null, cursor: null }, { trigger: 'forced' }],
    ['first run', 'a first run that failed before', { lastFull: null, cursor: null, failedFulls: { count: 3, sinceMs: 0 } }, {}],
    ['forced', 'forced, with everything else', everythingLater, { trigger: 'forced' }],
    ['baseline due', 'no full in the period, with everything else', everythingLater, {}],
    ['cursor expired', 'too old, with everything else', { ...everythingLater, lastFull: { nominalAt: thisWeek } }, {}],
    ['cursor expired', 'one millisecond too old', { cursor: { ...cursor, ageMs: cursorMaxAgeMs + 1 } }, {}],
    ['cursor expired', 'no cursor though a full one completed', { cursor: null }, {}],
    ['scope changed', 'another tenant', { cursor: { ...cursor, binding: { ...binding, tenantId: 'other' } } }, {}],
    ['scope changed', 'another client', { cursor: { ...cursor, binding: { ...binding, clientId: 'other' } } }, {}],
    ['scope changed', 'another cloud', { cursor: { ...cursor, binding: { ...binding, cloud: 'china' } } }, {}],
    [
      'scope changed',
      'another origin, and another map',
      { cursor: { ...cursor, mapHash: 'other', binding: { ...binding, origin: 'https://localhost:1/v1.0', selectHash: 'other' } } },
      {},
    ],
    ['map changed', 'another selection', { cursor: { ...cursor, binding: { ...binding, selectHash: 'other' } } }, {}],
    [
      'map changed',
      'a field that was never selected',
      { cursor: { ...cursor, mapHash: 'other', binding: { ...binding, selectHash: 'other' }, lacks: ['jobTitle'] } },
      {},
    ],
    ['delta', 'less is selected, by the same map', { cursor: { ...cursor, binding: { ...binding, selectHash: 'other' }, lacks: [] } }, {}],
    ['delta', 'all as it was', {}, {}],
    ['delta', 'as old as may be', { cursor: { ...cursor, ageMs: cursorMaxAgeMs } }, {}],
    ['delta', 'on demand, all as it was', {}, { trigger: 'manual' }],
    ['delta', 'without a baseline, however long ago', { lastFull: { nominalAt: '2020-01-01T00:00:00Z' } }, { baseline: null }],
    ['delta', 'baseline never', { lastFull: { nominalAt: lastWeek } }, { baseline: { ...weekly, every: 'never' } }],
  ])('%s: %s', (reason, _, facts, more) => {
    const mode = reason === 'delta' ? 'delta' : 'full';
    expect(decided([{ ...users, ...facts }], more)).toEqual({
      mode,
      reason,
      baselineOverdue: false,
      streams: [{ stream: 'users', mode, reason }],
    });
  });
});

describe('a map that changed, and reads nothing that was never selected', () => {
  const remapped = { cursor: { ...cursor, mapHash: 'other' } };
  test.each<[string, Partial<StreamFacts>]>([
    ['the same selection', remapped],
    ['a part of it', { cursor: { ...remapped.cursor, binding: { ...binding, selectHash: 'other' }, lacks: [] } }],
  ])('%s: by delta, and what is stored is mapped again', (_, facts) => {
    expect(decided([{ ...users, ...facts }, roles])).toEqual({
      mode: 'remap',
      reason: 'map changed',
      baselineOverdue: false,
      streams: [
        { stream: 'users', mode: 'delta', reason: 'map changed' },
        { stream: 'roles', mode: 'full', reason: 'no delta for this stream' },
      ],
    });
  });

  test('beside a stream that is read in full the run is full', () => {
    expect(
      decided([
        { ...users, ...remapped },
        { ...users, stream: 'groups', cursor: null },
      ]),
    ).toMatchObject({
      mode: 'full',
      reason: 'cursor expired',
      streams: [{ mode: 'delta', reason: 'map changed' }, { mode: 'full' }],
    });
  });
});

describe('a stream without delta', () => {
  test.each<[Reason, Partial<StreamFacts>, Partial<Decision>]>([
    ['first run', { lastFull: null }, {}],
    ['forced', {}, { trigger: 'forced' }],
    ['no delta for this stream', {}, {}],
    ['no delta for this stream', { lastFull: { nominalAt: lastWeek } }, {}],
  ])('alone: %s', (reason, facts, more) => {
    expect(decided([{ ...roles, ...facts }], more)).toMatchObject({ mode: 'full', reason, baselineOverdue: false, streams: [{ reason }] });
  });

  test('does not make a run of deltas full', () => {
    expect(decided([users, roles])).toEqual({
      mode: 'delta',
      reason: 'delta',
      baselineOverdue: false,
      streams: [
        { stream: 'users', mode: 'delta', reason: 'delta' },
        { stream: 'roles', mode: 'full', reason: 'no delta for this stream' },
      ],
    });
  });

  test('on its first run neither', () => {
    expect(decided([users, { ...roles, lastFull: null }])).toMatchObject({
      mode: 'delta',
      reason: 'delta',
      streams: [{}, { reason: 'first run' }],
    });
  });
});

test.each<[string, Partial<StreamFacts>, Partial<StreamFacts>, Reason]>([
  ['one new stream', {}, { lastFull: null, cursor: null }, 'first run'],
  ['expired and due', { cursor: { ...cursor, ageMs: 30 * dayMs } }, { lastFull: { nominalAt: lastWeek } }, 'baseline due'],
  [
    'map and scope',
    { cursor: { ...cursor, mapHash: 'x' } },
    { cursor: { ...cursor, binding: { ...binding, cloud: 'china' } } },
    'scope changed',
  ],
  ['map and delta', { cursor: { ...cursor, binding: { ...binding, selectHash: 'x' } } }, {}, 'map changed'],
])('the run has the first reason of its streams: %s', (_, first, second, reason) => {
  const plan = decided([
    { ...users, ...first },
    { ...users, stream: 'groups', ...second },
  ]);
  expect(plan).toMatchObject({ mode: 'full', reason });
  expect(plan.streams.map(({ mode }) => mode)).toContain('full');
});

describe('a due baseline that failed', () => {
  test.each<[number, number, Reason]>([
    [1, 0, 'delta'],
    [1, 6 * hourMs - 1, 'delta'],
    [1, 6 * hourMs, 'baseline due'],
    [2, 12 * hourMs - 1, 'delta'],
    [2, 12 * hourMs, 'baseline due'],
    [4, 24 * hourMs - 1, 'delta'],
    [9, 24 * hourMs - 1, 'delta'],
    [9, 24 * hourMs, 'baseline due'],
  ])('%d times, %d ms ago: %s', (count, sinceMs, reason) => {
    const plan = decided([{ ...users, lastFull: { nominalAt: lastWeek }, failedFulls: { count, sinceMs } }]);
    expect(plan).toMatchObject({ reason, baselineOverdue: reason === 'delta' });
  });

  test('is not overdue for a stream that is read in full for another reason', () => {
    const expired = { ...users, cursor: null, lastFull: { nominalAt: lastWeek }, failedFulls: { count: 1, sinceMs: 0 } };
    expect(decided([expired])).toMatchObject({ reason: 'cursor expired', baselineOverdue: false });
  });

  test('that belongs to a period that has its full pull does not matter', () => {
    expect(decided([{ ...users, failedFulls: { count: 1, sinceMs: 99 * dayMs } }])).toMatchObject({
      reason: 'delta',
      baselineOverdue: false,
    });
  });
});

describe('the grid', () => {
  const utc = { start: '2026-01-31T10:00:00Z', timezone: 'UTC' };
  test.each<[string, Parameters<typeof periodStart>[0], string, string]>([
    ['the point itself', { ...weekly }, '2026-05-12T13:09:00Z', '2026-05-12T13:09:00Z'],
    ['just before a point', { ...weekly }, '2026-05-12T13:08:59.999Z', '2026-05-05T13:09:00Z'],
    ['before the start', { ...weekly }, '2026-05-05T13:08:00Z', '2026-04-28T13:09:00Z'],
    ['years later', { ...weekly }, '2030-05-05T00:00:00Z', '2030-04-30T13:09:00Z'],
    ['fortnightly', { ...utc, every: 'fortnightly' }, '2026-03-01T00:00:00Z', '2026-02-28T10:00:00Z'],
    ['triweekly', { ...utc, every: 'triweekly' }, '2026-03-14T09:59:00Z', '2026-02-21T10:00:00Z'],
    ['monthly, a short month', { ...utc, every: 'monthly' }, '2026-03-01T00:00:00Z', '2026-02-28T10:00:00Z'],
    ['monthly, before the last day', { ...utc, every: 'monthly' }, '2026-02-28T09:59:59Z', '2026-01-31T10:00:00Z'],
    ['monthly, the grid does not drift', { ...utc, every: 'monthly' }, '2026-03-31T10:00:00Z', '2026-03-31T10:00:00Z'],
    ['monthly, a leap year', { ...utc, every: 'monthly' }, '2028-03-01T00:00:00Z', '2028-02-29T10:00:00Z'],
    [
      'summer time: local days, not 24 hours',
      { every: 'weekly', start: '2026-03-27T08:00:00Z', timezone: 'Europe/Berlin' },
      '2026-04-03T07:30:00Z',
      '2026-04-03T07:00:00Z',
    ],
    [
      'winter time',
      { every: 'weekly', start: '2026-10-23T07:00:00Z', timezone: 'Europe/Berlin' },
      '2026-10-30T07:30:00Z',
      '2026-10-23T07:00:00Z',
    ],
    [
      'midnight in the zone, the evening before in UTC',
      { every: 'monthly', start: '2026-05-30T18:30:00Z', timezone: 'Asia/Calcutta' },
      '2026-06-29T18:30:00Z',
      '2026-06-29T18:30:00Z',
    ],
  ])('%s', (_, grid, at, expected) => {
    expect(new Date(periodStart(grid, at)).toISOString()).toBe(new Date(expected).toISOString());
  });
});

test('a full pull of this period, forced or not, makes the next occurrence a delta', () => {
  const due = { ...users, lastFull: { nominalAt: lastWeek } };
  expect(decided([due]).reason).toBe('baseline due');
  expect(decided([{ ...due, lastFull: { nominalAt: '2026-05-12T13:09:00Z' } }]).reason).toBe('delta');
  expect(decided([{ ...due, lastFull: { nominalAt: '2026-05-12T13:08:59Z' } }]).reason).toBe('baseline due');
});
