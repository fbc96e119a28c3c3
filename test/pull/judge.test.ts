// What a failure means for a stream's walk: one row a case.
import { entraIdentity } from '../../src/connectors/entra-identity/index.ts';
import { streamNamed } from '../../src/connectors/index.ts';
import { TidemarkError } from '../../src/errors.ts';
import type { ErrorCode, ErrorOptions } from '../../src/errors.ts';
import type { Timings } from '../../src/model.ts';
import { judge } from '../../src/pull/judge.ts';
import type { Standing } from '../../src/pull/judge.ts';

const hour = 3_600_000;
const timings = { maxWaitMs: 6 * hour, workedLimitMs: 24 * hour, pagelessLimitMs: 6 * hour } as Timings;
const standing: Standing = { walk: 1, mode: 'delta', reason: 'delta', workedMs: 0, pagelessMs: 0 };

interface Case {
  readonly code: ErrorCode;
  readonly options?: ErrorOptions;
  readonly stream?: string;
  readonly at?: Partial<Standing>;
  readonly expected: Record<string, unknown>;
}

const restart = { act: 'restart', mode: 'full', reason: 'cursor expired', list: false };

test.each<[string, Case]>([
  ['a taken-over attempt', { code: 'STALE_ATTEMPT', expected: { act: 'rethrow' } }],
  ['the database is away', { code: 'STORE_UNAVAILABLE', expected: { act: 'rethrow' } }],
  ['the sync state is gone', { code: 'CURSOR_EXPIRED', options: { details: { link: 'cursor' } }, expected: restart }],
  [
    'a page link of a delta expired',
    { code: 'CURSOR_EXPIRED', options: { details: { link: 'page' } }, expected: { ...restart, mode: 'delta', reason: 'delta' } },
  ],
  [
    'a page link of a full walk expired',
    { code: 'CURSOR_EXPIRED', options: { details: { link: 'page' } }, at: { mode: 'full', reason: 'forced' }, expected: restart },
  ],
  ['the third walk expired too', { code: 'CURSOR_EXPIRED', at: { walk: 3 }, expected: { act: 'end', outcome: 'failed' } }],
  [
    'no delta in this tenant, a list',
    {
      code: 'SOURCE_NOT_FOUND',
      options: { details: { delta: 'unsupported' } },
      expected: { ...restart, reason: 'no delta for this stream', list: true },
    },
  ],
  [
    'no delta in this tenant, a chain',
    {
      code: 'SOURCE_NOT_FOUND',
      stream: 'groups',
      options: { details: { delta: 'unsupported' } },
      expected: { act: 'end', outcome: 'failed' },
    },
  ],
  ['a wait within bounds', { code: 'SOURCE_THROTTLED', options: { retryAfterMs: 6 * hour }, expected: { act: 'wait', waitMs: 6 * hour } }],
  [
    'a wait beyond bounds',
    { code: 'SOURCE_THROTTLED', options: { retryAfterMs: 6 * hour + 1 }, expected: { act: 'end', outcome: 'partial' } },
  ],
  ['a wrong secret', { code: 'SOURCE_AUTH_FAILED', expected: { act: 'end', outcome: 'failed' } }],
  ['a refused link', { code: 'LINK_REFUSED', expected: { act: 'end', outcome: 'failed' } }],
  ['a source that is down', { code: 'SOURCE_UNAVAILABLE', expected: { act: 'retry' } }],
  [
    'a source that is down for 6 hours',
    { code: 'SOURCE_UNAVAILABLE', at: { pagelessMs: 6 * hour + 1 }, expected: { act: 'end', outcome: 'failed' } },
  ],
  ['24 hours of work', { code: 'SOURCE_UNAVAILABLE', at: { workedMs: 24 * hour + 1 }, expected: { act: 'end', outcome: 'failed' } }],
])('%s', (_, { code, options, stream = 'users', at = {}, expected }) => {
  const judgement = judge(
    new TidemarkError(code, 'what happened', options),
    { ...standing, ...at },
    streamNamed(entraIdentity, stream),
    timings,
  );
  expect(judgement).toMatchObject(expected);
});

test('a missing permission is named with its wider alternatives', () => {
  const refusal = new TidemarkError('SOURCE_FORBIDDEN', 'refused', { details: { graphCode: 'Authorization_RequestDenied' } });
  const judgement = judge(refusal, standing, streamNamed(entraIdentity, 'groups'), timings);
  expect(judgement).toMatchObject({
    act: 'end',
    error: { message: expect.stringContaining('GroupMember.Read.All'), hint: expect.stringContaining('consent') },
  });
});
