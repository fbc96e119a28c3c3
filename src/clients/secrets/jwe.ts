// Values in a JSON file, each encrypted for the certificates of the workers that may read it: JWE by RSA-OAEP-256 and A256GCM (RFC 7516), its place in the
// file bound in the protected header, so that a value put in another's place opens nothing.
// It is no signature: whoever has a certificate can encrypt a value of their own. Write access to the file is what protects it from that.
import type { X509Certificate } from 'node:crypto';
import type { GeneralJWE } from 'jose';
import { z } from 'zod';
import { readUnder } from './file.ts';
import { readJweKeys, thumbprintOf } from './jweKeys.ts';
import { type Json, valueAt } from './pointer.ts';
import { unavailable } from './unavailable.ts';

const keyAlgorithm = 'RSA-OAEP-256';
const contentAlgorithm = 'A256GCM';
/** The header that binds the place. It is critical: who does not know it must not decrypt. */
const placeHeader = 'path';

/** Of a file of encrypted values; one takes about a kilobyte and a half. */
export const maxFileBytes = 1024 * 1024;

const encrypted = z.object({
  protected: z.string(),
  iv: z.string(),
  ciphertext: z.string(),
  tag: z.string(),
  recipients: z.array(z.object({ header: z.object({ kid: z.string() }), encrypted_key: z.string() })).min(1),
});

export type Encrypted = z.output<typeof encrypted>;

export const isEncrypted = (value: unknown): value is Encrypted => encrypted.safeParse(value).success;

/** The value for its place, readable by whoever has the private key of one of the certificates. */
export async function encryptValue(value: string, pointer: string, certificates: readonly X509Certificate[]): Promise<GeneralJWE> {
  const { GeneralEncrypt } = await import('jose');
  const jwe = new GeneralEncrypt(new TextEncoder().encode(value)).setProtectedHeader({
    alg: keyAlgorithm,
    enc: contentAlgorithm,
    crit: [placeHeader],
    [placeHeader]: pointer,
  });
  for (const certificate of certificates) {
    jwe.addRecipient(certificate.publicKey, { crit: { [placeHeader]: true } }).setUnprotectedHeader({ kid: thumbprintOf(certificate) });
  }
  return jwe.encrypt();
}

/** The value behind `FILE#/json/path`. @throws SECRET_UNAVAILABLE with the reason. */
export async function readEncrypted(
  name: string,
  { dir, jweKeyFiles }: { readonly dir: string | null; readonly jweKeyFiles: readonly string[] },
): Promise<string> {
  const reference = `jwe:${name}`;
  const hash = name.indexOf('#');
  const [file, pointer] = hash === -1 ? [name, ''] : [name.slice(0, hash), name.slice(hash + 1)];
  const again = `Encrypt it anew: "tidemark secret encrypt ${file} --path ${pointer} --certificate CERT < VALUE".`;
  const text = await readUnder(dir, file, { reference, sizeBytes: maxFileBytes });
  let document: Json;
  try {
    document = z.json().parse(JSON.parse(text));
  } catch {
    throw unavailable(reference, 'the file is no JSON', 'Make it by "tidemark secret encrypt".');
  }
  const value = valueAt(document, pointer);
  if (value === undefined) throw unavailable(reference, `the file has nothing at ${pointer}`, again);
  const parsed = encrypted.safeParse(value);
  if (!parsed.success) throw unavailable(reference, 'what is there is not encrypted', again);
  const keys = await readJweKeys(reference, jweKeyFiles);
  const [known] = parsed.data.recipients.flatMap((recipient) => {
    const key = keys.get(recipient.header.kid);
    return key === undefined ? [] : [{ recipient, key }];
  });
  if (known === undefined) {
    const wanted = parsed.data.recipients.map(({ header }) => header.kid).join(' and ');
    throw unavailable(
      reference,
      `it is encrypted for the certificate ${wanted}, and the worker has the key of ${[...keys.keys()].join(' and ')}`,
      `Name the PEM file of that certificate and its key in TIDEMARK_JWE_KEY_FILES of the worker, or encrypt for a certificate that it has. ${again}`,
    );
  }
  const { decodeProtectedHeader, generalDecrypt } = await import('jose');
  const changed = (cause?: unknown): Error => unavailable(reference, 'it was changed since it was encrypted', again, { cause });
  let place: unknown;
  try {
    place = decodeProtectedHeader(parsed.data)[placeHeader];
  } catch (error) {
    throw changed(error);
  }
  if (place !== pointer) {
    throw unavailable(
      reference,
      `the value there was encrypted for ${typeof place === 'string' ? place : 'no place'}: it was moved or exchanged`,
      again,
    );
  }
  try {
    const { plaintext } = await generalDecrypt({ ...parsed.data, recipients: [known.recipient] }, known.key, {
      keyManagementAlgorithms: [keyAlgorithm],
      contentEncryptionAlgorithms: [contentAlgorithm],
      crit: { [placeHeader]: true },
    });
    return new TextDecoder('utf-8', { fatal: true }).decode(plaintext);
  } catch (error) {
    throw changed(error);
  }
}
