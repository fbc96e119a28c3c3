// The certificates that values are encrypted for, from their PEM files. A key beside one is not looked at.
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { TidemarkError } from '../errors.ts';

const smallestBits = 2048;
/** More than the old one and the new one only widen who can read. */
const mostRecipients = 2;

/** @throws CONFIG_INVALID for what is no RSA certificate. One that has expired is used, and said to be. */
export function readRecipients(files: readonly string[], note: (line: string) => void): X509Certificate[] {
  if (files.length > mostRecipients)
    throw new TidemarkError('CONFIG_INVALID', 'A value is encrypted for one certificate, or two while they are exchanged.');
  return files.map((file) => {
    const certificate = read(file);
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < smallestBits) {
      throw new TidemarkError('CONFIG_INVALID', `${file} is no RSA certificate of ${smallestBits} bits or more.`, {
        hint: 'Make one by RSA, such as: openssl req -x509 -newkey rsa:3072 -nodes -days 730 -subj /CN=tidemark -keyout key.pem -out cert.pem.',
      });
    }
    if (certificate.validToDate.getTime() < Date.now())
      note(`${file} expired on ${certificate.validToDate.toISOString()}; its key still decrypts.`);
    return certificate;
  });
}

function read(file: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(file));
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', `${file} cannot be read as a certificate.`, {
      hint: 'Name a PEM file that holds one.',
      cause: error,
    });
  }
}
