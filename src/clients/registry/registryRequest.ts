// One question to a registry and its answer: the token and its one renewal, the registry's waits, two cheap repetitions, and the hop to its storage.
// MUST be used for GET of addresses that the registry client built itself.
import { TidemarkError } from '../../errors.ts';
import { type Budget, createBudget } from '../budget.ts';
import type { Http, HttpAnswer } from '../http.ts';
import type { HashName } from '../httpBody.ts';
import { isCheapToRepeat, unavailable } from '../httpFault.ts';
import { requestName } from '../redact.ts';
import type { FetchOptions } from '../source.ts';
import { pause, repeatWaitMs } from '../throttle.ts';
import { createAfterFirst } from './firstAnswer.ts';
import { createLimiter } from './limiter.ts';
import { registryError } from './registryErrors.ts';
import { createRegistryTokens, type RegistryCredential, type Scope } from './registryTokens.ts';
import { storageOf } from './storage.ts';

type HttpRequest = Parameters<Http['send']>[0];
export type Send = (request: Omit<HttpRequest, 'signal' | 'alive'>, signal: AbortSignal) => Promise<HttpAnswer>;

interface Question {
  readonly url: URL;
  readonly scope: Scope;
  /** The media types that are read. */
  readonly accept: string;
  readonly maxBytes: number;
  readonly hash?: HashName;
  /** A blob: the registry may send to its storage for it. */
  readonly stored?: true;
}

/** What several questions have cost so far. */
export interface Tally {
  requests: number;
  bytes: number;
  throttledMs: number;
}

export type Ask = (question: Question, options: FetchOptions, tally: Tally) => Promise<HttpAnswer>;

export interface AskDependencies {
  /** As findings name it. */
  readonly registry: string;
  readonly origin: URL;
  readonly credential: RegistryCredential;
  readonly http: Http;
  /** Most requests at a time. */
  readonly concurrency: number;
  /** In [0, 1): spreads waits. */
  readonly random: () => number;
}

const cheapRepetitions = 2;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Makes the function that asks. Errors carry `details.requests` and `details.throttledMs`: what the tally has until then.
 * Codes: those of Http, registryError and the tokens.
 */
export function createAsk({ registry, origin, credential, http, concurrency, random }: AskDependencies): Ask {
  const limiter = createLimiter(concurrency);
  const afterFirst = createAfterFirst();
  const budget: Budget = createBudget({ random });
  /** Requests for tokens: counted to the question that is sent next. */
  let unpaid = 0;
  const send: Send = (request, signal) => limiter.run(() => http.send({ ...request, signal }), signal);
  const tokens = createRegistryTokens({
    registry,
    origin,
    credential,
    send: (request, signal) => {
      unpaid += 1;
      return send(request, signal);
    },
  });

  const sendCounted = async (request: Parameters<Send>[0], options: FetchOptions, tally: Tally): Promise<HttpAnswer> => {
    tally.requests += 1 + unpaid;
    unpaid = 0;
    const { signal, alive } = options;
    const answer = await limiter.run(() => http.send({ ...request, signal, alive: () => alive?.() }), signal);
    tally.bytes += answer.bytes;
    return answer;
  };

  const attempt = async (question: Question, options: FetchOptions, tally: Tally): Promise<HttpAnswer> => {
    const { url, scope, accept, maxBytes, hash, stored } = question;
    const request = { method: 'GET', url, maxBytes, ...(hash === undefined ? {} : { hash }) } as const;
    const ask = (authorization: string | null): Promise<HttpAnswer> =>
      sendCounted(
        {
          ...request,
          headers: { accept, ...(authorization === null ? {} : { authorization }) },
          ...(stored === undefined ? {} : { redirect: 'answer' as const }),
        },
        options,
        tally,
      );
    const authorized = async (): Promise<HttpAnswer> => {
      const used = await tokens.header(scope, options.signal);
      const answer = await ask(used);
      if (answer.status !== 401) return answer;
      return ask(await tokens.renewed(scope, answer.headers['www-authenticate'] ?? '', used, options.signal));
    };
    let answer = await afterFirst(authorized, options.signal);
    if (redirects.has(answer.status)) {
      const storage = storageOf(origin, url, answer.headers['location']);
      // Without authorization: storage refuses a token that is none of its own, and nobody but the registry may have it.
      answer = await sendCounted({ ...request, url: storage, headers: { accept } }, options, tally);
      // The address was signed for a short time: the registry is asked for another one.
      if (answer.status >= 400)
        throw unavailable(requestName('GET', storage), 'status', `the registry's storage refuses (${answer.status})`);
    }
    if (answer.status < 200 || answer.status > 299) {
      throw registryError({ method: 'GET', url, registry, access: scope.access }, answer, Date.now());
    }
    await budget.answered({ paceMs: 0, emptyMs: 0 });
    return answer;
  };

  return async (question, options, tally) => {
    const wait = async (waitMs: number): Promise<void> => {
      await pause(waitMs, options.signal, options.alive);
      tally.throttledMs += waitMs;
    };
    for (let faults = 0; ;) {
      const { waitMs } = await budget.standing();
      if (waitMs > 0) {
        if (tally.throttledMs + waitMs > options.longestWaitMs) throw spent(blocked(question), tally, waitMs);
        await wait(waitMs);
        continue;
      }
      try {
        return await attempt(question, options, tally);
      } catch (error) {
        if (!(error instanceof TidemarkError)) throw error;
        if (error.code === 'SOURCE_THROTTLED') {
          const toldMs = await budget.refused(error.retryAfterMs ?? null);
          if (tally.throttledMs + toldMs > options.longestWaitMs) throw spent(error, tally, toldMs);
          await wait(toldMs);
          continue;
        }
        if (!isCheapToRepeat(error) || faults >= cheapRepetitions) throw spent(error, tally, error.retryAfterMs);
        await pause(repeatWaitMs(faults, random()), options.signal, options.alive);
        faults += 1;
      }
    }
  };
}

function blocked({ url }: Question): TidemarkError {
  return new TidemarkError('SOURCE_THROTTLED', `${requestName('GET', url)}: not sent, the registry asked for a pause.`);
}

function spent(error: TidemarkError, { requests, throttledMs }: Tally, retryAfterMs: number | undefined): TidemarkError {
  return new TidemarkError(error.code, error.message, {
    hint: error.hint,
    details: { ...error.details, requests, throttledMs },
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
