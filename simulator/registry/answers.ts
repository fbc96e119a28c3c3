// What a simulated registry answers: its challenge, tokens, lists, manifests, and where a blob lies. In the shapes of Azure's registries.
// https://learn.microsoft.com/rest/api/containerregistry, https://github.com/opencontainers/distribution-spec/blob/main/spec.md
import { createHmac } from 'node:crypto';
import type { Answer } from '../answer.ts';
import type { RegistryPhase } from '../faults.ts';
import type { RegistryContent } from './content.ts';
import type { RegistryIssuer } from './tokens.ts';

/** Who may read what of a registry. */
export interface RegistryAccess {
  readonly pull: boolean;
  readonly catalog: boolean;
}

export interface RegistrySettings {
  /** Lifetime of access tokens, seconds. @default 4500 */
  tokenLifetimeS: number;
  /** Most names of a page of a list, whatever is asked for. @default 100 */
  pageSize: number;
  /** Requests per minute and registry; null: no limit. @default null */
  readsPerMinute: number | null;
}

export interface RegistryRequest {
  /** Number of the registry. */
  readonly registry: number;
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

export interface RegistryWorld {
  readonly content: RegistryContent;
  readonly issuer: RegistryIssuer;
  readonly settings: RegistrySettings;
  readonly hosts: readonly string[];
  readonly storage: () => string;
  readonly nowMs: () => number;
  readonly access: (registry: number) => RegistryAccess;
  /** Whether Microsoft's token is one of the registries' audience that lives. */
  readonly accepts: (token: string) => boolean;
}

const refreshLifeS = 3 * 3600;

export function phaseOf(path: string): RegistryPhase {
  if (path.startsWith('/oauth2/')) return 'registryToken';
  if (path === '/v2/_catalog') return 'catalog';
  if (path.endsWith('/tags/list')) return 'tags';
  return path.includes('/blobs/') ? 'blob' : 'manifest';
}

export function answerRegistry(world: RegistryWorld, request: RegistryRequest): Answer {
  const { pathname } = request.url;
  if (pathname === '/oauth2/exchange' && request.method === 'POST') return exchange(world, request);
  if (pathname === '/oauth2/token' && request.method === 'POST') return issue(world, request);
  if (request.method !== 'GET') return refuse(405, 'UNSUPPORTED', 'The operation is unsupported.');
  if (pathname === '/v2/_catalog') {
    return guarded(world, request, 'registry:catalog:*', () => {
      const names = world.content.repositories(request.registry);
      return listPage(world, request, names, (page) => ({ repositories: page }));
    });
  }
  const [, name = '', what = '', reference = ''] = /^\/v2\/(.+)\/(tags|manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
  if (name === '') return refuse(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  return guarded(world, request, `repository:${name}:pull`, () => {
    const { content } = world;
    if (what === 'tags') {
      const tags = content.tags(request.registry, name);
      if (tags === null) return refuse(404, 'NAME_UNKNOWN', 'repository name not known to registry');
      return listPage(world, request, tags, (page) => ({ name, tags: page }));
    }
    if (what === 'manifests') {
      const manifest = content.manifest(request.registry, name, reference);
      if (manifest === null) return refuse(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
      return {
        status: 200,
        headers: { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest },
        body: manifest.text,
      };
    }
    if (content.config(request.registry, name, reference) === null) return refuse(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    const path = `/${request.registry}/${name}/${reference}`;
    const location = `${world.storage()}${path}?sig=${signatureOf(path)}`;
    return { status: 307, headers: { location, 'docker-content-digest': reference }, body: '' };
  });
}

/** As Azure's storage: it takes its own signature only, and a token of somebody else is an error. */
export function answerStorage(world: Pick<RegistryWorld, 'content'>, url: URL, authorization: string | undefined): Answer {
  if (authorization !== undefined) return xml(400, 'InvalidAuthenticationInfo');
  if (url.searchParams.get('sig') !== signatureOf(url.pathname)) return xml(403, 'AuthenticationFailed');
  const [, registry = '', name = '', digest = ''] = /^\/(\d+)\/(.+)\/([^/]+)$/.exec(url.pathname) ?? [];
  const config = world.content.config(Number(registry), name, digest);
  return config === null
    ? xml(404, 'BlobNotFound')
    : { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: config.text };
}

const signatureOf = (path: string): string => createHmac('sha256', 'simulated storage').update(path).digest('base64url');

const xml = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code></Error>`,
});

/** The answer to who has a token for the scope, else the challenge. */
function guarded(world: RegistryWorld, request: RegistryRequest, scope: string, real: () => Answer): Answer {
  const host = world.hosts[request.registry] ?? '';
  const token = /^Bearer (.+)$/.exec(request.authorization ?? '')?.[1];
  const scopes = token === undefined ? [] : (world.issuer.read(token, 'access', host)?.scopes ?? []);
  return scopes.includes(scope) ? real() : challenge(host, scope);
}

function challenge(host: string, scope: string): Answer {
  const bearer = `Bearer realm="https://${host}/oauth2/token",service="${host}",scope="${scope}"`;
  const refused = refuse(401, 'UNAUTHORIZED', 'authentication required, visit https://aka.ms/acr/authorization for more information.');
  return { ...refused, headers: { ...refused.headers, 'www-authenticate': bearer } };
}

function exchange(world: RegistryWorld, { registry, form }: RegistryRequest): Answer {
  const host = world.hosts[registry] ?? '';
  const isRight = form.get('grant_type') === 'access_token' && form.get('service') === host;
  if (!isRight || !world.accepts(form.get('access_token') ?? '')) return refuse(401, 'UNAUTHORIZED', 'authentication required');
  const exp = Math.floor(world.nowMs() / 1000) + refreshLifeS;
  return { status: 200, headers: {}, body: { refresh_token: world.issuer.issue({ kind: 'refresh', aud: host, exp, scopes: [] }) } };
}

function issue(world: RegistryWorld, { registry, form }: RegistryRequest): Answer {
  const host = world.hosts[registry] ?? '';
  const refresh = world.issuer.read(form.get('refresh_token') ?? '', 'refresh', host);
  if (form.get('grant_type') !== 'refresh_token' || refresh === null) return refuse(401, 'UNAUTHORIZED', 'authentication required');
  const { pull, catalog } = world.access(registry);
  const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '));
  const isGranted = scopes.every((scope) => (scope === 'registry:catalog:*' ? catalog : /^repository:[^:]+:pull$/.test(scope) && pull));
  if (!isGranted) return refuse(401, 'UNAUTHORIZED', 'authentication required');
  const exp = Math.floor(world.nowMs() / 1000) + world.settings.tokenLifetimeS;
  return { status: 200, headers: {}, body: { access_token: world.issuer.issue({ kind: 'access', aud: host, exp, scopes }) } };
}

function listPage(
  { settings }: RegistryWorld,
  { url }: RegistryRequest,
  names: readonly string[],
  body: (page: string[]) => Answer['body'],
): Answer {
  const last = url.searchParams.get('last') ?? '';
  const size = Math.min(Number(url.searchParams.get('n') ?? settings.pageSize), settings.pageSize);
  const rest = names.filter((name) => name > last);
  const page = rest.slice(0, size);
  const more = rest.length > page.length;
  const link = `<${url.pathname}?last=${encodeURIComponent(page.at(-1) ?? '')}&n=${size}&orderby=>; rel="next"`;
  return { status: 200, headers: more ? { link } : {}, body: body(page) };
}

/** A refusal in the shape of the specification. */
export function refuse(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: { errors: [{ code, message, detail: null }] },
  };
}
