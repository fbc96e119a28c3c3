// How a secret that cannot be read is told: by its reference, what is wrong and what mends it. MUST NOT hold a value.
import { TidemarkError } from '../../errors.ts';

/** `passing`: its place is away or busy, which may be over in a minute: what was read before may be used meanwhile. */
export function unavailable(
  reference: string,
  what: string,
  hint: string,
  { passing = false, cause }: { readonly passing?: boolean; readonly cause?: unknown } = {},
): TidemarkError {
  return new TidemarkError('SECRET_UNAVAILABLE', `The secret ${reference} is not available: ${what}.`, {
    hint,
    details: { reference, ...(passing ? { passing } : {}) },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function isPassing(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === 'SECRET_UNAVAILABLE' && error.details['passing'] === true;
}
