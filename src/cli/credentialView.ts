// How `get` and `status` show the credentials of a connection: which is in use, which was refused, and when each ends. From the database alone.
import { expiryInWords } from '../clients/expiry.ts';
import { referencesOf } from '../connectors/credentials.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { StoredCredential } from '../store/credential.ts';

export interface CredentialView {
  readonly reference: string;
  /** `untried` until a login has needed it. */
  readonly state: StoredCredential['state'] | 'untried';
  readonly since: string | null;
  readonly aadsts: number | null;
  readonly reason: string | null;
  readonly inUse: boolean;
  /** It is in use, and another one is preferred. */
  readonly fallback: boolean;
  readonly expiresAt: string | null;
  /** In words; also why it is not known. */
  readonly expires: string;
}

/** In the order of the connection's file. */
export function credentialViews(spec: ConnectionSpec, stored: readonly StoredCredential[], now: Date): CredentialView[] {
  return referencesOf(spec).map((reference, position): CredentialView => {
    const row = stored.find((candidate) => candidate.connection === spec.name && candidate.reference === reference);
    return {
      reference,
      state: row?.state ?? 'untried',
      since: row?.since ?? null,
      aadsts: row?.aadsts ?? null,
      reason: row?.reason ?? null,
      inUse: row?.inUse ?? false,
      fallback: (row?.inUse ?? false) && position > 0,
      expiresAt: row?.expiresAt ?? null,
      expires: row?.expiresAt === null || row === undefined ? `end ${row?.unknown ?? 'not known yet'}` : expiryInWords(row.expiresAt, now),
    };
  });
}

export function credentialLines(views: readonly CredentialView[]): string[] {
  return views.map((view) => {
    const { reference, state, since, aadsts, reason, inUse, fallback, expiresAt, expires } = view;
    const is = `${state}${aadsts === null ? '' : ` (AADSTS${aadsts})`}${since === null ? '' : ` since ${since}`}`;
    const used = fallback ? [`in use in place of ${views[0]?.reference ?? ''}`] : inUse ? ['in use'] : [];
    const end = state === 'works' ? [expiresAt === null ? expires : `${expires} (${expiresAt})`] : [];
    return [`credential ${reference}: ${is}`, ...used, ...end, ...(reason === null ? [] : [reason])].join(', ');
  });
}
