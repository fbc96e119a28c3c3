// What an access token says of itself. Nothing is verified: the token is our own, and the source judges it.

/** The claims of a JWT; none when it is no JWT. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}

/** The application permissions that a token holds. */
export function rolesOf(token: string): string[] {
  const { roles } = claimsOf(token);
  return Array.isArray(roles) ? roles.filter((role): role is string => typeof role === 'string') : [];
}
