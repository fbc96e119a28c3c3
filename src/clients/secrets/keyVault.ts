// Secrets of Azure Key Vault by its own library, with an identity that the worker's configuration names: none is guessed.
// MUST NOT send the worker's token to a host that is neither a vault of a known cloud nor allowed (I16).
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
import type { SecretClientOptions } from '@azure/keyvault-secrets';
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import { createHttp, type HttpAnswer } from '../http.ts';
import { isLoopback, type ProxyConfig } from '../proxy.ts';
import { redactError, rememberSecret } from '../redact.ts';
import { createTokenTransport } from '../tokenTransport.ts';
import { type VaultLogin, vaultToken } from './vaultLogin.ts';
import { unavailable } from './unavailable.ts';

export interface KeyVaultOptions {
  /** null: the worker is given none. */
  readonly login: VaultLogin | null;
  readonly allowedOrigins: readonly string[];
  readonly proxy: ProxyConfig;
  /** PEM certificates trusted besides those of the runtime. */
  readonly ca?: string | null;
}

const limits = { connectMs: 5_000, headersMs: 15_000, idleMs: 10_000, totalMs: 20_000, maxBytes: 256 * 1024 };
/** For a look whether it is there. */
const reachMs = 2_500;
/** Logging in and reading, repetitions included. */
const readingMs = 45_000;
const retryOptions = { maxRetries: 2, retryDelayInMs: 300, maxRetryDelayInMs: 2_000 };

/** Where a cloud has its vaults, and who signs in to them. */
const clouds: readonly (readonly [string, string])[] = [
  ['.vault.azure.net', 'https://login.microsoftonline.com'],
  ['.vault.usgovcloudapi.net', 'https://login.microsoftonline.us'],
  ['.vault.azure.cn', 'https://login.chinacloudapi.cn'],
];

interface Identifier {
  readonly vault: URL;
  readonly name: string;
  readonly version: string | undefined;
}

/** `https://VAULT/secrets/NAME[/VERSION]`, as the portal shows it; null for anything else. */
function vaultIdentifier(text: string): Identifier | null {
  const vault = URL.canParse(text) ? new URL(text) : null;
  if (vault === null || vault.protocol !== 'https:' || `${vault.username}${vault.password}${vault.search}${vault.hash}` !== '') return null;
  const [, name, version] = /^\/secrets\/([0-9A-Za-z-]{1,127})(?:\/([0-9a-f]{32}))?\/?$/.exec(vault.pathname) ?? [];
  return name === undefined ? null : { vault: new URL(vault.origin), name, version };
}

/** The vault of a secret's identifier; null for what is none. */
export const vaultOf = (identifier: string): URL | null => vaultIdentifier(identifier)?.vault ?? null;

/** The cloud that a vault is of; undefined for one that is allowed by name. @throws SECRET_UNAVAILABLE for one that is neither. */
function cloudOf(reference: string, vault: URL, allowedOrigins: readonly string[]): (typeof clouds)[number] | undefined {
  const cloud = clouds.find(([domain]) => vault.hostname.endsWith(domain) && vault.port === '');
  if (cloud !== undefined || isLoopback(vault.hostname) || allowedOrigins.includes(vault.origin)) return cloud;
  throw unavailable(
    reference,
    `the worker may not log in to ${vault.host}`,
    `Correct the name of the vault, or add ${vault.origin} to TIDEMARK_ALLOWED_ORIGINS of the worker.`,
  );
}

/** Whether a vault answers: nobody logs in, no secret is asked for. @throws SECRET_UNAVAILABLE with the reason. */
export async function reachVault(origin: string, { allowedOrigins, proxy, ca = null }: Omit<KeyVaultOptions, 'login'>): Promise<void> {
  const vault = new URL(origin);
  const reference = `keyvault:${origin}/*`;
  cloudOf(reference, vault, allowedOrigins);
  const http = createHttp({ ca, proxy, limits: { ...limits, connectMs: reachMs, totalMs: reachMs } });
  try {
    await http.send({ method: 'GET', url: vault, headers: {}, signal: AbortSignal.timeout(reachMs) });
  } catch (error) {
    throw unreached({ reference, host: vault.host, cause: redactError(error) }, error);
  } finally {
    await http.close();
  }
}

/** The value. @throws SECRET_UNAVAILABLE with the reason. */
export async function readVaultSecret(identifier: string, options: KeyVaultOptions): Promise<string> {
  const reference = `keyvault:${identifier}`;
  const parsed = vaultIdentifier(identifier);
  if (parsed === null)
    throw unavailable(reference, 'it is no identifier of a secret', 'Write keyvault:https://VAULT.vault.azure.net/secrets/NAME.');
  const { vault, name, version } = parsed;
  const cloud = cloudOf(reference, vault, options.allowedOrigins);
  const { login } = options;
  if (login === null) {
    throw unavailable(
      reference,
      'the worker has no login to vaults',
      'Set TIDEMARK_KEYVAULT_LOGIN of the worker to managed, workload, secret or certificate.',
    );
  }
  const deadline = AbortSignal.timeout(readingMs);
  const http = createHttp({ ca: options.ca ?? null, proxy: options.proxy, limits });
  const { client: httpClient, log } = createTokenTransport(
    http,
    { name: vault.host, allows: ({ origin }) => origin === vault.origin },
    deadline,
  );
  let loginFailure: unknown = null;
  let asksForOurs = false;
  const credential = {
    async getToken(scopes: string | string[], asked: { readonly tenantId?: string } = {}) {
      asksForOurs = true;
      try {
        const [scope = ''] = [scopes].flat();
        return await vaultToken({ login, scope, tenantId: asked.tenantId ?? null, http, authority: cloud?.[1] ?? null, signal: deadline });
      } catch (error) {
        loginFailure = error;
        throw error;
      }
    },
  };
  try {
    // A tenth of a second to load: only who reads a vault pays it.
    const { SecretClient } = await import('@azure/keyvault-secrets');
    const asked: SecretClientOptions = {
      httpClient,
      retryOptions,
      redirectOptions: { maxRetries: 0 },
      // A vault on this machine is none of Azure's: what it asks tokens for does not name it.
      disableChallengeResourceVerification: isLoopback(vault.hostname),
    };
    const vaultClient = new SecretClient(vault.origin, credential, asked);
    const { value = '' } = await vaultClient.getSecret(name, { ...(version === undefined ? {} : { version }), abortSignal: deadline });
    rememberSecret(value);
    return value;
  } catch (error) {
    const of = { reference, host: vault.host, cause: redactError(error) };
    if (loginFailure !== null) throw notLoggedIn(of, loginFailure);
    if (deadline.aborted)
      throw unavailable(reference, `${vault.host} did not answer within ${readingMs / 1000} s`, away, { passing: true });
    if (log.answer === null) throw unreached(of, log.failure);
    throw asksForOurs ? refused(of, log.answer) : notAVault(of);
  } finally {
    await http.close();
  }
}

interface Of {
  readonly reference: string;
  readonly host: string;
  readonly cause: unknown;
}

const away = 'Check the name of the vault, the network and the firewall of the vault.';

function notLoggedIn({ reference, host }: Of, failure: unknown): Error {
  const passing = failure instanceof TidemarkError && (failure.code === 'SOURCE_UNAVAILABLE' || failure.code === 'SOURCE_THROTTLED');
  const told = failure instanceof TidemarkError ? failure : null;
  return unavailable(
    reference,
    `the worker cannot log in to ${host}: ${told === null ? 'the login failed' : told.message.replace(/\.$/, '')}`,
    `Correct TIDEMARK_KEYVAULT_LOGIN of the worker, and the AZURE_* variables that it needs. ${told?.hint ?? ''}`.trim(),
    { passing, cause: failure },
  );
}

function unreached({ reference, host, cause }: Of, failure: unknown): Error {
  if (!(failure instanceof TidemarkError)) return notAVault({ reference, host, cause });
  const reason = String(failure.details['reason'] ?? failure.details['fault'] ?? failure.code);
  if (failure.code === 'CONFIG_INVALID')
    return unavailable(reference, `the certificate of ${host} is not trusted (${reason})`, failure.hint, { cause });
  return unavailable(reference, `${host} cannot be reached (${reason})`, away, { passing: true, cause });
}

/** The library went no further: what the host wants a token for is not this host, or it asks for none. */
function notAVault({ reference, host, cause }: Of): Error {
  const what = `${host} asks for a login to something else than this vault, or is none`;
  return unavailable(reference, what, 'Correct the name of the vault in the reference.', { cause });
}

const said = z.object({ error: z.object({ code: z.string(), innererror: z.object({ code: z.string() }).nullish() }) });

function refused({ reference, host, cause }: Of, { status, text }: HttpAnswer): Error {
  const code = codeIn(text);
  const what = `${host} answers ${status}${code === null ? '' : ` (${code})`}`;
  const fixes: Readonly<Record<number, string>> = {
    401: 'The vault belongs to another tenant or cloud than the worker logs in to: correct AZURE_TENANT_ID, or the name of the vault.',
    403: 'Give the identity of the worker the role Key Vault Secrets User on the vault (or "get" on secrets in its access policy), let the worker through the firewall of the vault, and see that the secret is enabled.',
    404: 'Correct the name of the secret or its version in the reference, or make the secret.',
  };
  const passing = status === 429 || status >= 500;
  return unavailable(reference, what, fixes[status] ?? (passing ? 'The vault is busy or away; it is asked again by itself.' : away), {
    passing,
    cause,
  });
}

function codeIn(text: string): string | null {
  try {
    const { error } = said.parse(JSON.parse(text));
    const code = error.innererror?.code ?? error.code;
    return /^[A-Za-z]{1,40}$/.test(code) ? code : null;
  } catch {
    return null;
  }
}
