// A refusal of the login service as an error code: by status and by the numbers of its JSON; its text never enters a message.
import { TidemarkError } from '../errors.ts';
import { aadsts, aadstsTransient } from './aadsts.ts';
import { type HttpAnswer, isPage } from './http.ts';
import { retryAfterMs } from './throttle.ts';

/** The AADSTS numbers of a token or discovery error: its code field, else those its description begins with. */
function aadstsOf(body: unknown): number[] {
  if (typeof body !== 'object' || body === null) return [];
  const codes: unknown = Reflect.get(body, 'error_codes');
  if (Array.isArray(codes) && codes.length > 0) return codes.filter((code): code is number => Number.isSafeInteger(code));
  const text: unknown = Reflect.get(body, 'error_description');
  return typeof text === 'string' ? [...text.matchAll(/\bAADSTS(\d{4,9})\b/g)].map((match) => Number(match[1])) : [];
}

/** The error that a failed acquisition stands for. `name` is the login host; `cause` is logged, never shown. */
export function tokenError(name: string, answer: HttpAnswer | null, cause: unknown): TidemarkError {
  if (answer === null) {
    return new TidemarkError('SOURCE_AUTH_FAILED', `${name}: no token could be asked for with this credential.`, { cause });
  }
  const body = bodyOf(answer.text);
  const codes = aadstsOf(body);
  const code = codes.find((number) => aadsts[number] !== undefined || aadstsTransient.has(number)) ?? codes[0];
  const details = { status: answer.status, ...(code === undefined ? {} : { aadsts: code }) };
  const label = code === undefined ? `status ${answer.status}` : `AADSTS${code}`;
  if (answer.status === 429) {
    const told = retryAfterMs(answer.headers, Date.now());
    return new TidemarkError('SOURCE_THROTTLED', `${name}: the login asks for a pause (${label}).`, {
      details,
      cause,
      ...(told === null ? {} : { retryAfterMs: told }),
    });
  }
  if ((code !== undefined && aadstsTransient.has(code)) || answer.status >= 500 || answer.status === 408) {
    return new TidemarkError('SOURCE_UNAVAILABLE', `${name}: the login failed (${label}).`, {
      details: { ...details, fault: 'status' },
      cause,
    });
  }
  if (body === undefined) {
    const html = isPage(answer.text);
    const kind = html ? 'HTML' : 'no JSON';
    if (answer.status < 400) {
      return new TidemarkError('SOURCE_UNAVAILABLE', `${name}: the login answered with ${kind} (status ${answer.status}).`, {
        details: { ...details, html, fault: 'cut' },
        cause,
      });
    }
    return new TidemarkError('SOURCE_AUTH_FAILED', `${name}: the login answered with ${kind} instead of JSON (status ${answer.status}).`, {
      hint: 'Check tenantId, cloud and endpoints.login; a proxy may also stand between.',
      details: { ...details, html },
      cause,
    });
  }
  if (answer.status < 400) {
    return new TidemarkError('SOURCE_SHAPE_CHANGED', `${name}: the login's answer is not of the expected shape.`, { details, cause });
  }
  const known = code === undefined ? undefined : aadsts[code];
  return new TidemarkError('SOURCE_AUTH_FAILED', `${name}: the login refuses the credential (${label}).`, {
    details,
    cause,
    ...(known === undefined ? {} : { hint: `${known.cause} ${known.fix}` }),
  });
}

function bodyOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return undefined;
  }
}
