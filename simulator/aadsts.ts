// Refusals of the sign-in service in the shape of the v2.0 endpoint, and the numbered ones that a fault can ask for.
// Source: learn.microsoft.com/entra/identity-platform/reference-error-codes and …/v2-oauth2-client-creds-grant-flow
import { randomUUID } from 'node:crypto';
import type { Answer } from './answer.ts';

/** By number: status, the word of OAuth 2.0, the description. */
const documented = {
  53003: [400, 'invalid_grant', 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.'],
  65001: [
    400,
    'invalid_grant',
    'The user or administrator has not consented to use the application. Send an interactive authorization request.',
  ],
  90033: [503, 'temporarily_unavailable', 'A transient error has occurred. Please try again.'],
  90038: [400, 'invalid_request', 'The request was sent to another national cloud than that of the tenant.'],
  90094: [400, 'invalid_grant', 'Admin consent is required for the permissions requested by this application.'],
  900382: [400, 'invalid_request', 'Confidential Client is not supported in Cross Cloud request.'],
} as const satisfies Readonly<Record<number, readonly [number, string, string]>>;

export type DocumentedCode = keyof typeof documented;

/** What the token endpoint answers with this number. */
export function documentedRefusal(code: DocumentedCode): Answer {
  const [status, error, message] = documented[code];
  return aadsts(status, error, code, message);
}

export function aadsts(status: number, error: string, code: number, message: string): Answer {
  const trace = randomUUID();
  const correlation = randomUUID();
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\.\d+/, '');
  return {
    status,
    headers: { 'x-ms-request-id': trace },
    body: {
      error,
      error_description: `AADSTS${code}: ${message}\r\nTrace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}
