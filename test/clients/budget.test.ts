// What a source said and how long that holds: the state of a budget as a table, and how seldom its ledger is asked.
import { createBudget, empty, paceOf, quiet, recover, refuse, warn } from '../../src/clients/budget.ts';
import type { ThrottleState } from '../../src/model.ts';

const hour = 3_600_000;
const blocked = (blockedMs: number, refusals = 1): ThrottleState => ({ ...quiet, blockedMs, refusals });

test.each<[string, ThrottleState, number | null, { blockedMs: number; refusals: number }]>([
  ['what is told holds', quiet, 7_000, { blockedMs: 7_000, refusals: 1 }],
  ['0 is not a tight loop', quiet, 0, { blockedMs: 250, refusals: 1 }],
  ['without a word it is a second', quiet, null, { blockedMs: 1_000, refusals: 1 }],
  ['then two, in a row', blocked(-10), null, { blockedMs: 2_000, refusals: 2 }],
  ['at most thirty', blocked(-10, 20), null, { blockedMs: 30_000, refusals: 21 }],
  ['a minute later it is a second again', blocked(-60_001, 9), null, { blockedMs: 1_000, refusals: 1 }],
  ['the echo of a refusal counts for nothing', blocked(800), null, { blockedMs: 800, refusals: 1 }],
  ['a shorter wait shortens nothing', blocked(9_000), 2_000, { blockedMs: 9_000, refusals: 1 }],
  ['a longer one lengthens it', blocked(2_000), 9_000, { blockedMs: 9_000, refusals: 1 }],
  ['nobody else waits for longer than a run takes', quiet, 30 * 24 * hour, { blockedMs: 6 * hour, refusals: 1 }],
])('a refusal: %s', (_, state, toldMs, expected) => {
  expect(refuse(state, toldMs, 6 * hour, 0.5)).toMatchObject(expected);
});

test.each<[number, number, number]>([
  [1_000, 0, 1_000],
  [1_000, 10_000, 500],
  [1_000, 20_000, 250],
  [1_000, 60_000, 0],
  [2_000, -5, 2_000],
  [0, 0, 0],
])('a pace of %i ms is, %i ms later, %i ms', (paceMs, pacedAgoMs, left) => {
  expect(paceOf({ ...quiet, paceMs, pacedAgoMs })).toBe(left);
});

test.each<[string, ThrottleState, number]>([
  ['after the wait ends the row', blocked(-10, 3), 0],
  ['to what was sent before the refusal does not', blocked(800, 3), 3],
])('an answer %s', (_, state, refusals) => {
  expect(recover(state).refusals).toBe(refusals);
});

test('a warning sets the pace, unless it is about that already', () => {
  const paced = warn(quiet, 800);
  expect(paced).toMatchObject({ paceMs: 800, pacedAgoMs: 0 });
  expect(warn(paced, 1_000)).toBe(paced);
  expect(warn(paced, 1_001)).toMatchObject({ paceMs: 1_001 });
  expect(warn({ ...paced, pacedAgoMs: 5_000 }, 800)).toMatchObject({ paceMs: 800, pacedAgoMs: 0 });
});

test('a quota that is used up lets nothing go until it begins anew, and counts as no refusal', () => {
  expect(empty(quiet, 3_000, hour)).toEqual(blocked(3_000, 0));
  expect(empty(quiet, 2 * hour, hour)).toEqual(blocked(hour, 0));
  for (const state of [quiet, blocked(4_000)]) expect(empty(state, state === quiet ? 0 : 3_000, hour)).toBe(state);
});

test('the ledger is read once for all who ask at a time, and written only when there is something new', async () => {
  const asked = { reads: 0, writes: 0 };
  let state = quiet;
  const ledger = {
    async read() {
      asked.reads += 1;
      return state;
    },
    async change(how: (before: ThrottleState) => ThrottleState) {
      asked.writes += 1;
      state = how(state);
      return state;
    },
  };
  const budget = createBudget({ ledger, random: () => 0.5 });
  for (let turn = 0; turn < 50; turn += 1) expect(await Promise.all([budget.standing(), budget.standing()])).toHaveLength(2);
  await Promise.all([0, 0, 0].map((paceMs) => budget.answered({ paceMs, emptyMs: 0 })));
  expect(asked).toEqual({ reads: 1, writes: 0 });
  expect(await budget.refused(2_000)).toBe(2_100);
  for (let turn = 0; turn < 20; turn += 1) await budget.refused(null);
  expect(asked).toEqual({ reads: 1, writes: 1 });
  expect((await budget.standing()).waitMs).toBeGreaterThan(1_500);
});

test('who was told longer than others wait, waits what it was told', async () => {
  const budget = createBudget({ longestBlockMs: 1_000, random: () => 0 });
  expect(await budget.refused(5_000)).toBe(5_000);
  expect((await budget.standing()).waitMs).toBeLessThanOrEqual(1_000);
});
