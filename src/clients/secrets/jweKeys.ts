// The private keys by which a worker reads encrypted files, by the thumbprint of their certificates. Read anew each time: a new one needs no restart.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { certificateAndKey } from '../certificate.ts';
import { readConfigured } from './file.ts';
import { unavailable } from './unavailable.ts';

/** What a certificate is known by: the SHA-256 of it, as `openssl x509 -fingerprint -sha256` prints it, in small letters without colons. */
export const thumbprintOf = (certificate: X509Certificate): string => certificate.fingerprint256.replaceAll(':', '').toLowerCase();

/** A key goes on reading what was encrypted for its certificate after that has expired. @throws SECRET_UNAVAILABLE of the reference, naming the file. */
export async function readJweKeys(reference: string, files: readonly string[]): Promise<Map<string, KeyObject>> {
  if (files.length === 0) {
    throw unavailable(
      reference,
      'the worker has no key to decrypt it',
      'Name the PEM file of a certificate and its private key in TIDEMARK_JWE_KEY_FILES of the worker.',
    );
  }
  const keys = new Map<string, KeyObject>();
  for (const file of files) {
    const refused = (what: string): Error =>
      unavailable(
        reference,
        `${file} ${what}`,
        'TIDEMARK_JWE_KEY_FILES of the worker has to name PEM files, each with an RSA certificate and its unencrypted private key.',
      );
    const pair = certificateAndKey(await readConfigured(file, refused));
    if (pair?.key.asymmetricKeyType !== 'rsa') throw refused('holds no RSA certificate with its private key');
    keys.set(thumbprintOf(pair.certificate), pair.key);
  }
  return keys;
}
