// A certificate that logs in: PEM with its private key. MUST NOT put anything of it into an error.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { TidemarkError } from '../errors.ts';

/** The certificate, in force and with the private key that belongs to it. @throws CONFIG_INVALID for any other text. */
export function checkCertificate(pem: string): X509Certificate {
  const invalid = (what: string, hint: string): TidemarkError =>
    new TidemarkError('CONFIG_INVALID', `clientCertificate ${what}.`, { hint });
  const whole = 'The reference has to point to a PEM file with the certificate and its unencrypted private key.';
  let certificate: X509Certificate;
  let belongs: boolean;
  try {
    certificate = new X509Certificate(pem);
    belongs = certificate.checkPrivateKey(createPrivateKey(pem));
  } catch {
    throw invalid('cannot be read as PEM with a certificate and a private key', whole);
  }
  if (!belongs) throw invalid('has a private key that does not belong to the certificate', whole);
  if (certificate.validToDate.getTime() < Date.now()) {
    throw invalid(
      `expired on ${certificate.validToDate.toISOString()}`,
      'Make a new certificate, upload it to the application and replace the file.',
    );
  }
  return certificate;
}

/** The certificate of a PEM text and the private key that belongs to it; null when it does not hold both. */
export function certificateAndKey(pem: string): { readonly certificate: X509Certificate; readonly key: KeyObject } | null {
  try {
    const certificate = new X509Certificate(pem);
    const key = createPrivateKey(pem);
    return certificate.checkPrivateKey(key) ? { certificate, key } : null;
  } catch {
    return null;
  }
}
