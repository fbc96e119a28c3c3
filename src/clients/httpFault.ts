// What went wrong below HTTP, as an error code: sockets, names, certificates, timeouts, cut bodies.
import { TidemarkError } from '../errors.ts';
import { codeOf, isError } from './thrown.ts';

/** `details.fault` of every SOURCE_UNAVAILABLE that the clients throw. */
export type Fault = 'timeout' | 'refused' | 'name' | 'certificate' | 'proxy' | 'reset' | 'cut' | 'status';

/** Faults that the next request often does not meet, so that the client itself may repeat a GET. A timeout is not: it has cost its wait already. */
const cheap: ReadonlySet<unknown> = new Set<Fault>(['reset', 'cut', 'status']);

/** Whether repeating an idempotent request at once is worth it. */
export function isCheapToRepeat(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === 'SOURCE_UNAVAILABLE' && cheap.has(error.details['fault']);
}

const faults: Readonly<Record<string, readonly [Fault, string]>> = {
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'no connection in time'],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', 'no answer in time'],
  UND_ERR_BODY_TIMEOUT: ['timeout', 'the answer stopped coming'],
  ETIMEDOUT: ['timeout', 'no connection in time'],
  ECONNREFUSED: ['refused', 'nobody listens there'],
  EHOSTUNREACH: ['refused', 'the host cannot be reached'],
  ENETUNREACH: ['refused', 'the network cannot be reached'],
  ENOTFOUND: ['name', 'the name is not known'],
  EAI_AGAIN: ['name', 'the name could not be resolved'],
  UND_ERR_ABORTED: ['proxy', 'the proxy refused the connection'],
};

/** Certificates that no repetition will make trusted: somebody has to name a CA or correct the address. */
const untrusted: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * A thrown socket, TLS, parser or decompression error as TidemarkError. `name` is the request's.
 * CONFIG_INVALID for a certificate nobody trusts, else SOURCE_UNAVAILABLE. The original is the cause.
 */
export function faultOf(name: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const reason = reasonOf(error);
  if (untrusted.has(reason)) {
    return new TidemarkError('CONFIG_INVALID', `${name}: the server's certificate is not trusted (${reason}).`, {
      hint: 'Name the CA by endpoints.caFile or NODE_EXTRA_CA_CERTS, and check that the address is the one the certificate is for.',
      details: { fault: 'certificate', reason },
      cause: error,
    });
  }
  const known = faults[reason];
  if (known !== undefined) return unavailable(name, known[0], `${known[1]} (${reason})`, { reason, cause: error });
  if (reason.startsWith('CERT_'))
    return unavailable(name, 'certificate', `the server's certificate is not valid (${reason})`, { reason, cause: error });
  if (reason.startsWith('Z_'))
    return unavailable(name, 'cut', `the answer could not be decompressed (${reason})`, { reason, cause: error });
  return unavailable(name, 'reset', `the connection broke off (${reason})`, { reason, cause: error });
}

/** SOURCE_UNAVAILABLE with its fault. `what` follows the request's name and a colon. */
export function unavailable(
  name: string,
  fault: Fault,
  what: string,
  more: { readonly reason?: string; readonly html?: boolean; readonly cause?: unknown } = {},
): TidemarkError {
  return new TidemarkError('SOURCE_UNAVAILABLE', `${name}: ${what}.`, {
    details: {
      fault,
      ...(more.reason === undefined ? {} : { reason: more.reason }),
      ...(more.html === undefined ? {} : { html: more.html }),
    },
    ...(more.cause === undefined ? {} : { cause: more.cause }),
  });
}

/** The error's own code, else that of its causes: fixed words of the runtime, never text from outside. */
function reasonOf(error: unknown, depth = 0): string {
  if (!isError(error)) return 'UNKNOWN';
  const code = codeOf(error);
  if (code !== undefined && code !== 'UND_ERR_SOCKET') return code;
  const inner = depth < 3 && error.cause !== undefined ? reasonOf(error.cause, depth + 1) : 'UNKNOWN';
  return inner === 'UNKNOWN' ? (code ?? error.name) : inner;
}
