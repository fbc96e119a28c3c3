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
  checkRemovalsInput,
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
  ['removals', checkRemovalsInput, { digest: 'a1'.repeat(32) }, { digest: 'a1'.repeat(32) }],
  [
    'removals, with a name',
    checkRemovalsInput,
    { digest: '0'.repeat(64), by: 'x'.repeat(200) },
    { digest: '0'.repeat(64), by: 'x'.repeat(200) },
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
  ...[
    undefined,
    {},
    { digest: null },
    { digest: 'a'.repeat(63) },
    { digest: 'G'.repeat(64) },
    { digest: ['a'.repeat(64)] },
    { digest: `${'a'.repeat(64)}\n` },
  ].map((raw): [(given: unknown) => unknown, unknown, string] => [
    checkRemovalsInput,
    raw,
    raw === undefined ? 'the input must be an object' : '"digest" must be that of the held removals: 64 digits and letters a to f',
  ]),
  [checkRemovalsInput, { digest: 'a'.repeat(64), by: 'x'.repeat(201) }, '"by" must be text of at most 200 characters'],
  [checkRemovalsInput, { digest: 'a'.repeat(64), by: null }, '"by" must be text of at most 200 characters'],
  [checkRemovalsInput, { digest: 'a'.repeat(64), force: true }, '"force" is not known; it takes "digest", "by"'],
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
    entity.approval = { requestId: `update:${'u'.repeat(36)}`, digest: 'a'.repeat(64), by: '☃'.repeat(200) };
    Object.assign(entity, { highestRun: Number.MAX_SAFE_INTEGER, connector: 'entra-directory-sync', state: 'paused', since: now });
    const carried = carriedOf(entity);
    expect(JSON.stringify(carried).length).toBeLessThan(8 * 1024);
    const next = newEntity(longest, 'later');
    carriedFrom(next, JSON.parse(JSON.stringify(carried)));
    expect(next).toMatchObject({
      queue: entity.queue,
      approval: entity.approval,
      highestRun: entity.highestRun,
      connector: entity.connector,
      state: 'paused',
      since: now,
    });
  });

  // What the previous release reads of it is a queue of pulls: an approval among them would be one more.
  test('an approval is no entry of the queue', () => {
    const entity = newEntity('c', now);
    entity.approval = { requestId: 'r', digest: 'a'.repeat(64), by: 'me' };
    expect(carriedOf(entity).carried.queue).toEqual([]);
  });

  test.each<[unknown]>([
    [undefined],
    [{ name: 'c' }],
    [{ name: 'c', carried: null }],
    [{ name: 'c', carried: { queue: 'all', highestRun: '7', state: 'odd', since: now, connector: 3 } }],
    [{ name: 'c', carried: { approval: { requestId: 'r', digest: 7, by: 'me' } } }],
    [{ name: 'c', carried: { queue: [{ requestId: 1 }, { ...waiting(1), trigger: 'later' }, null], highestRun: -1 } }],
  ])('of %j nothing is taken', (raw) => {
    const entity = newEntity('c', now);
    carriedFrom(entity, raw);
    expect(entity).toEqual(newEntity('c', now));
  });
});
