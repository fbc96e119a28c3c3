// What an answer to an order's request means. Pure: one table. Graph says by status what it refuses; what the status leaves open is asked, never read
// out of a message.
import type { WriteAnswer } from '../clients/graphWrite.ts';
import { redact } from '../clients/redact.ts';
import type { ErrorCode } from '../errors.ts';
import type { Order } from './order.ts';
import type { Step } from './request.ts';

export type Verdict =
  | { readonly do: 'next' }
  /** What was asked for is so already. */
  | { readonly do: 'already'; readonly what: string }
  /** `again`: it was not carried out. `unknown`: it may have been. */
  | { readonly do: 'again' | 'unknown'; readonly waitMs: number | null; readonly counts: boolean }
  /** The order goes on, and ends as errored with this. */
  | { readonly do: 'note'; readonly message: string }
  | { readonly do: 'fail'; readonly code: ErrorCode; readonly message: string }
  /** Its object or relation has to be looked for; `otherwise` when it is not there. */
  | { readonly do: 'look'; readonly otherwise: Exclude<Verdict, { readonly do: 'look' }> };

export interface Standing {
  /** How often it was sent, this time included. */
  readonly tries: number;
  /** Whether it names an object that we made a short while ago: the directory may not show it everywhere yet. */
  readonly lately: boolean;
  /** Whether the object of a creation is known already: what is asked then is something else. */
  readonly made: boolean;
}

const mostTries = 8;

export function judge(order: Order, step: Step, answer: WriteAnswer, { tries, lately, made }: Standing): Verdict {
  if (answer.kind === 'unsent') return { do: 'again', waitMs: null, counts: false };
  if (answer.kind === 'lost') return { do: 'unknown', waitMs: null, counts: true };
  const { status } = answer;
  if (status >= 200 && status < 300) return { do: 'next' };
  if (status === 429) return { do: 'again', waitMs: answer.retryAfterMs, counts: false };
  // Locked, or left out because of another one.
  if ((status === 423 || status === 424) && tries < mostTries) return { do: 'again', waitMs: answer.retryAfterMs, counts: true };
  if (status >= 500 || status === 408) {
    if (tries < mostTries) return { do: 'unknown', waitMs: answer.retryAfterMs, counts: true };
    return {
      do: 'fail',
      code: 'SOURCE_UNAVAILABLE',
      message: `${refusal(step, answer)} It was sent ${tries} times and may have been done.`,
    };
  }
  const fail: Verdict =
    step.alone === null
      ? { do: 'fail', code: codeOf(status), message: refusal(step, answer) }
      : { do: 'note', message: `${step.alone} was not written: ${refusal(step, answer)}` };
  // Only the objects that we made ourselves come to be there.
  const late: Verdict =
    lately && (status === 404 || (status === 400 && tries < mostTries)) ? { do: 'again', waitMs: null, counts: true } : fail;
  switch (order.action) {
    case 'create':
      return !made && (status === 400 || status === 409) ? { do: 'look', otherwise: late } : late;
    case 'delete':
      return status === 404 ? { do: 'already', what: 'it is not there' } : fail;
    case 'removeMember':
    case 'removeOwner':
      if (status === 404) return lately ? late : { do: 'already', what: 'it does not belong to it' };
      return fail;
    case 'addMember':
    case 'addOwner':
      return status === 400 || status === 409 ? { do: 'look', otherwise: late } : status === 404 ? late : fail;
    case 'update':
    case 'enable':
    case 'disable':
    case 'resetPassword':
      return status === 404 || status === 400 ? late : fail;
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 403) return 'SOURCE_FORBIDDEN';
  return status === 404 ? 'SOURCE_NOT_FOUND' : 'ORDER_REFUSED';
}

const longestMessage = 300;

/** What Graph says of its refusal is for who sent the order; it goes to the results, never to a log. */
function refusal(step: Step, { status, body }: { readonly status: number; readonly body: unknown }): string {
  const error = propertyOf(body, 'error');
  const code = propertyOf(error, 'code');
  const message = propertyOf(error, 'message');
  const words = typeof message === 'string' ? ` ${redact(message).replaceAll(/\s+/g, ' ').slice(0, longestMessage)}` : '';
  return `${step.method} ${step.path.split('?')[0] ?? ''} was refused (${status}${typeof code === 'string' ? ` ${code}` : ''}).${words}`;
}

/** A property of an answer that may be anything. */
export function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

/** How long a request waits that may be sent again, by how often it was: a second, doubling to a minute; what the source told is not shortened. */
export function waitAfter(tries: number, toldMs: number | null, baseMs: number, longestMs: number): number {
  return Math.max(toldMs ?? 0, Math.min(baseMs * 2 ** Math.max(tries - 1, 0), longestMs));
}
