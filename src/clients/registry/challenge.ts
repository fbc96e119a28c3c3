// Reads the challenges of a 401: who issues tokens for a registry, and by which scheme. https://distribution.github.io/distribution/spec/auth/token/
import { TidemarkError } from '../../errors.ts';

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Where tokens come from. */
export interface TokenService {
  readonly realm: URL;
  readonly service: string;
}

const token = "[\\w!#$%&'*+.^`|~-]+";
/** A name alone opens a challenge; one with a value belongs to the challenge before it. */
const piece = new RegExp(`(${token})(?:\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token})))?`, 'g');

/** The challenges in a `www-authenticate` header; several headers are joined by commas. What cannot be read is left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const [, name = '', quoted, plain] of header.matchAll(piece)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} });
    else Object.assign(challenges.at(-1)?.parameters ?? {}, { [name.toLowerCase()]: value });
  }
  return challenges;
}

/**
 * The token service of a Bearer challenge. It MUST be on the registry's own origin: the identity's token goes there.
 * @throws LINK_REFUSED when it is elsewhere; the realm itself is not said.
 */
export function tokenServiceOf({ parameters: { realm = '', service = '' } }: Challenge, origin: URL): TokenService {
  const url = URL.canParse(realm) ? new URL(realm) : null;
  if (url !== null && url.origin === origin.origin && url.username === '' && url.password === '') return { realm: url, service };
  throw new TidemarkError('LINK_REFUSED', `${origin.host}: sends to another origin for tokens; nothing was sent there.`, {
    hint: 'A registry of Azure issues its own tokens. Look whether the host named here is the registry that is meant.',
    details: { registry: origin.host, ...(url === null ? {} : { host: url.host }) },
  });
}
