// Refusals of Azure Resource Manager and Resource Graph, in their documented shapes.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../src/model.ts';
import type { Answer } from '../answer.ts';

/** Thrown by handlers: the request is refused. */
export class AzureRefusal extends Error {
  readonly answer: Answer;

  constructor(status: number, error: JsonObject, headers: Readonly<Record<string, string>> = {}) {
    super('The request is refused.');
    this.answer = { status, headers, body: { error } };
  }
}

/** What is wrong stands in the details alone. */
export function badQuery(code: string, message: string, more: JsonObject = {}): AzureRefusal {
  return new AzureRefusal(400, withDetail('BadRequest', { code, message, ...more }));
}

export function throttled(headers: Readonly<Record<string, string>>): AzureRefusal {
  const message = 'Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed.';
  return new AzureRefusal(429, withDetail('RateLimiting', { code: 'RateLimiting', message }), headers);
}

function withDetail(code: string, detail: JsonObject): JsonObject {
  const support = `timestamp=${new Date().toISOString()}, correlationId=${randomUUID()}`;
  return { code, message: `Please provide below info when asking for support: ${support}.`, details: [detail] };
}

export function unauthorized(code: string, message: string): AzureRefusal {
  return new AzureRefusal(
    401,
    { code, message },
    { 'www-authenticate': 'Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token"' },
  );
}

export function forbidden(action: string, scope: string): AzureRefusal {
  return new AzureRefusal(403, {
    code: 'AuthorizationFailed',
    message: `The client does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  });
}
