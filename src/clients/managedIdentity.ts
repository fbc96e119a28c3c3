// Tokens of the identity that Azure gives a machine, by @azure/identity. No credential leaves the worker: it asks an address of its own machine.
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AccessToken } from '@azure/identity';
import { TidemarkError } from '../errors.ts';
import { createHttp } from './http.ts';
import { unavailable } from './httpFault.ts';
import { isLinkLocal, isLoopback } from './proxy.ts';
import { redactError, rememberSecret } from './redact.ts';
import { claimsOf } from './tokenClaims.ts';
import { createTokenTransport, type HttpClient, type TransportLog } from './tokenTransport.ts';

export interface ManagedOptions {
  /** null: whichever the identity is of. */
  readonly tenantId: string | null;
  /** Of the user-assigned identity; null: the machine's own. */
  readonly clientId: string | null;
  readonly scope: string;
}

/** The endpoint is a hop away, or not there at all. */
const acquisitionMs = 10_000;
const limits = { connectMs: 2_000, headersMs: 8_000, totalMs: 9_000 };

const otherCredential = 'or log in by clientSecret, clientCertificate or identity: workload.';

/** The library keeps the first client that it is given for as long as it is loaded: this one sends by the transport of whoever asks. */
const transports = new AsyncLocalStorage<HttpClient>();
const currentClient: HttpClient = {
  sendRequest(request) {
    const client = transports.getStore();
    if (client === undefined) throw new TidemarkError('INTERNAL', 'A token is asked for outside of an acquisition.');
    return client.sendRequest(request);
  },
};

/**
 * A token of this machine's identity, which MUST be of the tenant that is asked for: its own is the only one it can read.
 * The library keeps a token until shortly before its end, and so does the endpoint: asking again gives the same one.
 */
export async function acquireManaged(options: ManagedOptions): Promise<AccessToken> {
  const deadline = AbortSignal.timeout(acquisitionMs);
  // No proxy: the endpoint is this machine's.
  const http = createHttp({ linkLocal: true, limits });
  const goesTo = { name: 'an address of this machine', allows: ({ hostname }: URL) => isLoopback(hostname) || isLinkLocal(hostname) };
  const { client, log } = createTokenTransport(http, goesTo, deadline);
  // A quarter of a second to load: only who asks for a token pays it.
  const { ManagedIdentityCredential } = await import('@azure/identity');
  let token: AccessToken;
  try {
    const shared = { httpClient: currentClient, retryOptions: { maxRetries: 0 }, redirectOptions: { maxRetries: 0 } };
    const { clientId } = options;
    const credential = clientId === null ? new ManagedIdentityCredential(shared) : new ManagedIdentityCredential(clientId, shared);
    token = await transports.run(client, () => credential.getToken(options.scope));
    rememberSecret(token.token);
  } catch (error) {
    throw managedError(options.clientId, log, redactError(error));
  } finally {
    await http.close();
  }
  const { tid } = claimsOf(token.token);
  if (typeof tid === 'string' && options.tenantId !== null && tid.toLowerCase() !== options.tenantId.toLowerCase()) {
    throw new TidemarkError(
      'CONFIG_INVALID',
      `The managed identity ${nameOf(options.clientId)} is of the tenant ${tid}, not of ${options.tenantId}.`,
      {
        hint: 'A managed identity reads its own tenant only: correct tenantId, or log in by an application of the other tenant.',
      },
    );
  }
  return token;
}

const nameOf = (clientId: string | null): string => clientId ?? 'of the machine';

function managedError(clientId: string | null, log: TransportLog, cause: unknown): TidemarkError {
  const { answer, failure } = log;
  const host = log.host ?? 'the identity endpoint';
  if (failure instanceof TidemarkError && failure.code !== 'SOURCE_UNAVAILABLE') return failure;
  if (failure !== null || answer === null) {
    const what = failure === null ? 'the environment of the worker names no endpoint that could be asked' : `nothing answers at ${host}`;
    return new TidemarkError('SECRET_UNAVAILABLE', `The worker has no managed identity: ${what}.`, {
      hint: `Run the worker on an Azure machine, app or container that the identity is assigned to, ${otherCredential}`,
      details: { reference: 'identity:managed' },
      cause,
    });
  }
  const details = { status: answer.status };
  // What the endpoint's documentation says is to be asked again.
  if (answer.status === 404 || answer.status === 410 || answer.status === 429 || answer.status >= 500) {
    return unavailable(host, 'status', `the identity endpoint answers ${answer.status}`, { cause });
  }
  return new TidemarkError(
    'SOURCE_AUTH_FAILED',
    `${host}: this worker is given no token of the managed identity ${nameOf(clientId)} (${answer.status}).`,
    {
      hint: `Assign the user-assigned identity with this clientId to the machine or app that the worker runs on, ${otherCredential}`,
      details,
      cause,
    },
  );
}
