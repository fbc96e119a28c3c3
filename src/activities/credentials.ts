// The credentials of the connections, read where their references point, each time they are asked for.
import type { Candidate } from '../clients/rotation.ts';
import { readSecret } from '../clients/secrets/index.ts';
import type { Config } from '../config.ts';
import { bindingOf, referencesOf } from '../connectors/credentials.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { Database } from '../store/database.ts';
import { getSecret } from '../store/secret.ts';

export interface Credentials {
  /** What a connection may log in by, the preferred one first, with the reason for each that cannot be read. @throws CONFIG_INVALID */
  read(spec: ConnectionSpec): Promise<Candidate[]>;
}

interface CredentialDependencies {
  readonly database: Database;
  readonly config: Pick<Config, 'secrets'>;
}

export function createCredentials({ database, config }: CredentialDependencies): Credentials {
  return {
    async read(spec) {
      const binding = bindingOf(spec);
      const { keyFile } = config.secrets;
      // Not kept: what the environment holds may change.
      const places = { ...config.secrets, kept: { keyFile, find: (name: string) => getSecret(database, name) } };
      return Promise.all(
        referencesOf(spec).map(async (reference): Promise<Candidate> => {
          try {
            const value = await readSecret(reference, binding, places);
            const isSecret = binding.purpose === 'clientSecret';
            return { reference, credential: isSecret ? { kind: 'secret', secret: value } : { kind: 'certificate', pem: value } };
          } catch (failure) {
            return { reference, credential: null, failure };
          }
        }),
      );
    },
  };
}
