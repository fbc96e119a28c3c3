// The tokens of one registry, one per scope: Microsoft's exchange of the connection's own token, or Docker's token server.
// MUST send a credential to the registry's own origin only. https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import { parseJson } from '../http.ts';
import { orAborted } from '../orAborted.ts';
import { rememberSecret } from '../redact.ts';
import type { TokenProvider } from '../token.ts';
import { claimsOf } from '../tokenClaims.ts';
import { parseChallenges, type TokenService, tokenServiceOf } from './challenge.ts';
import { type Access, registryError } from './registryErrors.ts';
import type { Send } from './registryRequest.ts';

export type RegistryCredential =
  /** Of the audience `https://containerregistry.azure.net/.default`, never that of management. */
  | { readonly kind: 'entra'; readonly token: TokenProvider; readonly tenantId: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'anonymous' };

/** What a token is for, as the registry writes it: `repository:NAME:pull` or `registry:catalog:*`. */
export interface Scope {
  readonly name: string;
  readonly access: Access;
}

export interface RegistryTokens {
  /** The `authorization` header for the scope; null while the registry has asked for none. */
  header(scope: Scope, signal: AbortSignal): Promise<string | null>;
  /**
   * After a 401: reads its challenge and answers another header than the one that was `used`.
   * Codes: LINK_REFUSED for a token server elsewhere, SOURCE_FORBIDDEN (the role is named), and those of Http and the token provider.
   */
  renewed(scope: Scope, challenge: string, used: string | null, signal: AbortSignal): Promise<string>;
}

interface Kept {
  readonly header: string;
  readonly untilMs: number;
  /** The refresh token that it was issued for. */
  readonly by?: string;
}

const acquisitionMs = 90_000;
/** A token this close to its end is not used any more. */
const renewBeforeMs = 30_000;
/** What the specification lets a token live that does not say how long. */
const untoldLifeMs = 60_000;
const mostBytes = 64 * 1024;
/** Most scopes kept; the oldest go first. */
const mostScopes = 1000;

const exchanged = z.object({ refresh_token: z.string().min(1) });
const issued = z
  .object({ access_token: z.string().nullish(), token: z.string().nullish(), expires_in: z.number().nonnegative().nullish() })
  .transform(({ access_token: access, token, expires_in: seconds }) => ({ token: access || token || '', seconds: seconds ?? null }))
  .refine(({ token }) => token !== '');

export interface TokensOptions {
  /** As findings name it. */
  readonly registry: string;
  readonly origin: URL;
  readonly credential: RegistryCredential;
  /** Sends one request of the registry; it counts, and repeats nothing. */
  readonly send: Send;
}

export function createRegistryTokens({ registry, origin, credential, send }: TokensOptions): RegistryTokens {
  const kept = new Map<string, Kept>();
  const pending = new Map<string, Promise<string>>();
  let service: TokenService | 'basic' | null = null;
  let refresh: { readonly token: string; readonly untilMs: number } | null = null;
  let exchanging: Promise<string> | null = null;

  /** A form or query to the token server, and what it answers. */
  const ask = async <T>(
    { url, form, authorization, access }: { url: URL; form?: URLSearchParams; authorization?: string; access: Access },
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    const method = form === undefined ? 'GET' : 'POST';
    const answer = await send(
      {
        method,
        url,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form === undefined ? {} : { body: form.toString() }),
        maxBytes: mostBytes,
      },
      signal,
    );
    // A token server says 400 where it means that it does not take the token.
    const status = answer.status === 400 ? 401 : answer.status;
    if (status < 200 || status > 299) throw registryError({ method, url, registry, access }, { ...answer, status }, Date.now());
    const parsed = schema.safeParse(parseJson(method, url, answer));
    if (parsed.success) return parsed.data;
    throw new TidemarkError('SOURCE_SHAPE_CHANGED', `${registry}: the token server's answer holds no token.`, { details: { registry } });
  };

  const exchange = async (
    { service: name }: TokenService,
    { token, tenantId }: Extract<RegistryCredential, { kind: 'entra' }>,
    { access }: Scope,
    signal: AbortSignal,
  ): Promise<string> => {
    const url = new URL('/oauth2/exchange', origin);
    const formOf = (accessToken: string): URLSearchParams =>
      new URLSearchParams({ grant_type: 'access_token', service: name, tenant: tenantId, access_token: accessToken });
    const post = (accessToken: string): Promise<z.infer<typeof exchanged>> =>
      ask({ url, form: formOf(accessToken), access }, exchanged, signal);
    const used = await token.token(signal);
    const { refresh_token: fresh } = await post(used).catch(async (error: unknown) => {
      if (!(error instanceof TidemarkError) || error.code !== 'SOURCE_FORBIDDEN') throw error;
      // Microsoft's token may have been revoked: it is renewed once.
      return post(await token.token(signal, { refresh: true }));
    });
    rememberSecret(fresh);
    refresh = { token: fresh, untilMs: endOf(fresh, null) };
    return fresh;
  };

  /** One exchange for all scopes that need it. */
  const refreshToken = async (...how: Parameters<typeof exchange>): Promise<string> => {
    if (refresh !== null && refresh.untilMs - Date.now() > renewBeforeMs) return refresh.token;
    exchanging ??= exchange(...how).finally(() => (exchanging = null));
    return exchanging;
  };

  const issue = async (from: TokenService, scope: Scope, signal: AbortSignal): Promise<Kept> => {
    const { realm, service: name } = from;
    const { access } = scope;
    if (credential.kind === 'entra') {
      const by = await refreshToken(from, credential, scope, signal);
      const form = new URLSearchParams({ grant_type: 'refresh_token', service: name, scope: scope.name, refresh_token: by });
      return { ...keptOf(await ask({ url: realm, form, access }, issued, signal)), by };
    }
    const url = new URL(realm);
    url.searchParams.set('service', name);
    url.searchParams.set('scope', scope.name);
    const authorization = credential.kind === 'basic' ? { authorization: basicOf(credential) } : {};
    return keptOf(await ask({ url, ...authorization, access }, issued, signal));
  };

  /** Callers at the same time share one acquisition; who stops waiting does not end it for the others. */
  const acquire = (from: TokenService, scope: Scope, signal: AbortSignal): Promise<string> => {
    const acquiring =
      pending.get(scope.name) ??
      issue(from, scope, AbortSignal.timeout(acquisitionMs))
        .then((fresh) => {
          kept.delete(scope.name);
          kept.set(scope.name, fresh);
          for (const oldest of kept.keys()) if (kept.size > mostScopes) kept.delete(oldest);
          return fresh.header;
        })
        .finally(() => pending.delete(scope.name));
    pending.set(scope.name, acquiring);
    return orAborted(acquiring, signal);
  };

  return {
    async header(scope, signal) {
      if (service === null) return null;
      if (service === 'basic') return credential.kind === 'basic' ? basicOf(credential) : null;
      const known = kept.get(scope.name);
      if (known !== undefined && known.untilMs - Date.now() > renewBeforeMs) return known.header;
      return acquire(service, scope, signal);
    },
    async renewed(scope, challenge, used, signal) {
      const challenges = parseChallenges(challenge);
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      if (bearer !== undefined) {
        service = tokenServiceOf(bearer, origin);
        const known = kept.get(scope.name);
        // Another request may have renewed it meanwhile.
        if (known !== undefined && known.header !== used) return known.header;
        if (known !== undefined && known.by === refresh?.token) refresh = null;
        return acquire(service, scope, signal);
      }
      const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
      if (isBasic && credential.kind === 'basic' && used === null) {
        service = 'basic';
        return basicOf(credential);
      }
      throw registryError(
        { method: 'GET', url: new URL('/v2/', origin), registry, access: scope.access },
        { status: 401, headers: {}, text: '' },
        Date.now(),
      );
    },
  };
}

function keptOf({ token, seconds }: { readonly token: string; readonly seconds: number | null }): Kept {
  return { header: `Bearer ${token}`, untilMs: endOf(token, seconds) };
}

/** When a token ends: as told, as it says itself, or soon. */
function endOf(token: string, seconds: number | null): number {
  if (seconds !== null) return Date.now() + seconds * 1000;
  const { exp } = claimsOf(token);
  return typeof exp === 'number' ? exp * 1000 : Date.now() + untoldLifeMs;
}

function basicOf({ user, password }: Extract<RegistryCredential, { kind: 'basic' }>): string {
  rememberSecret(password);
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
