// Failures as Temporal is told them: every code of the table, and nothing of their causes.
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { asFailure, guarded } from '../../src/activities/failure.ts';
import { codes, type ErrorCode, TidemarkError } from '../../src/errors.ts';
import type { Logger } from '../../src/log.ts';
import { createLogger } from '../../src/log.ts';
import { inActivity } from './context.ts';

const lines: string[] = [];
const logger: Logger = createLogger('debug', { write: (line) => lines.push(line) });

const all = Object.keys(codes) as ErrorCode[];
/** What is nobody's fault here raises no alarm: the connection is not errored by it. */
const benign: readonly ErrorCode[] = [
  'SOURCE_THROTTLED',
  'STALE_ATTEMPT',
  'CURSOR_EXPIRED',
  'STORE_UNAVAILABLE',
  'ORCHESTRATOR_UNAVAILABLE',
  'REMOVALS_HELD',
  'RUN_WAITING',
  'ORDER_INVALID',
  'ORDER_REFUSED',
];
const retried: readonly ErrorCode[] = [
  'SOURCE_THROTTLED',
  'SOURCE_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'ORCHESTRATOR_UNAVAILABLE',
  'RUN_WAITING',
  'INTERNAL',
];

test.each(all)('%s', (code) => {
  const error = new TidemarkError(code, 'What happened.', {
    hint: 'What to do.',
    details: { stream: 'users' },
    cause: new Error('a secret'),
  });
  const failure = asFailure(error, { attempt: 1, persistence: 'a few times' });
  expect(failure).toMatchObject({
    type: code,
    message: 'What happened.',
    nonRetryable: !retried.includes(code),
    details: [{ hint: 'What to do.', details: { stream: 'users' } }],
    category: benign.includes(code) ? 'BENIGN' : undefined,
    cause: undefined,
  });
});

test('a told wait becomes the delay of the next attempt', () => {
  const error = new TidemarkError('SOURCE_THROTTLED', 'Wait.', { retryAfterMs: 17_000 });
  expect(asFailure(error, { attempt: 1, persistence: 'a few times' }).nextRetryDelay).toBe(17_000);
});

test.each([
  ['a few times', 9, false],
  ['a few times', 10, true],
  ['without end', 10_000, false],
] as const)('a defect is tried %s: attempt %d ends it: %s', (persistence, attempt, ends) => {
  expect(asFailure(new TidemarkError('INTERNAL', 'Odd.'), { attempt, persistence }).nonRetryable).toBe(ends);
  expect(asFailure(new TidemarkError('STORE_UNAVAILABLE', 'Away.'), { attempt, persistence }).nonRetryable).toBe(false);
});

test('what nobody cast is INTERNAL, its text goes to the log alone, redacted', async () => {
  const act = guarded(logger, 'openRun', 'a few times', () => Promise.reject(new TypeError('postgresql://ana:hunter22@host/db is odd')));
  const failure = await inActivity({ attempt: 3 }, () => act({})).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type: 'INTERNAL', message: 'Unexpected TypeError.' });
  expect(JSON.stringify(failure)).not.toContain('odd');
  const line = lines.at(-1) ?? '';
  expect(line).toContain('openRun failed.');
  expect(line).toContain('is odd');
  expect(line).not.toContain('hunter22');
});

test('a cancellation goes through as it is', async () => {
  const act = guarded(logger, 'pullStream', 'a few times', () => Promise.reject(new CancelledFailure('CANCELLED')));
  await expect(inActivity({}, () => act({}))).rejects.toBeInstanceOf(CancelledFailure);
});
