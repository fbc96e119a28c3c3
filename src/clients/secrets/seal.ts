// Seals a secret for one name and one use: AES-256-GCM with a fresh nonce each, and name, tenant, login and purpose as additional authenticated data.
// MUST open nothing whose row was moved, changed or bound anew without the value: the tag covers all of it.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { SealedSecret, SecretBinding } from '../../model.ts';

export interface SecretKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** By its id a key can be told from another, and no more: it is a MAC by the key itself. */
export function keyOf(bytes: Buffer): SecretKey {
  return { bytes, id: createHmac('sha256', bytes).update('tidemark secret key id').digest('hex').slice(0, 16) };
}

export function seal(value: string, name: string, { tenant, login, purpose }: SecretBinding, key: SecretKey): SealedSecret {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(name, { tenant, login, purpose }));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { name, tenant, login, purpose, keyId: key.id, nonce: nonce.toString('base64'), sealed: sealed.toString('base64') };
}

/** The value; null when it was not sealed by this key for this name and this use, or was changed since. */
export function unseal(
  secret: Pick<SealedSecret, 'nonce' | 'sealed'>,
  name: string,
  binding: SecretBinding,
  key: SecretKey,
): string | null {
  const nonce = Buffer.from(secret.nonce, 'base64');
  const sealed = Buffer.from(secret.sealed, 'base64');
  if (nonce.length !== nonceBytes || sealed.length < tagBytes) return null;
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes });
    decipher.setAAD(boundTo(name, binding));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

/** One text for one binding: JSON keeps the parts apart. */
function boundTo(name: string, { tenant, login, purpose }: SecretBinding): Buffer {
  return Buffer.from(JSON.stringify(['tidemark secret 1', name, tenant, login, purpose]), 'utf8');
}
