// What may be said of a request or a failure: names requests without their queries, and cleans text and causes for logs (invariant I14).
import { codeOf, isError } from './thrown.ts';

const guid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** A request as errors name it: method, host and path; ids as `{id}`, no query, no user. */
export function requestName(method: string, url: URL): string {
  return `${method} ${url.host}${url.pathname.replace(guid, '{id}')}`;
}

/** Values that were read as secrets by this process. They never leave it: every redaction replaces them. */
const remembered = new Set<string>();

/** Shorter values would eat ordinary words; no login service hands out secrets this short. */
const shortestSecret = 6;

/** Makes every later `redact` replace this value, plain, in URL encoding and in JSON. Idempotent. */
export function rememberSecret(value: string): void {
  if (value.length < shortestSecret) return;
  for (const form of [
    value,
    encodeURIComponent(value),
    new URLSearchParams([['', value]]).toString().slice(1),
    JSON.stringify(value).slice(1, -1),
  ]) {
    remembered.add(form);
  }
}

/** Shapes of credentials, whoever sent them. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[private key]'],
  [/\beyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?/g, '[token]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]'],
  [
    /((?:client_secret|client_assertion|access_token|refresh_token|password|\$?(?:delta|skip)token)["']?\s*(?:=|:|%3D)\s*["']?)[^\s&"',}]+/gi,
    '$1[redacted]',
  ],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1[redacted]@'],
];

/** Text without secrets, tokens, resume tokens of links, or users of URLs. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of [...remembered].toSorted((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, '[secret]');
  for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
  return clean;
}

/** A failure as a log may hold it. */
export interface CleanError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly cause?: CleanError;
}

const deepestCause = 5;
const longestMessage = 2000;

/** Any thrown value as plain redacted data: names, messages and codes down the chain of causes; never bodies, headers or stacks. */
export function redactError(error: unknown, depth = 0): CleanError {
  if (!isError(error)) return { name: typeof error, message: redact(String(error)).slice(0, longestMessage) };
  const code = codeOf(error);
  return {
    name: error.name,
    message: redact(error.message).slice(0, longestMessage),
    ...(code === undefined ? {} : { code: redact(code) }),
    ...(error.cause === undefined || depth >= deepestCause ? {} : { cause: redactError(error.cause, depth + 1) }),
  };
}
