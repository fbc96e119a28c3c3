// Builds links of Graph and judges those that Graph or a file gives (invariant I16): a credential goes only to the configured base.
import { TidemarkError } from '../errors.ts';
import type { Source } from './source.ts';

/** The configured base without a trailing slash. */
export function parseBase(base: string): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/**
 * The link as it may be requested. After WHATWG parsing scheme, host and port MUST equal the base's, the path MUST lie under it, and there MUST be no user.
 * The result is the parsed form: what was judged is what is sent.
 * @throws LINK_REFUSED naming the rule, never the link.
 */
export function checkLink(base: URL, link: string): URL {
  if (!URL.canParse(link)) throw refused('it is not an absolute URL', null);
  const url = new URL(link);
  if (url.username !== '' || url.password !== '') throw refused('it names a user', url);
  if (url.protocol !== base.protocol) throw refused(`its scheme is not ${base.protocol}`, url);
  if (url.host !== base.host) throw refused(`its host is not ${base.host}`, url);
  if (!isUnder(base, url.pathname)) throw refused(`its path is not under ${base.pathname}/`, url);
  url.hash = '';
  return url;
}

/** Also a path whose encoded slashes and dots a server might decode first has to stay under the base. */
function isUnder(base: URL, path: string): boolean {
  const root = `${base.pathname.replace(/\/$/, '')}/`;
  if (!path.startsWith(root)) return false;
  if (!/%(2e|2f|5c|25)/i.test(path)) return true;
  const plain = decodePath(path);
  return plain !== null && URL.canParse(plain, base.origin) && new URL(plain, base.origin).pathname.startsWith(root);
}

function decodePath(path: string): string | null {
  try {
    // Twice: a proxy and the server behind it may each decode once. Slashes at the front would make another host of it.
    return decodeURIComponent(decodeURIComponent(path)).replace(/^[/\\]+/, '/');
  } catch {
    return null;
  }
}

function refused(why: string, url: URL | null): TidemarkError {
  return new TidemarkError('LINK_REFUSED', `A link was not followed: ${why}.`, { details: url === null ? {} : { host: url.host } });
}

/** The absolute link that reads a collection; see Source.link. LINK_REFUSED for a path that would leave the base. */
export function buildLink(base: URL, of: Parameters<Source['link']>[0]): string {
  const query: string[] = [];
  if (of.select.length > 0) query.push(`$select=${of.select.map(encodeURIComponent).join(',')}`);
  if (of.delta === 'latest') query.push('$deltatoken=latest');
  // A delta query takes neither page size nor expansion.
  if (of.delta === undefined && of.top !== undefined && of.top !== null) query.push(`$top=${of.top}`);
  if (of.delta === undefined && of.expand !== undefined && of.expand !== null) query.push(`$expand=${encodeURIComponent(of.expand)}`);
  const path = relativePath(...of.path.split('/'), ...(of.delta === undefined ? [] : ['delta']));
  return under(base, query.length === 0 ? path : `${path}?${query.join('&')}`).href;
}

/** A path relative to the base, each segment encoded. LINK_REFUSED for empty segments, `.` and `..`: ids come from the source too. */
export function relativePath(...segments: readonly string[]): string {
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw refused('its path has an empty or dotted segment', null);
  }
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** What `relativePath` made, with its query, as an absolute link. */
export function under(base: URL, relative: string): URL {
  return new URL(`${base.origin}${base.pathname.replace(/\/$/, '')}${relative}`);
}

/** Whether the link is of a delta query: `users/delta`, `users/delta()`, `users/microsoft.graph.delta()`. */
export function isDeltaLink(url: URL): boolean {
  return /[/.]delta(\(\))?$/.test(url.pathname);
}

/** Whether a delta link resumes something: then an expired state is its own. */
export function isFirstRound(url: URL): boolean {
  const deltaToken = url.searchParams.get('$deltatoken') ?? url.searchParams.get('deltatoken');
  return !url.searchParams.has('$skiptoken') && (deltaToken === null || deltaToken === '' || deltaToken === 'latest');
}

/** Advanced queries need their consistency level on every page, not only on the first. */
export function isAdvanced(url: URL): boolean {
  return url.searchParams.has('$count') || url.searchParams.has('$search');
}
