// Federated credentials: a token of another platform in place of a secret, checked as the app registration's federated credentials say.
// Source: learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust and …/reference-error-codes
import { createPublicKey, verify } from 'node:crypto';
import { readAssertion } from './assertion.ts';
import type { Cloud } from './cloud.ts';

/** What the app registration trusts. */
export interface Federation {
  readonly issuer: string;
  readonly subject: string;
  /** @default api://AzureADTokenExchange, the recommended one */
  readonly audience?: string;
  /** PEM of the key that the issuer publishes. */
  readonly publicKey: string;
}

/** AADSTS number and message of the refusal; null when the token is accepted; undefined when it is no token of another platform. */
export function federatedRefusal(cloud: Cloud, assertion: string): readonly [number, string] | null | undefined {
  const read = readAssertion(assertion);
  // A certificate's assertion names its certificate.
  if (read === null || 'x5t' in read.header || 'x5t#S256' in read.header) return undefined;
  const { iss, sub, aud, exp, nbf } = read.claims;
  if (typeof iss !== 'string' || iss === cloud.clientId) return undefined;
  const known = cloud.settings.federations;
  const none = 'No matching federated identity record found for presented assertion';
  if (known.length === 0) return [70021, `${none}. Assertion Issuer: '${iss}'.`];
  const byIssuer = known.filter(({ issuer }) => issuer === iss);
  if (byIssuer.length === 0) return [700211, `${none} issuer '${iss}'.`];
  const bySubject = byIssuer.filter(({ subject }) => subject === sub);
  if (bySubject.length === 0) return [700213, `${none} subject '${String(sub)}'.`];
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const federation = bySubject.find(({ audience = 'api://AzureADTokenExchange' }) => audiences.includes(audience));
  if (federation === undefined) return [700212, `${none} audience '${audiences.join(',')}'.`];
  const key = createPublicKey(federation.publicKey);
  if (read.header['alg'] !== 'RS256' || !verify('sha256', Buffer.from(read.signed), key, read.signature))
    return [50013, 'Assertion failed signature validation.'];
  const now = cloud.now() / 1000;
  return Number(exp) > now && Number(nbf ?? 0) <= now + 300 ? null : [700024, 'Client assertion is not within its valid time range.'];
}
