// What comes from operators' hands is checked before it counts: payloads, and what an earlier release carried over.
import { ApplicationFailure } from '@temporalio/common';
import { carriedFrom, carriedOf } from '../../src/workflows/carried.ts';
import { newEntity, type Waiting } from '../../src/workflows/entity.ts';
import {
  checkCancelInput,
  checkConnectionInput,
  checkNothing,
  checkPauseInput,
  checkProfileInput,
  checkPullDueInput,
  checkStopInput,
  checkTickInput,
} from '../../src/workflows/input.ts';

const longest = 'n'.repeat(64);

test.each<[string, (raw: unknown) => unknown, unknown, unknown]>([
  ['connection', checkConnectionInput, { name: 'contoso-identity' }, { name: 'contoso-identity' }],
  ['connection, continued', checkConnectionInput, { name: 'contoso', carried: {} }, { name: 'contoso' }],
  ['profile', checkProfileInput, { profile: longest }, { profile: longest }],
  ['profile, none', checkProfileInput, undefined, {}],
  ['profile, null', checkProfileInput, null, {}],
  ['profile, empty', checkProfileInput, {}, {}],
  ['pause', checkPauseInput, { reason: 'x'.repeat(200) }, { reason: 'x'.repeat(200) }],
  ['pause, none', checkPauseInput, undefined, {}],
  ['resume', checkNothing, undefined, undefined],
  ['resume, empty', checkNothing, {}, undefined],
  ['cancel', checkCancelInput, { run: 17 }, { run: 17 }],
  ['cancel, none', checkCancelInput, undefined, {}],
  [
    'due',
    checkPullDueInput,
    { profile: 'p', scheduledAt: '2026-05-05T13:09:00Z' },
    { profile: 'p', scheduledAt: '2026-05-05T13:09:00.000Z' },
  ],
  ['stop', checkStopInput, { verdict: 'cancelled', reason: 'x'.repeat(300) }, { verdict: 'cancelled', reason: 'x'.repeat(200) }],
  ['tick', checkTickInput, { name: 'n', profile: 'p' }, { name: 'n', profile: 'p' }],
])('%s is taken', (_, check, raw, taken) => {
  expect(check(raw)).toEqual(taken);
});

test.each<[(raw: unknown) => unknown, unknown, string]>([
  [checkConnectionInput, undefined, 'the input must be an object'],
  [checkConnectionInput, [], 'the input must be an object'],
  [checkConnectionInput, {}, '"name" must be a name: letters, digits, "-" and ".", at most 64'],
  [checkConnectionInput, { name: `${longest}n` }, '"name" must be a name: letters, digits, "-" and ".", at most 64'],
  [checkConnectionInput, { name: 'a b' }, '"name" must be a name: letters, digits, "-" and ".", at most 64'],
  [checkConnectionInput, { name: 'a', Name: 'a' }, '"Name" is not known; it takes "name", "carried"'],
  [checkProfileInput, 'default', 'the input must be an object'],
  [checkProfileInput, { profile: null }, '"profile" must be a name: letters, digits, "-" and ".", at most 64'],
  [checkPauseInput, { reason: 'x'.repeat(201) }, '"reason" must be text of at most 200 characters'],
  [checkPauseInput, { reason: 3 }, '"reason" must be text of at most 200 characters'],
  [checkNothing, { now: 1 }, '"now" is not known; it takes no input'],
  [checkCancelInput, { run: 0 }, '"run" must be the number of a run'],
  [checkCancelInput, { run: 1.5 }, '"run" must be the number of a run'],
  [checkCancelInput, { run: '1' }, '"run" must be the number of a run'],
  [checkPullDueInput, { profile: 'p' }, '"scheduledAt" must be a time like 2026-05-05T13:09:00Z'],
  [checkPullDueInput, { profile: 'p', scheduledAt: '2026-13-05T13:09:00Z' }, '"scheduledAt" must be a time like 2026-05-05T13:09:00Z'],
  [checkPullDueInput, { profile: 'p', scheduledAt: '2026-05-05 13:09' }, '"scheduledAt" must be a time like 2026-05-05T13:09:00Z'],
  [checkStopInput, { verdict: 'complete', reason: '' }, '"verdict" must be cancelled or superseded'],
  [checkStopInput, { verdict: 'cancelled' }, '"reason" must be text'],
  [checkTickInput, { name: 'n' }, '"profile" must be a name: letters, digits, "-" and ".", at most 64'],
])('%p refuses %j', (check, raw, reason) => {
  const refusal = (): unknown => check(raw);
  expect(refusal).toThrow(ApplicationFailure);
  expect(refusal).toThrow(`Refused: ${reason}.`);
});

test('a refusal repeats at most the beginning of an unknown key', () => {
  expect(() => checkProfileInput({ ['k'.repeat(100_000)]: 1 })).toThrow(new RegExp(`^Refused: "k{64}" is not known`));
});

describe('what is carried over', () => {
  const now = '2026-05-05T00:00:00.000Z';
  const waiting = (n: number): Waiting => ({
    requestId: `update:${'u'.repeat(36)}:${longest.slice(2)}${String(n).padStart(2, '0')}`,
    profile: `${longest.slice(2)}${String(n).padStart(2, '0')}`,
    trigger: 'schedule',
    scheduledAt: now,
  });

  test('comes back, and is under 8 KB with the longest names', () => {
    const entity = newEntity(longest, now);
    entity.queue = Array.from({ length: 10 }, (_, n) => waiting(n));
    Object.assign(entity, { highestRun: Number.MAX_SAFE_INTEGER, connector: 'entra-directory-sync', state: 'paused', since: now });
    const carried = carriedOf(entity);
    expect(JSON.stringify(carried).length).toBeLessThan(8 * 1024);
    const next = newEntity(longest, 'later');
    carriedFrom(next, JSON.parse(JSON.stringify(carried)));
    expect(next).toMatchObject({
      queue: entity.queue,
      highestRun: entity.highestRun,
      connector: entity.connector,
      state: 'paused',
      since: now,
    });
  });

  test.each<[unknown]>([
    [undefined],
    [{ name: 'c' }],
    [{ name: 'c', carried: null }],
    [{ name: 'c', carried: { queue: 'all', highestRun: '7', state: 'odd', since: now, connector: 3 } }],
    [{ name: 'c', carried: { queue: [{ requestId: 1 }, { ...waiting(1), trigger: 'later' }, null], highestRun: -1 } }],
  ])('of %j nothing is taken', (raw) => {
    const entity = newEntity('c', now);
    carriedFrom(entity, raw);
    expect(entity).toEqual(newEntity('c', now));
  });
});
