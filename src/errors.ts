// The table of error codes and the one error class. Retries, states and hints follow the code, never a message.

/** What a code means: who retries, what it does to the connection, who acts, and the default hint. */
interface CodePolicy {
  /** MUST be true only where trying again unchanged can succeed. */
  readonly retried: boolean;
  /** The effect on the connection when it ends a run. */
  readonly effect: 'none' | 'errored';
  readonly acts: 'nobody' | 'operator' | 'developer';
  readonly hint: string;
}

export const codes = {
  SOURCE_THROTTLED: { retried: true, effect: 'none', acts: 'nobody', hint: 'The source asked for a pause; the run goes on by itself.' },
  SOURCE_UNAVAILABLE: {
    retried: true,
    effect: 'errored',
    acts: 'nobody',
    hint: 'The source did not answer properly; the run tries again by itself. If it lasts, check the network and the service health page.',
  },
  SOURCE_AUTH_FAILED: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'The secret or certificate is wrong or has expired, or tenantId or clientId is wrong: check all three against the app registration, make a new secret if needed, and put it where the reference points.',
  },
  SOURCE_FORBIDDEN: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'In the app registration, under API permissions, add the application permission and click "Grant admin consent"; a green check mark shows that it is granted.',
  },
  SOURCE_NOT_FOUND: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'Something the configuration names does not exist at the source; correct the connection file.',
  },
  SOURCE_SHAPE_CHANGED: {
    retried: false,
    effect: 'errored',
    acts: 'developer',
    hint: 'The source answered in a shape that Tidemark does not know; update Tidemark or report the path named here.',
  },
  LINK_REFUSED: {
    retried: false,
    effect: 'errored',
    acts: 'developer',
    hint: 'The source sent a link that must not be followed; nothing was sent to it.',
  },
  STALE_ATTEMPT: { retried: false, effect: 'none', acts: 'nobody', hint: 'Another attempt or run has taken over; this one had no effect.' },
  RUN_PARTIAL: { retried: false, effect: 'errored', acts: 'operator', hint: 'Some streams failed; see the streams of the run report.' },
  CURSOR_EXPIRED: { retried: false, effect: 'none', acts: 'nobody', hint: 'The stream is read in full instead.' },
  MAPPING_FAILED: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'Too many records were refused by the transform map; see the rejected records.',
  },
  CONFIG_INVALID: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'Correct the file or the setting named here and apply it again.',
  },
  SECRET_UNAVAILABLE: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'Make the secret readable for the worker under the reference named here.',
  },
  STORE_UNAVAILABLE: {
    retried: true,
    effect: 'none',
    acts: 'operator',
    hint: 'Start PostgreSQL or correct TIDEMARK_DATABASE_URL; runs go on by themselves.',
  },
  ORCHESTRATOR_UNAVAILABLE: {
    retried: true,
    effect: 'none',
    acts: 'operator',
    hint: 'Start Temporal (tidemark up) or correct TEMPORAL_ADDRESS.',
  },
  EXPORT_FAILED: {
    retried: false,
    effect: 'errored',
    acts: 'operator',
    hint: 'Make room, or make the directory writable for the worker; the next run writes what is missing. The former set of files stands.',
  },
  REMOVALS_HELD: { retried: false, effect: 'none', acts: 'operator', hint: 'Review the removals and approve or reject them.' },
  RUN_WAITING: {
    retried: true,
    effect: 'none',
    acts: 'nobody',
    hint: 'The run waits for its turn; it begins by itself when another one ends.',
  },
  ORDER_INVALID: {
    retried: false,
    effect: 'none',
    acts: 'operator',
    hint: 'Correct the order and send it under a new id; nothing was sent for it.',
  },
  ORDER_REFUSED: {
    retried: false,
    effect: 'none',
    acts: 'operator',
    hint: 'Mend what the message names, and send the order again under a new id.',
  },
  INTERNAL: { retried: true, effect: 'errored', acts: 'developer', hint: 'This is a defect of Tidemark; the log has the cause.' },
} as const satisfies Record<string, CodePolicy>;

export type ErrorCode = keyof typeof codes;

/** Small facts that may be shown and stored: names, ids of configuration, numbers. MUST NOT hold secrets or values of records. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface ErrorOptions {
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number;
}

export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: ErrorDetails;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? codes[code].hint;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Any thrown value as a TidemarkError; what nobody cast is INTERNAL, with the original as its cause. */
export function asTidemarkError(error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return new TidemarkError('INTERNAL', `Unexpected ${kind}.`, { cause: error });
}
