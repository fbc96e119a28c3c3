// Passwords: how strong they must be, and their digest. No password is kept or shown.
// Source: learn.microsoft.com/entra/identity/authentication/concept-sspr-policy
import { createHash } from 'node:crypto';
import type { Json } from '../../src/model.ts';
import { badRequest } from '../answer.ts';
import { invalidValue, isObject, missingValue } from './body.ts';

const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/];
const flags = ['forceChangePasswordNextSignIn', 'forceChangePasswordNextSignInWithMfa'];

export function digestOf(password: string): string {
  return createHash('sha256').update(`simulated ${password}`).digest('base64url');
}

/** The password of a profile. Throws 400 for a weak one or another property. */
export function passwordOf(profile: Json | undefined): string {
  if (!isObject(profile)) throw missingValue('user', 'passwordProfile');
  const { password, ...rest } = profile;
  for (const [name, value] of Object.entries(rest)) {
    if (!flags.includes(name) || typeof value !== 'boolean') throw invalidValue('user', 'passwordProfile');
  }
  if (typeof password !== 'string') throw missingValue('user', 'password');
  if (password.length < 8 || password.length > 256 || kinds.filter((kind) => kind.test(password)).length < 3) {
    throw badRequest('The specified password does not comply with password complexity requirements. Please provide a different password.');
  }
  return password;
}
