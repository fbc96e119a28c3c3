// A failed activity as Temporal is told: code, fixed message, hint and allowed details (design 5, 8).
// MUST NOT send a cause: causes are logged, redacted.
import { activityInfo, CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { asTidemarkError, codes, type TidemarkError } from '../errors.ts';
import { inPlace, type Logger, placeOf } from '../log.ts';

/** A defect is tried a few times, in case it is none; what bounds its own failures, or has to come through, without end. */
export type Persistence = 'a few times' | 'without end';

const internalAttempts = 10;

/** Wraps an activity so that whatever it throws follows the table of codes, and whatever it logs says what it is about. */
export function guarded<Input, Answer>(
  logger: Logger,
  name: string,
  persistence: Persistence,
  act: (input: Input) => Promise<Answer>,
): (input: Input) => Promise<Answer> {
  const told = async (input: Input): Promise<Answer> => {
    try {
      return await act(input);
    } catch (error) {
      if (error instanceof CancelledFailure) throw error;
      const { attempt } = activityInfo();
      const failure = asFailure(asTidemarkError(error), { attempt, persistence });
      const level = failure.type === 'RUN_WAITING' ? 'debug' : failure.category === ApplicationFailureCategory.BENIGN ? 'info' : 'warn';
      logger[level](`${name} failed.`, { attempt, retried: failure.nonRetryable !== true, error });
      throw failure;
    }
  };
  return (input) => inPlace(placeOf(input), () => told(input));
}

export function asFailure(error: TidemarkError, of: { readonly attempt: number; readonly persistence: Persistence }): ApplicationFailure {
  const { code, message, hint, details, retryAfterMs } = error;
  const { retried, effect } = codes[code];
  const defect = code === 'INTERNAL' && of.persistence === 'a few times' && of.attempt >= internalAttempts;
  return ApplicationFailure.create({
    type: code,
    message,
    details: [{ hint, details }],
    nonRetryable: !retried || defect,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
    // What the connection is not to blame for is no alarm.
    ...(effect === 'none' ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}
