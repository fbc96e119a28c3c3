// One question to an API of Microsoft and its JSON answer: the token and its one refresh, the source's short waits, two cheap repetitions.
// All else is the caller's. MUST be used for idempotent requests only, or `once`, and only with links that graphLinks has judged.
import { TidemarkError } from '../errors.ts';
import type { Budget, Warning } from './budget.ts';
import { type Http, type HttpAnswer, parseJson } from './http.ts';
import { isCheapToRepeat } from './httpFault.ts';
import { requestName } from './redact.ts';
import type { FetchOptions } from './source.ts';
import { pause, repeatWaitMs } from './throttle.ts';
import type { TokenProvider } from './token.ts';

const cheapRepetitions = 2;

interface Answered {
  readonly body: unknown;
  readonly headers: HttpAnswer['headers'];
  /** Every request sent for it, also those that failed. */
  readonly requests: number;
  readonly bytes: number;
  readonly throttledMs: number;
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body?: string;
  /** It may change something: MUST NOT be sent again where it may have been carried out. */
  readonly once?: true;
}

export type Ask = (question: Question, options: FetchOptions) => Promise<Answered>;

/** How one API differs from another. */
export interface Dialect {
  /** Headers of its own. */
  headers(url: URL): Readonly<Record<string, string>>;
  /** The error that an answer other than 2xx stands for. */
  refusal(asked: Pick<Question, 'method' | 'url'>, answer: HttpAnswer, nowMs: number): TidemarkError;
  /** What an answer warns of: how long each request is to be held back, and how long none is to be sent. */
  warning(headers: HttpAnswer['headers']): Warning;
}

export interface AskDependencies {
  readonly dialect: Dialect;
  readonly token: TokenProvider;
  readonly http: Http;
  readonly budget: Budget;
  /** In [0, 1): spreads waits. */
  readonly random: () => number;
}

/** What one question has cost so far. */
interface Tally {
  requests: number;
  bytes: number;
  throttledMs: number;
  faults: number;
}

/**
 * Makes the function that asks. Errors carry `details.requests` and `details.throttledMs`: what was spent until then.
 * Codes: those of Http and the dialect, and of the token provider.
 */
export function createAsk({ dialect, token, http, budget, random }: AskDependencies): Ask {
  /** Waits until the budget lets a request go. A budget that is blocked for longer than the asker may wait costs no request. */
  const hold = async (question: Question, options: FetchOptions, tally: Tally): Promise<void> => {
    for (let eased = false; ;) {
      const { waitMs, paceMs } = await budget.standing();
      if (waitMs > 0) {
        if (tally.throttledMs + waitMs > options.longestWaitMs) throw spent(blocked(question), tally, waitMs);
        await waitFor(waitMs, options, tally);
        continue;
      }
      const easeMs = Math.min(paceMs, Math.max(options.longestWaitMs - tally.throttledMs, 0));
      if (eased || easeMs === 0) return;
      eased = true;
      await waitFor(easeMs, options, tally);
    }
  };

  const attempt = async (question: Question, options: FetchOptions, tally: Tally): Promise<Pick<Answered, 'body' | 'headers'>> => {
    const used = await token.token(options.signal);
    let answer = await sendOnce(question, options, tally, used);
    if (answer.status === 401) {
      // Another stream may have refreshed it meanwhile.
      const current = await token.token(options.signal);
      const fresh = current === used ? await token.token(options.signal, { refresh: true }) : current;
      answer = await sendOnce(question, options, tally, fresh);
    }
    if (answer.status < 200 || answer.status > 299) throw dialect.refusal(question, answer, Date.now());
    await budget.answered(dialect.warning(answer.headers));
    return { body: parseJson(question.method, question.url, answer), headers: answer.headers };
  };

  const sendOnce: (question: Question, options: FetchOptions, tally: Tally, accessToken: string) => ReturnType<Http['send']> = async (
    question,
    options,
    tally,
    accessToken,
  ) => {
    tally.requests += 1;
    const { method, url, body } = question;
    const answer = await http.send({
      method,
      url,
      ...(body === undefined ? {} : { body }),
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...dialect.headers(url),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: options.signal,
      alive: () => options.alive?.(),
    });
    tally.bytes += answer.bytes;
    return answer;
  };

  /** Waits before the same is asked again; or throws the error, when it is not. */
  const recover = async (error: TidemarkError, { once }: Question, options: FetchOptions, tally: Tally): Promise<void> => {
    // What a gateway gave up may have been carried out behind it.
    if (once === true && !wasNotCarriedOut(error)) throw spent(error, tally, error.retryAfterMs);
    if (error.code === 'SOURCE_THROTTLED') {
      const waitMs = await budget.refused(error.retryAfterMs ?? null);
      if (tally.throttledMs + waitMs > options.longestWaitMs) throw spent(error, tally, waitMs);
      return waitFor(waitMs, options, tally);
    }
    if (!isCheapToRepeat(error) || tally.faults >= cheapRepetitions) throw spent(error, tally, error.retryAfterMs);
    tally.faults += 1;
    await pause(repeatWaitMs(tally.faults - 1, random()), options.signal, options.alive);
  };

  return async (question, options) => {
    const tally: Tally = { requests: 0, bytes: 0, throttledMs: 0, faults: 0 };
    for (;;) {
      await hold(question, options, tally);
      try {
        const answer = await attempt(question, options, tally);
        return { ...answer, requests: tally.requests, bytes: tally.bytes, throttledMs: tally.throttledMs };
      } catch (error) {
        if (!(error instanceof TidemarkError)) throw error;
        await recover(error, question, options, tally);
      }
    }
  };
}

/** Whether the source, or we ourselves, refused the request before anything of it was done. */
export function wasNotCarriedOut(error: TidemarkError): boolean {
  if (error.code === 'SOURCE_THROTTLED') return error.details['status'] !== 504;
  return error.code !== 'SOURCE_UNAVAILABLE' && error.code !== 'SOURCE_SHAPE_CHANGED' && error.code !== 'INTERNAL';
}

/** A wait that the source asked for. */
async function waitFor(waitMs: number, { signal, alive }: FetchOptions, tally: Tally): Promise<void> {
  await pause(waitMs, signal, alive);
  tally.throttledMs += waitMs;
}

function blocked({ method, url }: Question): TidemarkError {
  return new TidemarkError('SOURCE_THROTTLED', `${requestName(method, url)}: not sent, the source asked this application for a pause.`);
}

function spent(error: TidemarkError, tally: Tally, retryAfterMs: number | undefined): TidemarkError {
  return new TidemarkError(error.code, error.message, {
    hint: error.hint,
    details: { ...error.details, requests: tally.requests, throttledMs: tally.throttledMs },
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
