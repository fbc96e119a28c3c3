// Access tokens of one application, by @azure/identity. Repeats nothing; keeps one token until shortly before its end.
import type * as Identity from '@azure/identity';
import { TidemarkError } from '../errors.ts';
import { checkCertificate } from './certificate.ts';
import type { Http } from './http.ts';
import { unavailable } from './httpFault.ts';
import { acquireManaged } from './managedIdentity.ts';
import { orAborted } from './orAborted.ts';
import { redactError, rememberSecret } from './redact.ts';
import { tokenError } from './tokenErrors.ts';
import { createTokenTransport } from './tokenTransport.ts';

/** A token this close to its end is not used any more. */
const renewBeforeMs = 5 * 60_000;
/** Everything an acquisition takes: discovery and token. Callers that stop waiting do not end it for the others. */
const acquisitionMs = 90_000;

export type Credential =
  | { readonly kind: 'secret'; readonly secret: string }
  /** PEM of the certificate and its private key. */
  | { readonly kind: 'certificate'; readonly pem: string }
  /** The identity of the machine that the worker runs on. */
  | { readonly kind: 'managed' }
  /** The file of the token by which a platform vouches for the worker. */
  | { readonly kind: 'workload'; readonly tokenFile: string };

export interface TokenOptions {
  /** The login's origin, https, e.g. `https://login.microsoftonline.com`. The credential goes nowhere else. */
  readonly login: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly credential: Credential;
  /** E.g. `https://graph.microsoft.com/.default`. */
  readonly scope: string;
  readonly http: Http;
}

export interface TokenProvider {
  /**
   * A token that lives at least five minutes more; with `refresh`, one newly acquired. Callers at the same time share one acquisition.
   * Codes: SOURCE_AUTH_FAILED (details.aadsts), SOURCE_UNAVAILABLE, SOURCE_THROTTLED, LINK_REFUSED, CONFIG_INVALID. An aborted signal throws its own reason.
   */
  token(signal: AbortSignal, options?: { readonly refresh?: boolean }): Promise<string>;
}

/** What an acquisition needs: a quarter of a second to load, which only who asks for a token pays, and who will ask may pay before. */
export const loadIdentity = (): Promise<typeof Identity> => import('@azure/identity');

export function createTokenProvider(options: TokenOptions): TokenProvider {
  let current: Identity.AccessToken | null = null;
  let pending: Promise<Identity.AccessToken> | null = null;

  const acquired = (): Promise<Identity.AccessToken> => {
    const { credential } = options;
    pending ??= (credential.kind === 'managed' ? acquireManaged(options) : acquire({ ...options, credential }))
      .then((token) => (current = token))
      .finally(() => (pending = null));
    return pending;
  };
  const token: TokenProvider['token'] = async (signal, { refresh = false } = {}) => {
    signal.throwIfAborted();
    if (!refresh && current !== null && current.expiresOnTimestamp - Date.now() > renewBeforeMs) return current.token;
    return (await orAborted(acquired(), signal)).token;
  };
  return { token };
}

/** One acquisition with a credential object of its own: the library's caches, of tokens and of refusals, would get in the way of `refresh`. */
async function acquire(options: PostedOptions): Promise<Identity.AccessToken> {
  const login = new URL(options.login);
  if (login.protocol !== 'https:') {
    throw new TidemarkError('CONFIG_INVALID', `${login.host}: tokens are asked for by https only.`, {
      hint: 'Use an https address in endpoints.login.',
    });
  }
  const deadline = AbortSignal.timeout(acquisitionMs);
  const { client, log } = createTokenTransport(
    options.http,
    { name: login.host, allows: ({ origin }) => origin === login.origin },
    deadline,
  );
  const credential = await createCredential(options, {
    authorityHost: login.origin,
    disableInstanceDiscovery: true,
    httpClient: client,
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
  });
  try {
    const token = await credential.getToken(options.scope);
    if (token === null) throw new Error('no token');
    rememberSecret(token.token);
    return token;
  } catch (error) {
    if (log.failure instanceof TidemarkError) throw log.failure;
    if (deadline.aborted) throw unavailable(login.host, 'timeout', `no token within ${acquisitionMs} ms`);
    // The cause is cleaned here, where the secret is known to be: what is thrown may be logged anywhere.
    throw tokenError(login.host, log.answer, redactError(error));
  }
}

/** What is posted to the login. */
interface PostedOptions extends TokenOptions {
  readonly credential: Exclude<Credential, { kind: 'managed' }>;
}

interface CredentialOptions {
  readonly authorityHost: string;
  readonly disableInstanceDiscovery: boolean;
  readonly httpClient: ReturnType<typeof createTokenTransport>['client'];
  readonly retryOptions: { readonly maxRetries: number };
  readonly redirectOptions: { readonly maxRetries: number };
}

async function createCredential(
  { tenantId, clientId, credential }: PostedOptions,
  shared: CredentialOptions,
): Promise<Identity.TokenCredential> {
  const { ClientCertificateCredential, ClientSecretCredential, WorkloadIdentityCredential } = await loadIdentity();
  switch (credential.kind) {
    case 'certificate':
      checkCertificate(credential.pem);
      return new ClientCertificateCredential(tenantId, clientId, { certificate: credential.pem }, shared);
    case 'secret':
      rememberSecret(credential.secret);
      return new ClientSecretCredential(tenantId, clientId, credential.secret, shared);
    case 'workload':
      return new WorkloadIdentityCredential({ ...shared, tenantId, clientId, tokenFilePath: credential.tokenFile });
  }
}
