// Tokens of simulated registries: the exchange of Microsoft's token for a refresh token, and that for an access token of some scopes.
// https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
import { createHmac, timingSafeEqual } from 'node:crypto';
import { reread } from '../json.ts';

interface Claims {
  readonly kind: 'refresh' | 'access';
  readonly aud: string;
  readonly exp: number;
  readonly scopes: readonly string[];
  readonly generation: number;
}

export interface RegistryIssuer {
  issue(claims: Omit<Claims, 'generation'>): string;
  /** What a token that lives says; null for one that is forged, expired, revoked, of another kind or for another registry. */
  read(token: string, kind: Claims['kind'], aud: string): Claims | null;
  /** Every token issued so far is dead. */
  revoke(): void;
}

export function createIssuer(nowMs: () => number): RegistryIssuer {
  let generation = 0;
  const sign = (text: string): Buffer => createHmac('sha256', 'simulated registries').update(text).digest();
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    issue(claims) {
      const text = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode({ ...claims, generation })}`;
      return `${text}.${sign(text).toString('base64url')}`;
    },
    read(token, kind, aud) {
      const [header = '', body = '', signature = ''] = token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign(`${header}.${body}`);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
      // The signature proves that the claims are ours.
      const claims = reread<Claims>(Buffer.from(body, 'base64url').toString('utf8'));
      const lives = claims.exp * 1000 > nowMs() && claims.generation === generation;
      return lives && claims.kind === kind && claims.aud === aud ? claims : null;
    },
    revoke: () => void (generation += 1),
  };
}
