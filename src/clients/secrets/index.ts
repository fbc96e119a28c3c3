// Reads what a secret's reference points to, within what the worker's configuration allows. MUST NOT put a value into an error.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { TidemarkError } from '../../errors.ts';
import { rememberSecret } from '../redact.ts';
import type { SecretBinding } from '../../model.ts';
import { codeOf } from '../thrown.ts';
import { maxBytes, readRegular } from './file.ts';
import { type KeptSecrets, openKept } from './kept.ts';

/** Where secrets may be read. */
export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names allowed besides those that begin with TIDEMARK_SECRET_. */
  readonly allowedEnv: readonly string[];
  /** Absolute, or null when no file may be read. */
  readonly dir: string | null;
  readonly kept: KeptSecrets;
}

/** Kinds of the contract that this version has no reader for. */
const unsupported: ReadonlySet<string> = new Set(['keyvault', 'cyberark', 'jwe']);

/**
 * The value behind `env:NAME`, `file:NAME` (relative to the directory, or absolute under it) or `secret:NAME`, read anew each time; one trailing newline
 * of the first two is dropped. `binding`: what it is for; a kept secret opens for nothing else.
 * CONFIG_INVALID for another kind of reference, SECRET_UNAVAILABLE (naming the reference and the fix) when it cannot be read.
 */
export async function readSecret(reference: string, binding: SecretBinding, places: SecretPlaces): Promise<string> {
  const { kind, name } = parse(reference);
  const value =
    kind === 'env'
      ? readVariable(reference, name, places)
      : kind === 'file'
        ? await readSecretFile(reference, name, places.dir)
        : await openKept(name, binding, places.kept);
  if (value === '') throw unavailable(reference, 'it is empty', 'Put the secret there.');
  rememberSecret(value);
  return value;
}

function parse(reference: string): { kind: 'env' | 'file' | 'secret'; name: string } {
  const colon = reference.indexOf(':');
  const kind = reference.slice(0, Math.max(colon, 0));
  const name = reference.slice(colon + 1);
  if ((kind === 'env' || kind === 'file' || kind === 'secret') && name !== '') return { kind, name };
  const hint = 'Use env:NAME, file:NAME or secret:NAME.';
  if (unsupported.has(kind)) throw new TidemarkError('CONFIG_INVALID', `Secrets by ${kind}: are not supported by this version.`, { hint });
  // What is no reference may be the secret itself: it is not repeated.
  throw new TidemarkError('CONFIG_INVALID', 'A secret is not given as a reference.', { hint });
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

async function readSecretFile(reference: string, name: string, dir: string | null): Promise<string> {
  if (dir === null)
    throw unavailable(
      reference,
      'no directory for secrets is configured',
      'Set TIDEMARK_SECRET_DIR of the worker to the directory that holds it.',
    );
  const outside = 'Put a regular file under the directory that TIDEMARK_SECRET_DIR of the worker names.';
  let root: string;
  let real: string;
  try {
    root = await realpath(dir);
    real = await realpath(path.resolve(dir, name));
  } catch (error) {
    throw unavailable(reference, `it cannot be read (${codeOf(error) ?? 'UNKNOWN'})`, outside);
  }
  if (!real.startsWith(root.endsWith(path.sep) ? root : `${root}${path.sep}`))
    throw unavailable(reference, 'it is outside the directory for secrets', outside);
  let text: string | null;
  try {
    text = await readRegular(real);
  } catch (error) {
    throw unavailable(reference, `it cannot be read (${codeOf(error) ?? 'UNKNOWN'})`, 'Let the user of the worker read it.');
  }
  if (text === null) throw unavailable(reference, `it is not a regular file of at most ${maxBytes} bytes`, outside);
  return withoutNewline(text);
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function unavailable(reference: string, what: string, hint: string): TidemarkError {
  return new TidemarkError('SECRET_UNAVAILABLE', `The secret ${reference} is not available: ${what}.`, { hint, details: { reference } });
}
