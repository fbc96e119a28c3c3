// What a registry's refusal means, and which role ends it. MUST keep to closed lists of words: a registry's own text is never shown.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
import { z } from 'zod';
import { type ErrorCode, TidemarkError } from '../../errors.ts';
import type { HttpAnswer } from '../http.ts';
import { requestName } from '../redact.ts';
import { retryAfterMs } from '../throttle.ts';

/** What is read: images, or the list of what there is. */
export type Access = 'pull' | 'catalog';

const roles: Readonly<Record<Access, string>> = {
  pull: 'AcrPull, or Container Registry Repository Reader where the registry has repository permissions',
  catalog: 'AcrPull, or Container Registry Repository Catalog Lister where the registry has repository permissions',
};

const known: ReadonlySet<string> = new Set([
  'BLOB_UNKNOWN',
  'DENIED',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'TOOMANYREQUESTS',
  'UNAUTHORIZED',
  'UNSUPPORTED',
]);

const errorsSchema = z.object({ errors: z.array(z.object({ code: z.string() })) });

function codeOf(text: string): string | null {
  try {
    const body = errorsSchema.safeParse(JSON.parse(text));
    return body.data?.errors.find(({ code }) => known.has(code))?.code ?? null;
  } catch {
    return null;
  }
}

/** What was asked of whom. */
interface Asked {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** The host as findings name it. */
  readonly registry: string;
  readonly access: Access;
}

/** The error of an answer that is none of 2xx. Codes: SOURCE_THROTTLED, SOURCE_UNAVAILABLE, SOURCE_FORBIDDEN (details.role), SOURCE_NOT_FOUND, SOURCE_SHAPE_CHANGED. */
export function registryError(asked: Asked, answer: Pick<HttpAnswer, 'status' | 'headers' | 'text'>, nowMs: number): TidemarkError {
  const { registry, access } = asked;
  const { status } = answer;
  const registryCode = codeOf(answer.text);
  const said = [status, registryCode].filter((part) => part !== null).join(' ');
  const make = (
    code: ErrorCode,
    what: string,
    more: { hint?: string; fault?: string; role?: string; retryAfterMs?: number } = {},
  ): TidemarkError =>
    new TidemarkError(code, `${requestName(asked.method, asked.url)}: ${what} (${said}).`, {
      ...(more.hint === undefined ? {} : { hint: more.hint }),
      ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
      details: {
        registry,
        status,
        registryCode,
        ...(more.fault === undefined ? {} : { fault: more.fault }),
        ...(more.role === undefined ? {} : { role: more.role }),
      },
    });
  const toldMs = status === 429 || status === 503 ? retryAfterMs(answer.headers, nowMs) : null;
  if (status === 429 || toldMs !== null) {
    return make('SOURCE_THROTTLED', 'the registry asks for a pause', toldMs === null ? {} : { retryAfterMs: toldMs });
  }
  if (status >= 500 || status === 408) return make('SOURCE_UNAVAILABLE', 'the registry failed', { fault: 'status' });
  if (status === 401 || status === 403) {
    const role = roles[access];
    return make('SOURCE_FORBIDDEN', 'the registry refuses access', {
      role,
      hint: `Give the connection's application the role ${role}, on the registry ${registry}; and look whether the registry's network rules let this machine in.`,
    });
  }
  if (status === 404) return make('SOURCE_NOT_FOUND', 'the registry does not have it');
  return make('SOURCE_SHAPE_CHANGED', 'the registry refuses the request as wrong');
}
