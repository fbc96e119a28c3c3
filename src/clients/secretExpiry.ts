// When a client secret ends, as the directory tells it: by its first three characters, which is all that the directory shows of it.
// https://learn.microsoft.com/graph/api/application-get, https://learn.microsoft.com/graph/api/resources/passwordcredential
import { z } from 'zod';
import { type Http, parseJson } from './http.ts';
import { rolesOf } from './tokenClaims.ts';

/** The end, or why it is not known. */
export type Expiry = { readonly expiresAt: string; readonly unknown: null } | { readonly expiresAt: null; readonly unknown: string };

/** Any one of them lets an application read its own registration. */
const sufficient = ['Application.Read.All', 'Application.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];

const timeoutMs = 30_000;

const answerSchema = z.object({
  passwordCredentials: z.array(z.object({ endDateTime: z.iso.datetime({ offset: true }), hint: z.string().nullish() })),
});

export const notAllowed = 'not told: the application lacks Application.Read.All';

const unknown = (why: string): Expiry => ({ expiresAt: null, unknown: why });

/** Asks once, repeats nothing. @throws SOURCE_UNAVAILABLE, LINK_REFUSED, and what else Http throws. */
export async function askSecretExpiry(of: {
  readonly http: Http;
  /** Graph's base, with its version. */
  readonly graph: string;
  readonly clientId: string;
  readonly token: string;
  readonly secret: string;
}): Promise<Expiry> {
  const { http, graph, clientId, token, secret } = of;
  if (!rolesOf(token).some((role) => sufficient.includes(role))) return unknown(notAllowed);
  const url = new URL(`${graph}/applications(appId='${clientId}')?$select=passwordCredentials`);
  const headers = { authorization: `Bearer ${token}`, 'x-ms-throttle-priority': 'low' };
  const answer = await http.send({ method: 'GET', url, headers, signal: AbortSignal.timeout(timeoutMs) });
  if (answer.status !== 200) return unknown(`not told: the directory answered ${answer.status}`);
  const read = answerSchema.safeParse(parseJson('GET', url, answer));
  if (!read.success) return unknown('not told: the directory answered in another shape');
  const now = Date.now();
  // It has just logged in: what is over is another one.
  const living = read.data.passwordCredentials.filter(({ endDateTime }) => Date.parse(endDateTime) > now);
  const named = living.filter(({ hint }) => hint === secret.slice(0, 3));
  const nameless = living.filter(({ hint }) => (hint ?? '') === '');
  // Where it could be several, it is taken for the one that ends first: a warning too many does less harm than none.
  const ends = (named.length > 0 ? named : nameless).map(({ endDateTime }) => Date.parse(endDateTime));
  return ends.length === 0
    ? unknown('not told: the directory lists no such secret')
    : { expiresAt: new Date(Math.min(...ends)).toISOString(), unknown: null };
}
