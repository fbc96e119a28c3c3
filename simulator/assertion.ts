// Checks a client assertion: a JWT signed by a certificate that is registered for the app.
// Source: learn.microsoft.com/entra/identity-platform/certificate-credentials
import { X509Certificate, constants, verify } from 'node:crypto';
import type { Cloud } from './cloud.ts';

/** Whether the assertion is signed by a registered certificate, for this client, this endpoint and this time. */
export function isValidAssertion(cloud: Cloud, assertion: string, endpoint: string): boolean {
  const parts = assertion.split('.');
  const [head, body, signature] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || signature === undefined) return false;
  const header = decode(head);
  const claims = decode(body);
  const certificate = cloud.settings.certificates
    .map((pem) => new X509Certificate(pem))
    .find((known) => header['x5t'] === thumbprint(known.fingerprint) || header['x5t#S256'] === thumbprint(known.fingerprint256));
  if (certificate === undefined) return false;
  const key = {
    key: certificate.publicKey,
    ...(header['alg'] === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
  };
  if (header['alg'] !== 'RS256' && header['alg'] !== 'PS256') return false;
  if (!verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))) return false;
  const now = cloud.now() / 1000;
  return (
    claims['iss'] === cloud.clientId &&
    claims['sub'] === cloud.clientId &&
    claims['aud'] === endpoint &&
    typeof claims['jti'] === 'string' &&
    Number(claims['exp']) > now &&
    Number(claims['nbf'] ?? 0) <= now + 300
  );
}

function thumbprint(fingerprint: string): string {
  return Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
