// The pure parts of the command line: how times, progress, runs, differences and coming occurrences read.
import { differences, differenceText } from '../../src/cli/difference.ts';
import { type Coming, comingOccurrences } from '../../src/cli/occurrences.ts';
import { progressLine } from '../../src/cli/progress.ts';
import { parseRunName, parseRunOf } from '../../src/cli/runName.ts';
import { durationText, timeIn } from '../../src/cli/words.ts';
import type { ScheduleSpec } from '../../src/connectors/schedule.ts';
import type { StreamFacts } from '../../src/model.ts';

test.each([
  [0, '0 s'],
  [999, '1 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h 0 min'],
  [90_061_000, '25 h 1 min'],
  [-5, '0 s'],
])('%d ms reads %s', (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));

test('an instant is shown in the zone of the profile', () => {
  expect(timeIn('Asia/Calcutta', '2026-05-05T13:09:00Z')).toBe('2026-05-05 18:39:00 +05:30');
  expect(timeIn('UTC', null)).toBe('');
});

test.each([
  [{ read: 1200, expected: 2000, streams: ['users', 'groups'] }, 400, 'a:1: 1,200 of about 2,000 read, 400/s, 2 s left (users, groups)'],
  [{ read: 1200, expected: null, streams: ['users'] }, 400, 'a:1: 1,200 read, 400/s (users)'],
  [{ read: 2500, expected: 2000, streams: [] }, 400, 'a:1: 2,500 of about 2,500 read, 400/s'],
  [{ read: 0, expected: 2000, streams: ['users'] }, 0, 'a:1: 0 of about 2,000 read, 0/s (users)'],
])('progress %j at %d/s', (progress, rate, text) => expect(progressLine('a:1', progress, rate)).toBe(text));

test.each(['17', 'a:', ':1', 'a:0', 'a:1x', 'a b:1', '1a:1', 'a:1:2', 'a:1000000000000000'])('%j names no run', (text) => {
  expect(() => parseRunName(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('a run of a known connection is N or NAME:N', () => {
  expect(parseRunOf('contoso.a-1', '17')).toBe(17);
  expect(parseRunOf('contoso.a-1', 'contoso.a-1:17')).toBe(17);
  expect(() => parseRunOf('contoso', 'fabrikam:17')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('differences are told by path, lists by their positions', () => {
  const found = differences({ a: 1, b: [1, 2], c: { d: null }, gone: true }, { a: 1, b: [1, 3, 4], c: { d: 'x' }, added: {} });
  expect(found.map(differenceText)).toEqual(['~ b.1: 2 → 3', '+ b.2: 4', '~ c.d: null → "x"', '+ added: {}', '- gone: true']);
  expect(differences({ a: [{ b: 1 }] }, { a: [{ b: 1 }] })).toEqual([]);
});

const daily = {
  occurs: 'recurring',
  every: 'daily',
  cron: null,
  start: '2026-05-05T13:09:00Z',
  end: '2031-05-05T13:09:00Z',
  timezone: 'Asia/Calcutta',
} as const;

test.each<[string, ScheduleSpec | null, string, string[]]>([
  ['no schedule', null, '2026-06-01T00:00:00Z', []],
  ['daily after its start', daily, '2026-06-01T00:00:00Z', ['2026-06-01T13:09:00Z', '2026-06-02T13:09:00Z', '2026-06-03T13:09:00Z']],
  ['daily before its start', daily, '2026-01-01T00:00:00Z', ['2026-05-05T13:09:00Z', '2026-05-06T13:09:00Z', '2026-05-07T13:09:00Z']],
  ['daily near its end', { ...daily, end: '2026-06-02T13:09:00Z' }, '2026-06-01T13:09:00Z', ['2026-06-02T13:09:00Z']],
  ['daily after its end', { ...daily, end: '2026-06-02T13:09:00Z' }, '2026-07-01T00:00:00Z', []],
  [
    'daily over a change of the clock keeps its local hour',
    { ...daily, start: '2026-03-27T08:00:00Z', timezone: 'Europe/Berlin' },
    '2026-03-28T00:00:00Z',
    ['2026-03-28T08:00:00Z', '2026-03-29T07:00:00Z', '2026-03-30T07:00:00Z'],
  ],
  [
    'a local hour that does not exist has no occurrence',
    { ...daily, start: '2026-03-27T01:30:00Z', timezone: 'Europe/Berlin' },
    '2026-03-28T00:00:00Z',
    ['2026-03-28T01:30:00Z', '2026-03-30T00:30:00Z', '2026-03-31T00:30:00Z'],
  ],
  [
    'monthly on the 31st takes the last day',
    { ...daily, every: 'monthly', start: '2026-01-31T10:00:00Z', timezone: 'UTC' },
    '2026-02-01T00:00:00Z',
    ['2026-02-28T10:00:00Z', '2026-03-31T10:00:00Z', '2026-04-30T10:00:00Z'],
  ],
  [
    'every four hours counts from its start',
    { ...daily, every: '4h', start: '2026-05-05T01:30:00Z' },
    '2026-05-06T00:00:00Z',
    ['2026-05-06T01:30:00Z', '2026-05-06T05:30:00Z', '2026-05-06T09:30:00Z'],
  ],
  [
    'a cron expression, in its zone',
    { ...daily, every: null, cron: '39 18 * * 1-5' },
    '2026-06-05T00:00:00Z',
    ['2026-06-05T13:09:00Z', '2026-06-08T13:09:00Z', '2026-06-09T13:09:00Z'],
  ],
  [
    'a cron expression with a day of the month and one of the week: either',
    { ...daily, every: null, cron: '0 0 13 * 5', timezone: 'UTC' },
    '2026-06-06T00:00:00Z',
    ['2026-06-12T00:00:00Z', '2026-06-13T00:00:00Z', '2026-06-19T00:00:00Z'],
  ],
  [
    'once, still to come',
    { occurs: 'once', start: '2026-06-02T00:00:00Z', timezone: 'UTC' },
    '2026-06-01T00:00:00Z',
    ['2026-06-02T00:00:00Z'],
  ],
  ['once, over', { occurs: 'once', start: '2026-05-02T00:00:00Z', timezone: 'UTC' }, '2026-06-01T00:00:00Z', []],
])('the coming occurrences of %s', (_what, schedule, now, expected) => {
  const coming = comingOccurrences({ schedule, baseline: null, facts: [], cursorMaxAgeMs, now: new Date(now) }, 3);
  expect(coming.map(({ at }) => at)).toEqual(expected);
});

const cursorMaxAgeMs = 6 * 86_400_000 + 20 * 3_600_000;
const binding = { tenantId: 't', clientId: 'c', cloud: 'global', origin: 'https://graph.microsoft.com/v1.0', selectHash: 's' };
const users: StreamFacts = {
  stream: 'users',
  delta: true,
  optional: false,
  binding,
  mapHash: 'm',
  cursor: { binding, mapHash: 'm', ageMs: 86_400_000 },
  lastFull: { nominalAt: '2026-06-02T13:09:00Z' },
  failedFulls: null,
};
const fresh: StreamFacts = { ...users, cursor: null, lastFull: null };
const roles: StreamFacts = { ...users, stream: 'roles', delta: false, cursor: null };
const weekly = { every: 'weekly', start: daily.start, timezone: daily.timezone } as const;

/** From Saturday, June 6; the baseline's week begins on Tuesdays. */
test.each<[string, ScheduleSpec, readonly StreamFacts[], string[]]>([
  [
    'full on its baseline',
    daily,
    [users, roles],
    ['delta (delta)', 'delta (delta)', 'delta (delta)', 'full (baseline due)', 'delta (delta)'],
  ],
  ['a new connection', daily, [fresh], ['full (first run)', 'delta (delta)', 'delta (delta)', 'full (baseline due)', 'delta (delta)']],
  [
    'another map',
    daily,
    [{ ...users, mapHash: 'n' }],
    ['remap (map changed)', 'delta (delta)', 'delta (delta)', 'full (baseline due)', 'delta (delta)'],
  ],
  [
    'a baseline that failed just now waits',
    daily,
    [{ ...users, lastFull: { nominalAt: '2026-05-20T13:09:00Z' }, failedFulls: { count: 9, sinceMs: -12 * 3_600_000 } }],
    ['delta (delta)', 'full (baseline due)', 'delta (delta)', 'full (baseline due)', 'delta (delta)'],
  ],
  ['weekly is always full', { ...daily, every: 'weekly' }, [users], Array.from({ length: 5 }, () => 'full (baseline due)')],
  ['no delta', daily, [roles], Array.from({ length: 5 }, () => 'full (no delta for this stream)')],
])('the coming modes: %s', (_, schedule, facts, expected) => {
  const coming = comingOccurrences({ schedule, baseline: weekly, facts, cursorMaxAgeMs, now: new Date('2026-06-06T00:00:00Z') }, 5);
  expect(coming.map(({ mode, reason }: Coming) => `${mode} (${reason})`)).toEqual(expected);
});
