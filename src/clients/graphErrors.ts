// A refusal of Graph as an error code: by status and by the codes of its body, nested ones too; never by its message.
// https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/delta-query-overview
import { type ErrorCode, type ErrorDetails, TidemarkError } from '../errors.ts';
import type { Advice } from '../model.ts';
import { isDeltaLink, isFirstRound } from './graphLinks.ts';
import type { HttpAnswer } from './http.ts';
import { requestName } from './redact.ts';
import { retryAfterMs } from './throttle.ts';

/** The delta state is gone: the stream is read again in full. */
const cursorGone: ReadonlySet<string> = new Set([
  'syncstatenotfound',
  'syncstateinvalid',
  'syncstateexpired',
  'resyncrequired',
  'resyncchangesapplydifferences',
  'resyncchangesuploaddifferences',
  'directory_expireddeltatoken',
]);

/** Only the page link is gone: the collection, or the delta from its last cursor, starts again. */
const pageGone: ReadonlySet<string> = new Set(['directory_expiredpagetoken', 'expiredpagetoken']);

/** What tenants without delta (external tenants, B2C) answer to a first round. */
const noDelta: ReadonlySet<string> = new Set([
  'request_unsupportedquery',
  'unsupportedquery',
  'notsupported',
  'featurenotsupported',
  'deltanotsupported',
  'directory_deltanotsupported',
  'notimplemented',
]);

/** By code in lower case. What is not here is a matter of permissions (403) or of the token (401). */
export const graphRefusals: Readonly<Record<string, Advice>> = {
  authentication_requestfromnonpremiumtenantorb2ctenant: {
    cause: 'The tenant lacks the licence (Microsoft Entra ID P1 or P2) that this request needs, or is a B2C tenant; consent does not help.',
    fix: 'Leave out the stream or the property, or get the licence.',
  },
  insufficient_claims: {
    cause: 'Conditional Access refuses this workload identity.',
    fix: 'Exclude it from the policy, or let the worker run from an allowed location.',
  },
};

/** The codes of an error's body from the outermost inwards, as sent. */
function codesOf(body: unknown): string[] {
  const found: string[] = [];
  let at: unknown = property(body, 'error');
  for (let depth = 0; depth < 10 && at !== undefined && at !== null; depth += 1) {
    const code = property(at, 'code');
    // Only what looks like a code may enter a message.
    if (typeof code === 'string' && /^[\w.-]{1,80}$/.test(code)) found.push(code);
    at = property(at, 'innerError') ?? property(at, 'innererror');
  }
  return found;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function bodyOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return undefined;
  }
}

/** Which requests may be read as a delta query's; a batch's parts may not. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
}

/**
 * The error that an answer other than 2xx stands for. 429, and 503 and 504 with Retry-After, are SOURCE_THROTTLED; its retryAfterMs is absent when the source told none.
 * details: status, graphCode, requestId; `link` of CURSOR_EXPIRED; `delta: 'unsupported'` of SOURCE_NOT_FOUND.
 */
export function graphError(asked: Asked, answer: Pick<HttpAnswer, 'status' | 'headers' | 'text'>, nowMs: number): TidemarkError {
  const { status, headers } = answer;
  const codes = [...challengeOf(headers), ...codesOf(bodyOf(answer.text))];
  const lower = codes.map((code) => code.toLowerCase());
  const name = requestName(asked.method, asked.url);
  const graphCode = codes[0] ?? null;
  const requestId = headers['request-id'] ?? '';
  const details: ErrorDetails = { status, graphCode, ...(/^[\w-]{1,64}$/.test(requestId) ? { requestId } : {}) };
  const make = (
    code: ErrorCode,
    what: string,
    more: { hint?: string; details?: ErrorDetails; retryAfterMs?: number } = {},
  ): TidemarkError =>
    new TidemarkError(code, `${name}: ${what} (${[status, graphCode].filter((part) => part !== null).join(' ')}).`, {
      ...more,
      details: { ...details, ...more.details },
    });

  const toldMs = status === 429 || status === 503 || status === 504 ? retryAfterMs(headers, nowMs) : null;
  if (status === 429 || toldMs !== null)
    return make('SOURCE_THROTTLED', 'the source asks for a pause', toldMs === null ? {} : { retryAfterMs: toldMs });
  if (isDeltaLink(asked.url) && isFirstRound(asked.url) && lower.some((code) => noDelta.has(code))) {
    return make('SOURCE_NOT_FOUND', 'the tenant has no delta for this collection', {
      hint: 'The stream is read in full instead.',
      details: { delta: 'unsupported' },
    });
  }
  if (status === 501) return make('SOURCE_SHAPE_CHANGED', 'the source does not support this request');
  if (status >= 500 || status === 408 || status === 425)
    return make('SOURCE_UNAVAILABLE', 'the source failed', { details: { fault: 'status' } });
  if (status === 410) return make('CURSOR_EXPIRED', 'the delta state is gone', { details: { link: 'cursor' } });
  if (status === 400 && lower.some((code) => pageGone.has(code)))
    return make('CURSOR_EXPIRED', 'the page link has expired', { details: { link: 'page' } });
  if (status === 400 && lower.some((code) => cursorGone.has(code)))
    return make('CURSOR_EXPIRED', 'the delta state is gone', { details: { link: 'cursor' } });
  if (status === 401) return make('SOURCE_AUTH_FAILED', 'the source does not accept the token, nor a new one', hintFor(lower));
  if (status === 403) return make('SOURCE_FORBIDDEN', 'the source refuses access', hintFor(lower));
  if (status === 404) return make('SOURCE_NOT_FOUND', 'it does not exist at the source');
  return make('SOURCE_SHAPE_CHANGED', 'the source refuses the request as wrong', {
    hint: 'A map or a setting may name a property that the source does not have; correct it, or report the request named here.',
  });
}

function hintFor(codes: readonly string[]): { hint?: string } {
  const known = codes.map((code) => graphRefusals[code]).find((advice) => advice !== undefined);
  return known === undefined ? {} : { hint: `${known.cause} ${known.fix}` };
}

/** Conditional Access asks for more by the challenge, beside a body that says InvalidAuthenticationToken. https://learn.microsoft.com/entra/identity-platform/claims-challenge */
function challengeOf(headers: HttpAnswer['headers']): string[] {
  return /\berror="insufficient_claims"/.test(headers['www-authenticate'] ?? '') ? ['insufficient_claims'] : [];
}
