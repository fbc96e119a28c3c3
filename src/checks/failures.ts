// What a failed login or request means, in words: by code and details, never by a message.
import { aadsts } from '../clients/aadsts.ts';
import { graphRefusals } from '../clients/graphErrors.ts';
import { asTidemarkError, type ErrorDetails, type TidemarkError } from '../errors.ts';
import type { Advice } from '../model.ts';
import { say } from './words.ts';

/** Who was asked. */
export interface Asked {
  /** `The login` or `Microsoft Graph`. */
  readonly who: string;
  /** host:port */
  readonly host: string;
}

/**
 * What has no text of its own keeps the error's: message and hint hold neither secrets nor text of answers.
 * @throws the error itself when it is no answer about the source: the database is away, or a defect
 */
export function adviceOf(thrown: unknown, asked: Asked): Advice {
  const error = asTidemarkError(thrown);
  const { code, details, message, hint } = error;
  if (code === 'STORE_UNAVAILABLE' || code === 'INTERNAL') throw thrown;
  return (
    refusalOf(details) ?? (code === 'SOURCE_THROTTLED' ? throttled(error, asked) : (faultOf(error, asked) ?? { cause: message, fix: hint }))
  );
}

/** The numbers and codes that Microsoft documents. */
function refusalOf({ aadsts: number, graphCode }: ErrorDetails): Advice | null {
  const login = typeof number === 'number' ? aadsts[number] : undefined;
  if (login !== undefined) return { ...login, cause: `${login.cause} (AADSTS${word(number)})` };
  const graph = graphRefusals[word(graphCode).toLowerCase()];
  return graph === undefined ? null : { ...graph, cause: `${graph.cause} (${word(graphCode)})` };
}

function throttled({ retryAfterMs }: TidemarkError, asked: Asked): Advice {
  const pause = retryAfterMs === undefined ? '' : ` of ${Math.ceil(retryAfterMs / 1000)} s`;
  return say('throttled', { ...asked, pause });
}

function faultOf({ code, details }: TidemarkError, asked: Asked): Advice | null {
  const { fault, html, status, reason, aadsts: number } = details;
  if (status === 404) return say('wrongEndpoint', { ...asked, status });
  if (html === true) return say('html', { ...asked });
  if (code === 'LINK_REFUSED') return say('redirect', { ...asked });
  if (fault === 'status') return say('failing', { ...asked, status: number === undefined ? word(status) : `AADSTS${word(number)}` });
  if (fault === 'reset' || fault === 'cut') return say('brokenOff', { ...asked, reason: word(reason ?? 'cut short') });
  return null;
}

const word = (value: ErrorDetails[string] | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
