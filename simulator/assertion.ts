// Checks a client assertion: a JWT signed by a certificate that is registered for the app.
// Source: learn.microsoft.com/entra/identity-platform/certificate-credentials
import { X509Certificate, constants, verify } from 'node:crypto';
import type { Cloud } from './cloud.ts';

/** Whether the assertion is signed by a registered certificate, for this client, this endpoint and this time. */
export function isValidAssertion(cloud: Cloud, assertion: string, endpoint: string): boolean {
  const read = readAssertion(assertion);
  if (read === null) return false;
  const { header, claims } = read;
  const certificate = cloud.settings.certificates
    .map((pem) => new X509Certificate(pem))
    .find((known) => header['x5t'] === thumbprint(known.fingerprint) || header['x5t#S256'] === thumbprint(known.fingerprint256));
  if (certificate === undefined) return false;
  const key = {
    key: certificate.publicKey,
    ...(header['alg'] === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
  };
  if (header['alg'] !== 'RS256' && header['alg'] !== 'PS256') return false;
  if (!verify('sha256', Buffer.from(read.signed), key, read.signature)) return false;
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

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the signature is over. */
  readonly signed: string;
  readonly signature: Buffer;
}

/** The parts of a JWT, nothing of them verified; null when it is none. */
export function readAssertion(assertion: string): Assertion | null {
  const parts = assertion.split('.');
  const [head, body, signature] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || signature === undefined) return null;
  return { header: decode(head), claims: decode(body), signed: `${head}.${body}`, signature: Buffer.from(signature, 'base64url') };
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
