// How the worker itself logs in to Azure Key Vault: by the one way that its configuration names, never by what happens to be installed beside it.
import type { AccessToken } from '@azure/identity';
import { TidemarkError } from '../../errors.ts';
import { federatedTokenFile } from '../federatedToken.ts';
import type { Http } from '../http.ts';
import { acquireManaged } from '../managedIdentity.ts';
import { createTokenProvider, type Credential } from '../token.ts';
import { readConfigured } from './file.ts';

/** `authority`: the origin of the login; null: that of the vault's cloud. */
export type VaultLogin =
  | { readonly by: 'managed'; /** Of a user-assigned identity; null: the machine's own. */ readonly clientId: string | null }
  | (Application & { readonly by: 'workload'; readonly tokenFile: string | null })
  | (Application & { readonly by: 'secret'; readonly secret: string })
  | (Application & { readonly by: 'certificate'; readonly certificateFile: string });

interface Application {
  readonly tenantId: string;
  readonly clientId: string;
  readonly authority: string | null;
}

interface Asked {
  readonly login: VaultLogin;
  readonly scope: string;
  /** The vault's own, as it says; null: it does not. */
  readonly tenantId: string | null;
  /** The origin that signs in to vaults of this cloud; null: it is not known. */
  readonly authority: string | null;
  readonly http: Http;
  readonly signal: AbortSignal;
}

/** How long the library may count on the token: a provider gives none that ends sooner. */
const usableMs = 5 * 60_000;

/** A token for the vault. Throws the codes of `TokenProvider.token`, CONFIG_INVALID and SECRET_UNAVAILABLE. */
export async function vaultToken({ login, scope, tenantId, authority, http, signal }: Asked): Promise<AccessToken> {
  if (login.by === 'managed') return acquireManaged({ tenantId, clientId: login.clientId, scope });
  if (tenantId !== null && tenantId.toLowerCase() !== login.tenantId.toLowerCase()) {
    throw new TidemarkError('CONFIG_INVALID', `The vault is of the tenant ${tenantId}, and the worker logs in to ${login.tenantId}.`, {
      hint: 'Correct AZURE_TENANT_ID of the worker, or the name of the vault.',
    });
  }
  const origin = login.authority ?? authority;
  if (origin === null) {
    throw new TidemarkError('CONFIG_INVALID', 'It is not known where to log in to a vault outside of the known clouds.', {
      hint: 'Set AZURE_AUTHORITY_HOST of the worker to the origin of the login.',
    });
  }
  const credential = await credentialOf(login);
  const provider = createTokenProvider({ login: origin, tenantId: login.tenantId, clientId: login.clientId, credential, scope, http });
  return { token: await provider.token(signal), expiresOnTimestamp: Date.now() + usableMs };
}

async function credentialOf(login: Exclude<VaultLogin, { by: 'managed' }>): Promise<Credential> {
  switch (login.by) {
    case 'workload':
      return { kind: 'workload', tokenFile: await federatedTokenFile(login.tokenFile) };
    case 'secret':
      return { kind: 'secret', secret: login.secret };
    case 'certificate':
      return { kind: 'certificate', pem: await readPem(login.certificateFile) };
  }
}

const readPem = (file: string): Promise<string> =>
  readConfigured(file, (what) => {
    const hint = 'AZURE_CLIENT_CERTIFICATE_PATH of the worker has to name a PEM file with a certificate and its unencrypted key.';
    return new TidemarkError('CONFIG_INVALID', `${file} ${what}.`, { hint });
  });
