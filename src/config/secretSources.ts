// The part of the configuration that says where a worker may read secrets, and by what it logs in there.
import path from 'node:path';
import { z } from 'zod';
import type { CcpAccess } from '../clients/secrets/ccp.ts';
import type { VaultLogin } from '../clients/secrets/vaultLogin.ts';
import { TidemarkError } from '../errors.ts';

/** Where secrets may be read: nothing else of the environment or the file system may be named by a reference. */
export interface SecretSources {
  /** Only the variables that references may name. */
  readonly env: Readonly<Record<string, string>>;
  /** The names allowed besides those that begin with TIDEMARK_SECRET_. */
  readonly allowedEnv: readonly string[];
  /** An absolute directory, or null when no file may be read. */
  readonly dir: string | null;
  /** The file with the key of the secrets that Tidemark keeps; absolute. It need not exist. */
  readonly keyFile: string;
  /** The file in which a platform puts the token of the worker's workload identity; null when it names none. */
  readonly federatedTokenFile: string | null;
  /** PEM files of certificates and their keys, by which encrypted files are read; absolute. */
  readonly jweKeyFiles: readonly string[];
  /** How the worker logs in to Azure Key Vault; null when it is given no way. */
  readonly keyVault: VaultLogin | null;
  /** CyberArk's Central Credential Provider; null when there is none. */
  readonly ccp: CcpAccess | null;
}

/** Splits a list at commas and blanks. */
export const list = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''));

const isHttps = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === 'https:';

/** AZURE_* are those of Azure's own libraries and platforms. */
export const secretVariables = {
  TIDEMARK_SECRET_ENV: list.default([]),
  TIDEMARK_SECRET_DIR: z.string().optional(),
  TIDEMARK_SECRET_KEY_FILE: z.string().optional(),
  TIDEMARK_JWE_KEY_FILES: list.default([]),
  TIDEMARK_KEYVAULT_LOGIN: z
    .enum(['managed', 'workload', 'secret', 'certificate'], { error: 'must be managed, workload, secret or certificate' })
    .optional(),
  TIDEMARK_CYBERARK_URL: z
    .string()
    .refine((text) => isHttps(text) && new URL(text).search === '', {
      error: 'must be an https address like https://ccp.example/AIMWebService',
    })
    .optional(),
  TIDEMARK_CYBERARK_APP_ID: z.string().max(128, 'must have at most 128 characters').optional(),
  TIDEMARK_CYBERARK_CERT_FILE: z.string().optional(),
  TIDEMARK_CYBERARK_CA_FILE: z.string().optional(),
  AZURE_FEDERATED_TOKEN_FILE: z.string().optional(),
  AZURE_TENANT_ID: z.string().optional(),
  AZURE_CLIENT_ID: z.string().optional(),
  AZURE_CLIENT_SECRET: z.string().optional(),
  AZURE_CLIENT_CERTIFICATE_PATH: z.string().optional(),
  AZURE_AUTHORITY_HOST: z.string().optional(),
} as const;

type Read = z.output<z.ZodObject<typeof secretVariables>>;

/** All but the variables themselves. @throws CONFIG_INVALID naming the variable, never its value. */
export function secretSourcesOf(read: Read, { cwd, home }: { readonly cwd: string; readonly home: string }): Omit<SecretSources, 'env'> {
  const resolved = (file: string | undefined): string | null => (file === undefined ? null : path.resolve(cwd, file));
  return {
    allowedEnv: read.TIDEMARK_SECRET_ENV,
    dir: resolved(read.TIDEMARK_SECRET_DIR),
    keyFile: resolved(read.TIDEMARK_SECRET_KEY_FILE) ?? path.join(home, 'secret.key'),
    federatedTokenFile: read.AZURE_FEDERATED_TOKEN_FILE ?? null,
    jweKeyFiles: read.TIDEMARK_JWE_KEY_FILES.map((file) => path.resolve(cwd, file)),
    keyVault: vaultLoginOf(read, cwd),
    ccp: ccpOf(read, resolved(read.TIDEMARK_CYBERARK_CA_FILE), cwd),
  };
}

function vaultLoginOf(read: Read, cwd: string): VaultLogin | null {
  const by = read.TIDEMARK_KEYVAULT_LOGIN;
  if (by === undefined) return null;
  const needed = (name: keyof Read & `AZURE_${string}`): string => neededBy(read, name, `TIDEMARK_KEYVAULT_LOGIN=${by}`);
  if (by === 'managed') return { by, clientId: read.AZURE_CLIENT_ID ?? null };
  const application = { tenantId: needed('AZURE_TENANT_ID'), clientId: needed('AZURE_CLIENT_ID'), authority: authorityOf(read) };
  switch (by) {
    case 'workload':
      return { by, ...application, tokenFile: read.AZURE_FEDERATED_TOKEN_FILE ?? null };
    case 'secret':
      return { by, ...application, secret: needed('AZURE_CLIENT_SECRET') };
    case 'certificate':
      return { by, ...application, certificateFile: path.resolve(cwd, needed('AZURE_CLIENT_CERTIFICATE_PATH')) };
  }
}

function authorityOf({ AZURE_AUTHORITY_HOST: host }: Read): string | null {
  if (host === undefined) return null;
  if (isHttps(host)) return new URL(host).origin;
  throw invalid('AZURE_AUTHORITY_HOST must be an https address.');
}

function ccpOf(read: Read, caFile: string | null, cwd: string): CcpAccess | null {
  const { TIDEMARK_CYBERARK_URL: url } = read;
  if (url === undefined) return null;
  const needed = (name: 'TIDEMARK_CYBERARK_APP_ID' | 'TIDEMARK_CYBERARK_CERT_FILE'): string =>
    neededBy(read, name, 'TIDEMARK_CYBERARK_URL');
  return {
    url,
    appId: needed('TIDEMARK_CYBERARK_APP_ID'),
    certificateFile: path.resolve(cwd, needed('TIDEMARK_CYBERARK_CERT_FILE')),
    caFile,
  };
}

function neededBy(read: Read, name: keyof Read, by: string): string {
  const value = read[name];
  if (typeof value === 'string') return value;
  throw invalid(`${name} is not set, which ${by} needs.`);
}

function invalid(message: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', message, { hint: 'Correct the environment variable named here.' });
}
