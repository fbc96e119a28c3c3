// A hand-written login service for sourceServer: discovery and token endpoint of one tenant.
import type { Handler, SeenRequest } from './sourceServer.ts';
import { json } from './sourceServer.ts';

export const tenantId = '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11';
export const clientId = 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3';
export const canary = 'CANARY~secret/with+odd "chars"&=%';

export function isTokenRequest(request: SeenRequest): boolean {
  return request.method === 'POST' && request.url.startsWith(`/${tenantId}/oauth2/v2.0/token`);
}

/** Tokens are JWTs in shape only; each is another. */
function jwt(serial: number, roles: readonly string[]): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part({ serial, roles })}.signature`;
}

export interface LoginAnswers {
  /** Where the discovery document says that tokens are. */
  readonly tokenOrigin?: string;
  readonly expiresInSeconds?: number;
  readonly token?: Handler;
}

/** Answers login requests, and all others by `otherwise`. */
export function login(origin: string, answers: LoginAnswers = {}, otherwise: Handler = (_, response) => json(response, {}, 404)): Handler {
  let serial = 0;
  return (request, response) => {
    const issuer = `${answers.tokenOrigin ?? origin}/${tenantId}`;
    if (request.url.startsWith(`/${tenantId}/v2.0/.well-known/openid-configuration`)) {
      return json(response, {
        token_endpoint: `${issuer}/oauth2/v2.0/token`,
        authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
        jwks_uri: `${issuer}/discovery/v2.0/keys`,
        issuer: `${origin}/${tenantId}/v2.0`,
      });
    }
    if (!isTokenRequest(request)) return otherwise(request, response);
    if (answers.token !== undefined) return answers.token(request, response);
    serial += 1;
    const expires = answers.expiresInSeconds ?? 3599;
    return json(response, {
      token_type: 'Bearer',
      expires_in: expires,
      ext_expires_in: expires,
      access_token: jwt(serial, ['User.Read.All', 'GroupMember.Read.All']),
    });
  };
}

/** A refusal as the login service writes it. */
export function refusal(code: number, error = 'invalid_client'): unknown {
  return {
    error,
    error_description: `AADSTS${code}: something that names ${canary}\r\nTrace ID: 1\r\nCorrelation ID: 2\r\nTimestamp: 2026-01-01 00:00:00Z`,
    error_codes: [code],
    trace_id: '1',
    correlation_id: '2',
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  };
}
