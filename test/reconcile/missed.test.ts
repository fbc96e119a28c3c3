// Why an occurrence did not run, and which may still come: the whole table, on given facts.
import { judgeMissed, type Seen, type Span } from '../../src/reconcile/missed.ts';
import { overdueSince } from '../../src/reconcile/overdue.ts';

const at = 1_000_000;
const later = 2_000_000;
const seen: Seen = {
  did: 'nothing',
  paused: null,
  pausedBefore: null,
  late: 0,
  overlapped: 0,
  fired: new Set(),
  open: new Set(),
  nextMs: 9_000_000,
};
const span: Span = {
  listed: [at, later],
  skippedByClock: [],
  repeated: new Set(),
  known: new Set([later]),
  tillMs: 3_000_000,
  nowMs: 3_100_000,
  catchupMs: 2_200_000,
};

test.each<[string, Partial<Seen>, Partial<Span>]>([
  ['Temporal did not start it', {}, {}],
  ['Temporal was not running', { late: 1 }, {}],
  ['no worker answered the tick before it', { overlapped: 2 }, {}],
  ['Temporal was not running, or no worker answered the tick before it', { late: 1, overlapped: 1 }, {}],
  ['its tick ended without an answer', { fired: new Set([at]), late: 1 }, {}],
  ['its schedule had been changed by hand', { did: 'repaired', late: 1 }, {}],
  ['its schedule was missing in Temporal', { did: 'created', late: 1 }, {}],
  ['paused', { paused: '', did: 'repaired' }, {}],
  ['paused', { paused: '', pausedBefore: '', late: 1 }, {}],
  ['no worker answered the tick before it, or paused: audit', { paused: 'audit', overlapped: 1 }, {}],
  ['paused: audit', { paused: 'audit', nextMs: at }, {}],
  ['paused: audit', { pausedBefore: 'audit' }, {}],
  [`paused: ${'x'.repeat(200)}`, { paused: 'x'.repeat(1000) }, {}],
  ['the local hour comes twice, and it ran the first time', { paused: 'audit' }, { repeated: new Set([at]) }],
  ['no such local time', { paused: 'audit' }, { listed: [], skippedByClock: [at] }],
  ['Temporal did not start it', { nextMs: at }, { catchupMs: 2_099_999 }],
])('%s', (reason, moreSeen, moreSpan) => {
  const missed = judgeMissed({ ...span, ...moreSpan }, { ...seen, ...moreSeen });
  expect(missed).toEqual({ skipped: [{ atMs: at, reason }], tillMs: span.tillMs });
});

test.each<[string, Partial<Seen>, Partial<Span>]>([
  ['its tick is open', { open: new Set([at]), fired: new Set([at]), paused: 'audit' }, {}],
  ['Temporal has not come to it yet', { nextMs: at }, {}],
])('it may still come, and the next look begins before it: %s', (_, moreSeen, moreSpan) => {
  const missed = judgeMissed({ ...span, ...moreSpan }, { ...seen, ...moreSeen });
  expect(missed).toEqual({ skipped: [], tillMs: at - 1 });
});

test('what has its row is left alone, also a local time that is another one’s', () => {
  const known = new Set([at, later, 2_500_000]);
  expect(judgeMissed({ ...span, known, skippedByClock: [2_500_000, later] }, seen).skipped).toEqual([]);
});

const dayMs = 86_400_000;
const startMs = Date.parse('2026-05-01T00:00:00Z');
const daily = {
  occurs: 'recurring',
  every: 'daily',
  cron: null,
  start: '2026-05-01T00:00:00Z',
  end: '2026-06-01T00:00:00Z',
  timezone: 'UTC',
} as const;
test.each<[string, Partial<Parameters<typeof overdueSince>[0]>, number | null]>([
  ['a day and a half without success', { nowMs: startMs + 1.5 * dayMs }, null],
  ['two days without success', { nowMs: startMs + 2 * dayMs }, startMs],
  ['a success yesterday', { nowMs: startMs + 9 * dayMs, lastSuccessMs: startMs + 8 * dayMs }, null],
  ['a success two days ago', { nowMs: startMs + 9 * dayMs, lastSuccessMs: startMs + 7 * dayMs }, startMs + 7 * dayMs],
  ['a schedule of its own since today', { nowMs: startMs + 9 * dayMs, sinceMs: startMs + 9 * dayMs }, null],
  ['a start still to come', { nowMs: startMs - 9 * dayMs }, null],
  ['after the end', { nowMs: startMs + 90 * dayMs }, null],
  ['once', { nowMs: startMs - dayMs, schedule: { occurs: 'once', start: daily.start, timezone: 'UTC' } }, null],
  [
    'monthly, after six weeks',
    { nowMs: startMs + 45 * dayMs, schedule: { ...daily, every: 'monthly', end: '2036-01-01T00:00:00Z' } },
    null,
  ],
  [
    'monthly, after nine weeks',
    { nowMs: startMs + 63 * dayMs, schedule: { ...daily, every: 'monthly', end: '2036-01-01T00:00:00Z' } },
    startMs,
  ],
])('without success for two periods: %s', (_, more, since) => {
  expect(overdueSince({ schedule: daily, sinceMs: 0, lastSuccessMs: null, nowMs: startMs, ...more })).toBe(since);
});
