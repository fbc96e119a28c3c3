// What a handler answers, and the refusals of the API in their documented shape.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../src/model.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text is sent as it is. */
  readonly body: JsonObject | string;
  /** For a page of a collection: a fresh link that reads this same page once more. */
  readonly again?: () => string;
}

/** Thrown by handlers: the request is refused. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    details: readonly Detail[] = [],
  ) {
    super(message);
    this.answer = { status, headers, body: errorBody(code, message, details) };
  }
}

/** What a refusal says of one property. */
export interface Detail {
  readonly code: string;
  readonly message: string;
  readonly target: string;
}

/** `{error: {code, message, innerError: {date, request-id, client-request-id}}}` */
export function errorBody(code: string, message: string, details: readonly Detail[] = []): JsonObject {
  const id = randomUUID();
  const more = details.length === 0 ? {} : { details: details.map((detail) => ({ ...detail })) };
  return {
    error: {
      code,
      message,
      ...more,
      innerError: { date: new Date().toISOString().slice(0, 19), 'request-id': id, 'client-request-id': id },
    },
  };
}

export function badRequest(message: string, code = 'Request_BadRequest'): Refusal {
  return new Refusal(400, code, message);
}

export function requestDenied(): Refusal {
  return new Refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
}

/** A write was done and has nothing to say. */
export const noContent: Answer = { status: 204, headers: {}, body: '' };

export function unsupportedQuery(message: string): Refusal {
  return new Refusal(400, 'Request_UnsupportedQuery', message);
}

export function notFound(id: string): Refusal {
  return new Refusal(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** The delta token is older than the directory keeps its changes. */
export function syncStateNotFound(): Refusal {
  return new Refusal(
    400,
    'syncStateNotFound',
    'The sync state generation is not found. The delta token is expired and data must be synchronized again.',
  );
}

export function expiredPage(): Refusal {
  return new Refusal(
    400,
    'Directory_ExpiredPageToken',
    'The specified page token value has expired and can no longer be included in your request.',
  );
}
