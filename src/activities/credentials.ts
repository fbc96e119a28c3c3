// The credentials of the connections, read where their references point, each time they are asked for.
import { checkCertificate } from '../clients/certificate.ts';
import { federatedTokenFile } from '../clients/federatedToken.ts';
import type { Candidate } from '../clients/rotation.ts';
import { type Account, readAccount } from '../clients/secrets/ccp.ts';
import { readClientId, readSecret, type SecretPlaces } from '../clients/secrets/index.ts';
import { readVaultSecret } from '../clients/secrets/keyVault.ts';
import type { Credential } from '../clients/token.ts';
import type { Config } from '../config.ts';
import { bindingOf, isReference, referencesOf } from '../connectors/credentials.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Database } from '../store/database.ts';
import { getSecret } from '../store/secret.ts';
import { createCredentialWatch, type CredentialWatch } from './credentialWatch.ts';

export interface Credentials extends CredentialWatch {
  /** What a connection may log in by, the preferred one first, with the reason for each that cannot be read. @throws CONFIG_INVALID */
  read(spec: ConnectionSpec): Promise<Candidate[]>;
}

interface CredentialDependencies {
  readonly database: Database;
  readonly config: Pick<Config, 'secrets' | 'allowedOrigins' | 'proxy'>;
  readonly logger: Logger;
}

export function createCredentials({ database, config, logger }: CredentialDependencies): Credentials {
  return {
    ...createCredentialWatch({ database, logger }),
    read(spec) {
      const places = placesOf({ database, config });
      const tokenFile = config.secrets.federatedTokenFile;
      return Promise.all(
        referencesOf(spec).map(async (reference): Promise<Candidate> => {
          try {
            const { clientId } = spec.credentials;
            const credential = await readCredential(spec, reference, { places, tokenFile });
            return { reference, clientId: isReference(clientId) ? await readClientId(clientId, places) : clientId, credential };
          } catch (failure) {
            return { reference, credential: null, failure };
          }
        }),
      );
    },
  };
}

/** For one reading: an account of CyberArk is asked for once, so that its key and its id are of one answer. */
function placesOf({ database, config }: Pick<CredentialDependencies, 'database' | 'config'>): SecretPlaces {
  const { allowedOrigins, proxy, secrets } = config;
  const accounts = new Map<string, Promise<Account>>();
  return {
    env: secrets.env,
    allowedEnv: secrets.allowedEnv,
    dir: secrets.dir,
    kept: { keyFile: secrets.keyFile, find: (name) => getSecret(database, name) },
    jweKeyFiles: secrets.jweKeyFiles,
    vaultSecret: (identifier) => readVaultSecret(identifier, { login: secrets.keyVault, allowedOrigins, proxy }),
    account(name) {
      const asked = accounts.get(name) ?? readAccount(name, { access: secrets.ccp, proxy });
      accounts.set(name, asked);
      return asked;
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
