// What a secret is to be bound to: said by the file of a connection, by the secret that is there already, or by the connections that name it.
import { parseConnectionFiles, problemInWords } from '../connectors/connectionFile.ts';
import { bindingOf, referencesOf, usesSecret } from '../connectors/credentials.ts';
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { SecretBinding } from '../model.ts';
import { listConnections } from '../store/connection.ts';
import type { Database } from '../store/database.ts';
import { getSecret, type StoredSecret } from '../store/secret.ts';
import { readCa, readFiles } from './files.ts';
import { listed } from './problems.ts';

/** By the files alone, before any server is asked. @throws CONFIG_INVALID */
export function bindingByFiles(name: string, files: readonly string[]): SecretBinding {
  if (files.includes('-')) throw new TidemarkError('CONFIG_INVALID', 'Standard input is for the value; name a file.');
  const { connections, problems } = parseConnectionFiles(readFiles(files), { now: new Date(0), readCa });
  if (problems.length > 0) {
    throw new TidemarkError('CONFIG_INVALID', listed('Nothing was set.', problems.map(problemInWords)));
  }
  const binding = commonBinding(
    name,
    connections.map(({ spec }) => spec),
  );
  if (binding !== null) return binding;
  throw new TidemarkError('CONFIG_INVALID', `No connection of ${files.join(', ')} names secret:${name}.`, {
    hint: `Write "clientSecret: secret:${name}" (or clientCertificate) in it first: the secret is bound to what stands there.`,
  });
}

/**
 * Without a file: as the secret is bound already, which a changed connection does not change; else by the connections that name it. @throws CONFIG_INVALID
 */
export async function knownBinding(name: string, database: Database): Promise<SecretBinding> {
  const stored = await getSecret(database, name);
  if (stored !== null) return { tenant: stored.tenant, login: stored.login, purpose: stored.purpose };
  const specs = (await listConnections(database)).map(({ spec }) => readSpec(spec));
  const binding = commonBinding(name, specs);
  if (binding !== null) return binding;
  throw new TidemarkError('CONFIG_INVALID', `It is not known what secret:${name} is for: no connection names it.`, {
    hint: `"tidemark secret set ${name} -f FILE", with the file of the connection that will use it: a secret is bound to its tenant and login.`,
  });
}

/** What an owner should know of the kept secrets that a connection names: not set yet, or set for something else. */
export function secretNotes(spec: ConnectionSpec, kept: readonly StoredSecret[]): string[] {
  const wanted = bindingInWords(bindingOf(spec));
  return referencesOf(spec).flatMap((reference) => {
    if (!reference.startsWith('secret:')) return [];
    const name = reference.slice('secret:'.length);
    const secret = kept.find((candidate) => candidate.name === name);
    if (secret === undefined) return [`${reference} is not set yet: "tidemark secret set ${name}".`];
    if (bindingInWords(secret) === wanted) return [];
    return [`${reference} was set as ${bindingInWords(secret)}, and is needed as ${wanted}: "tidemark secret set ${name} -f FILE".`];
  });
}

export const bindingInWords = ({ tenant, login, purpose }: SecretBinding): string => `${purpose} of tenant ${tenant} at ${login}`;

/** What the connections that name it have in common; null when none does. */
function commonBinding(name: string, specs: readonly ConnectionSpec[]): SecretBinding | null {
  const users = specs.filter((spec) => usesSecret(spec, name));
  const bindings = new Map(users.map((spec) => [bindingInWords(bindingOf(spec)), bindingOf(spec)]));
  if (bindings.size > 1) {
    throw new TidemarkError(
      'CONFIG_INVALID',
      `secret:${name} would be for ${[...bindings.keys()].join(' and for ')}; a secret is for one.`,
      {
        hint: 'Give the connections secrets of different names.',
      },
    );
  }
  return [...bindings.values()][0] ?? null;
}
