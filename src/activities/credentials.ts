// The credentials of the connections, read where their references point, each time they are asked for.
import { checkCertificate } from '../clients/certificate.ts';
import { federatedTokenFile } from '../clients/federatedToken.ts';
import type { Candidate } from '../clients/rotation.ts';
import { readSecret, type SecretPlaces } from '../clients/secrets/index.ts';
import type { Credential } from '../clients/token.ts';
import type { Config } from '../config.ts';
import { bindingOf, referencesOf } from '../connectors/credentials.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Database } from '../store/database.ts';
import { getSecret } from '../store/secret.ts';
import { createCredentialWatch, type CredentialWatch } from './credentialWatch.ts';

export interface Credentials extends CredentialWatch {
  /** What a connection may log in by, the preferred one first, with the reason for each that cannot be read. @throws CONFIG_INVALID */
  read(spec: ConnectionSpec): Promise<Candidate[]>;
  /** A secret that is no credential: the password of an order. @throws SECRET_UNAVAILABLE, CONFIG_INVALID */
  reveal(spec: ConnectionSpec, reference: string): Promise<string>;
}

interface CredentialDependencies {
  readonly database: Database;
  readonly config: Pick<Config, 'secrets'>;
  readonly logger: Logger;
}

export function createCredentials({ database, config, logger }: CredentialDependencies): Credentials {
  const placesNow = (): SecretPlaces => {
    const { env, allowedEnv, dir, keyFile } = config.secrets;
    return { env, allowedEnv, dir, kept: { keyFile, find: (name: string) => getSecret(database, name) } };
  };
  return {
    ...createCredentialWatch({ database, logger }),
    reveal: (spec, reference) => readSecret(reference, bindingOf(spec), placesNow()),
    read(spec) {
      const places = placesNow();
      const { federatedTokenFile: tokenFile } = config.secrets;
      return Promise.all(
        referencesOf(spec).map(async (reference): Promise<Candidate> => {
          try {
            return { reference, credential: await readCredential(spec, reference, { places, tokenFile }) };
          } catch (failure) {
            return { reference, credential: null, failure };
          }
        }),
      );
    },
  };
}

interface CredentialPlaces {
  readonly places: SecretPlaces;
  readonly tokenFile: string | null;
}

async function readCredential(spec: ConnectionSpec, reference: string, { places, tokenFile }: CredentialPlaces): Promise<Credential> {
  const { identity, clientCertificate } = spec.credentials;
  if (identity === 'workload') return { kind: 'workload', tokenFile: await federatedTokenFile(tokenFile) };
  if (identity === 'managed') {
    // The library would post it by itself, past our transport and to an origin of its own choice (I16).
    if (tokenFile !== null) {
      throw new TidemarkError(
        'CONFIG_INVALID',
        'The worker has a federated token (AZURE_FEDERATED_TOKEN_FILE), and the connection asks for a managed identity.',
        {
          hint: 'Write identity: workload, or take the variable from the worker.',
        },
      );
    }
    return { kind: 'managed' };
  }
  const value = await readSecret(reference, bindingOf(spec), places);
  if (clientCertificate === null) return { kind: 'secret', secret: value };
  // One that has expired would end the login before the next one is tried.
  checkCertificate(value);
  return { kind: 'certificate', pem: value };
}
