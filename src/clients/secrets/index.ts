// Reads what a secret's reference points to, within what the worker's configuration allows. MUST NOT put a value into an error.
import { TidemarkError } from '../../errors.ts';
import { rememberSecret } from '../redact.ts';
import type { SecretBinding } from '../../model.ts';
import type { Account } from './ccp.ts';
import { readUnder } from './file.ts';
import { readEncrypted } from './jwe.ts';
import { type KeptSecrets, openKept } from './kept.ts';
import { unavailable } from './unavailable.ts';

/** Where secrets may be read, for one reading of a connection's credentials. */
export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names allowed besides those that begin with TIDEMARK_SECRET_. */
  readonly allowedEnv: readonly string[];
  /** Absolute, or null when no file may be read. */
  readonly dir: string | null;
  readonly kept: KeptSecrets;
  /** PEM files, each with a certificate and its private key. */
  readonly jweKeyFiles: readonly string[];
  /** The value of a secret of Azure Key Vault, by its identifier. */
  readonly vaultSecret: (identifier: string) => Promise<string>;
  /** The account behind SAFE/OBJECT. MUST give one answer for the whole reading: key and id of an object are of one moment. */
  readonly account: (name: string) => Promise<Account>;
}

const kinds = ['env', 'file', 'secret', 'jwe', 'keyvault', 'cyberark'] as const;
type Kind = (typeof kinds)[number];

/**
 * The secret behind a reference, read anew each time; one trailing newline of a variable or file is dropped. `binding`: what it is for; a kept secret
 * opens for nothing else.
 * CONFIG_INVALID for what is no reference, SECRET_UNAVAILABLE (naming the reference and the fix) when it cannot be read.
 */
export async function readSecret(reference: string, binding: SecretBinding, places: SecretPlaces): Promise<string> {
  const { kind, name } = parse(reference);
  const value = await valueOf(kind, name, { reference, places, binding });
  if (value === '') throw unavailable(reference, 'it is empty', 'Put the secret there.');
  rememberSecret(value);
  return value;
}

const applicationId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The application's id behind a reference: of a CyberArk account its user name. Throws as above. */
export async function readClientId(reference: string, places: SecretPlaces): Promise<string> {
  const { kind, name } = parse(reference);
  const value =
    kind === 'cyberark' ? (await places.account(name)).userName : await valueOf(kind, name, { reference, places, binding: null });
  if (applicationId.test(value.trim())) return value.trim().toLowerCase();
  throw unavailable(
    reference,
    `${kind === 'cyberark' ? 'its user name' : 'what is there'} is no application (client) id`,
    'Put the id of the app registration there, such as a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3.',
  );
}

interface Asked {
  readonly reference: string;
  readonly places: SecretPlaces;
  /** null: for an id, which Tidemark keeps none of. */
  readonly binding: SecretBinding | null;
}

async function valueOf(kind: Kind, name: string, { reference, places, binding }: Asked): Promise<string> {
  switch (kind) {
    case 'env':
      return readVariable(reference, name, places);
    case 'file':
      return withoutNewline(await readUnder(places.dir, name, { reference }));
    case 'secret':
      if (binding === null)
        throw new TidemarkError('CONFIG_INVALID', `${reference} cannot stand for clientId.`, { hint: 'Write the id itself.' });
      return openKept(name, binding, places.kept);
    case 'jwe':
      return readEncrypted(name, places);
    case 'keyvault':
      return places.vaultSecret(name);
    case 'cyberark':
      return (await places.account(name)).content;
  }
}

function parse(reference: string): { kind: Kind; name: string } {
  const colon = reference.indexOf(':');
  const kind = kinds.find((known) => known === reference.slice(0, Math.max(colon, 0)));
  const name = reference.slice(colon + 1);
  if (kind !== undefined && name !== '') return { kind, name };
  // What is no reference may be the secret itself: it is not repeated.
  throw new TidemarkError('CONFIG_INVALID', 'A secret is not given as a reference.', {
    hint: `Use one of ${kinds.map((known) => `${known}:`).join(', ')} and where it is.`,
  });
}

function readVariable(reference: string, name: string, { env, allowedEnv }: SecretPlaces): string {
  if (!name.startsWith('TIDEMARK_SECRET_') && !allowedEnv.includes(name)) {
    throw unavailable(
      reference,
      'its name is not allowed',
      'Begin its name with TIDEMARK_SECRET_, or list it in TIDEMARK_SECRET_ENV of the worker.',
    );
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined)
    throw unavailable(reference, 'the worker has no such environment variable', `Set ${name} where the worker runs and restart it.`);
  return withoutNewline(value);
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}
