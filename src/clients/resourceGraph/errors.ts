// What answers of Azure Resource Manager and Resource Graph say besides their rows: refusals as error codes, and the quota that is left.
// https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
import { z } from 'zod';
import { type ErrorCode, TidemarkError } from '../../errors.ts';
import type { Dialect } from '../ask.ts';
import type { HttpAnswer } from '../http.ts';
import { requestName } from '../redact.ts';
import { retryAfterMs } from '../throttle.ts';

type Headers = HttpAnswer['headers'];

/** Only what looks like a code may enter a message. */
const codeSchema = z.string().regex(/^[\w.-]{1,80}$/);
const partSchema = z.object({ code: codeSchema });
const bodySchema = z.object({ error: partSchema.extend({ details: z.array(z.unknown()).catch([]) }) });

export const readerHint =
  'In the portal, under Access control (IAM) of the subscription or management group, assign the role Reader (and Security Reader for recommendations) to the application; it takes some minutes to take effect.';

/** Fewer rows may do: the answer was too large, or the query too complex for so many. */
const tooMuch: ReadonlySet<unknown> = new Set(['ResponsePayloadTooLarge', 'UnexpectedQueryExecutionError']);

export function isTooMuch(error: unknown): error is TidemarkError {
  if (!(error instanceof TidemarkError)) return false;
  const codes = error.details['sourceCodes'];
  return error.details['maxBytes'] !== undefined || (Array.isArray(codes) && codes.some((code: unknown) => tooMuch.has(code)));
}

/** By code: what Resource Graph refuses that somebody can mend. */
const known: Readonly<Record<string, { readonly code: ErrorCode; readonly what: string; readonly hint: string }>> = {
  NoValidSubscriptionsInQueryRequest: {
    code: 'SOURCE_FORBIDDEN',
    what: 'none of the subscriptions is readable for the application',
    hint: readerHint,
  },
  TooManySubscriptionsUnderScope: {
    code: 'CONFIG_INVALID',
    what: 'there are too many subscriptions under the management groups',
    hint: 'Name smaller management groups, or list the subscriptions instead.',
  },
};

/** The codes of an error's body, as sent: its own, then those of its details, which alone say what is wrong. */
function codesOf(text: string): string[] {
  const body = bodySchema.safeParse(jsonOf(text));
  if (!body.success) return [];
  const { code, details } = body.data.error;
  return [code, ...details.flatMap((detail) => partSchema.safeParse(detail).data?.code ?? [])];
}

function jsonOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return null;
  }
}

/** `hh:mm:ss` in ms, or null. */
function resetsAfterMs(headers: Headers): number | null {
  const [, hours, minutes, seconds] = /^(\d{1,3}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(headers['x-ms-user-quota-resets-after'] ?? '') ?? [];
  return seconds === undefined ? null : Math.ceil((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000);
}

/** details: status, sourceCodes. */
function refusal(asked: Parameters<Dialect['refusal']>[0], answer: HttpAnswer, nowMs: number): TidemarkError {
  const { status, headers } = answer;
  const sourceCodes = codesOf(answer.text);
  const make = (
    code: ErrorCode,
    what: string,
    more: { readonly hint?: string; readonly retryAfterMs?: number; readonly fault?: 'status' } = {},
  ): TidemarkError =>
    new TidemarkError(code, `${requestName(asked.method, asked.url)}: ${what} (${[status, ...sourceCodes].join(' ')}).`, {
      ...(more.hint === undefined ? {} : { hint: more.hint }),
      ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
      details: { status, sourceCodes, ...(more.fault === undefined ? {} : { fault: more.fault }) },
    });
  const pausing = status === 429 || status === 503 || status === 504;
  const toldMs = pausing ? (retryAfterMs(headers, nowMs) ?? (status === 429 ? resetsAfterMs(headers) : null)) : null;
  if (status === 429 || toldMs !== null) {
    return make('SOURCE_THROTTLED', 'the source asks for a pause', toldMs === null ? {} : { retryAfterMs: toldMs });
  }
  if (sourceCodes.some((code) => tooMuch.has(code))) return make('SOURCE_SHAPE_CHANGED', 'the source cannot answer so much at once');
  const advice = sourceCodes.map((code) => known[code]).find((found) => found !== undefined);
  if (advice !== undefined) return make(advice.code, advice.what, { hint: advice.hint });
  if (status >= 500 || status === 408) return make('SOURCE_UNAVAILABLE', 'the source failed', { fault: 'status' });
  if (status === 401) return make('SOURCE_AUTH_FAILED', 'the source does not accept the token, nor a new one');
  if (status === 403) return make('SOURCE_FORBIDDEN', 'the application may not read this', { hint: readerHint });
  if (status === 404) return make('SOURCE_NOT_FOUND', 'it does not exist at the source');
  return make('SOURCE_SHAPE_CHANGED', 'the source refuses the request as wrong');
}

/** A quota that is used up is not asked again before it begins anew. */
function warning(headers: Headers): ReturnType<Dialect['warning']> {
  return { paceMs: 0, emptyMs: headers['x-ms-user-quota-remaining'] === '0' ? (resetsAfterMs(headers) ?? 0) : 0 };
}

export const dialect: Dialect = { headers: () => ({}), refusal, warning };
