// Opens a secret that Tidemark keeps for the use it is asked for. MUST NOT put a value into an error.
import { TidemarkError } from '../../errors.ts';
import type { SealedSecret, SecretBinding } from '../../model.ts';
import { lostKey, readKey } from './keyFile.ts';
import { unseal } from './seal.ts';

/** Where kept secrets are. */
export interface KeptSecrets {
  /** The sealed secret of a name, null when there is none. */
  readonly find: (name: string) => Promise<SealedSecret | null>;
  readonly keyFile: string;
}

/** The value, for exactly this use. @throws SECRET_UNAVAILABLE with the reason. */
export async function openKept(name: string, binding: SecretBinding, { find, keyFile }: KeptSecrets): Promise<string> {
  const unavailable = (what: string, hint: string): TidemarkError =>
    new TidemarkError('SECRET_UNAVAILABLE', `The secret secret:${name} is not available: ${what}.`, {
      hint,
      details: { reference: `secret:${name}` },
    });
  const again = `Set it for this connection: "tidemark secret set ${name} -f FILE", with the connection's file.`;
  const secret = await find(name);
  if (secret === null) throw unavailable('Tidemark keeps none of this name', again);
  const differing = (['tenant', 'login', 'purpose'] as const).find((part) => secret[part] !== binding[part]);
  if (differing !== undefined) {
    throw unavailable(
      `it was set for the ${differing} ${secret[differing]}, and is asked for by the ${differing} ${binding[differing]}`,
      again,
    );
  }
  const key = await readKey(keyFile);
  if (key?.id !== secret.keyId) throw lostKey(`The secret secret:${name} is`, { file: keyFile, wanted: secret.keyId, present: key });
  const value = unseal(secret, name, binding, key);
  if (value === null) throw unavailable('it was changed in the database since it was set', again);
  return value;
}
