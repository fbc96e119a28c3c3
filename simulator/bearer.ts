// Access tokens: signed JWTs with the app's roles, checked at every request of the directory.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Cloud } from './cloud.ts';
import { reread } from './json.ts';

export interface Claims {
  readonly aud: string;
  readonly iss: string;
  readonly iat: number;
  readonly exp: number;
  readonly appid: string;
  readonly tid: string;
  readonly roles: readonly string[];
  /** Tokens of an earlier generation are revoked. */
  readonly generation: number;
}

function signature(cloud: Cloud, text: string): Buffer {
  return createHmac('sha256', `${cloud.tenantId} access tokens ${cloud.clientSecret}`).update(text).digest();
}

/** A token for the audience, with the roles granted now. */
export function signToken(cloud: Cloud, audience: string): string {
  const now = Math.floor(cloud.now() / 1000);
  const claims: Claims = {
    aud: audience,
    iss: `${cloud.origin()}/${cloud.tenantId}/`,
    iat: now,
    exp: now + cloud.settings.tokenLifetimeS,
    appid: cloud.clientId,
    tid: cloud.tenantId,
    roles: cloud.settings.roles,
    generation: cloud.tokenGeneration,
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode(claims)}`;
  return `${text}.${signature(cloud, text).toString('base64url')}`;
}

/** The roles of a valid bearer token, or null when it is missing, forged, expired or revoked. */
export function rolesOf(cloud: Cloud, authorization: string | undefined): readonly string[] | null {
  return claimsOf(cloud, authorization)?.roles ?? null;
}

export function claimsOf(cloud: Cloud, authorization: string | undefined): Claims | null {
  const token = /^Bearer ([\w-]+\.[\w-]+)\.([\w-]+)$/.exec(authorization ?? '');
  const text = token?.[1];
  if (token === null || text === undefined) return null;
  const given = Buffer.from(token[2] ?? '', 'base64url');
  const right = signature(cloud, text);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  // The signature proves that the claims are ours.
  const claims = reread<Claims>(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const alive = claims.exp > cloud.now() / 1000 && claims.generation === cloud.tokenGeneration;
  return alive ? claims : null;
}
