// Passwords of orders: given ones are read where their reference points, generated ones are encrypted for who may read them.
// MUST NOT let a password into the ledger, a log, a history or an error (decision 46): it is in memory only while its request is sent.
import { createHash, randomInt, X509Certificate } from 'node:crypto';
import { rememberSecret } from '../clients/redact.ts';
import type { PasswordRules } from '../connectors/identity-manager/fulfil.ts';
import type { JsonObject } from '../model.ts';
import { generated } from './order.ts';

const characters = {
  lower: 'abcdefghijkmnopqrstuvwxyz',
  upper: 'ABCDEFGHJKLMNPQRSTUVWXYZ',
  digits: '23456789',
  symbols: '!#$%&*+-=?@^_',
} as const;
const kinds = ['lower', 'upper', 'digits', 'symbols'] as const;

/** So many of each kind, filled up with letters to the length, in random order. Characters that look alike are left out. */
export function generatePassword(rules: PasswordRules): string {
  const picked = kinds.flatMap((kind) => Array.from({ length: rules[kind] }, () => pick(characters[kind])));
  while (picked.length < rules.length) picked.push(pick(characters.lower));
  for (let last = picked.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [picked[last], picked[other]] = [picked[other] ?? '', picked[last] ?? ''];
  }
  const password = picked.join('');
  rememberSecret(password);
  return password;
}

const pick = (from: string): string => from.charAt(randomInt(from.length));

/**
 * The password as JWE (RSA-OAEP-256, A256GCM) for the certificate's key. The protected header says for which order of which connection it is, and by
 * `kid` for which certificate (SHA-256 of it, in hex).
 */
export async function sealPassword(
  password: string,
  certificate: string,
  of: { readonly connection: string; readonly order: string },
): Promise<string> {
  const kid = createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
  const { CompactEncrypt, importX509 } = await import('jose');
  const key = await importX509(certificate, 'RSA-OAEP-256');
  return new CompactEncrypt(new TextEncoder().encode(password))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid, ...of })
    .encrypt(key);
}

/** The word or reference in the place of the password; null where the body has none. */
export function passwordOf(body: JsonObject | null): string | null {
  const profile = body?.['passwordProfile'];
  if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) return null;
  const { password } = profile;
  return typeof password === 'string' ? password : null;
}

export const isGenerated = (body: JsonObject | null): boolean => passwordOf(body) === generated;

/** The body with the password in it, or with what stands for it. */
export function withPassword(body: JsonObject, password: string): JsonObject {
  const profile = body['passwordProfile'];
  if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) return body;
  return { ...body, passwordProfile: { ...profile, password } };
}
