// How the credentials of connections fare: which works and is in use, which was refused or cannot be read, and when it ends.
// Written when something changes; never a value.
import type { Database } from './database.ts';
import { escapeText } from './text.ts';

type CredentialState = 'works' | 'refused' | 'unreadable';

export interface StoredCredential {
  readonly connection: string;
  readonly reference: string;
  readonly state: CredentialState;
  /** The login's number, when it was refused. */
  readonly aadsts: number | null;
  /** Why it cannot be read. */
  readonly reason: string | null;
  /** Since when the state is this one. */
  readonly since: string;
  /** The last login was by this one. */
  readonly inUse: boolean;
  readonly expiresAt: string | null;
  /** Why there is no expiresAt; null when nobody has looked yet. */
  readonly unknown: string | null;
  /** When the source was last asked for the end. */
  readonly lookedAt: string | null;
}

/** The credentials of a connection, or of all. */
export function readCredentials(database: Database, connection: string | null): Promise<StoredCredential[]> {
  return database.query<StoredCredential>(
    `select connection, reference, state, aadsts, reason, since, in_use as "inUse", expires_at as "expiresAt", unknown, looked_at as "lookedAt"
     from credential where $1::text is null or connection = $1 order by connection, reference`,
    [connection],
  );
}

/**
 * Records what was seen of a reference, and forgets those that the connection no longer has. Answers whether that is news; the same seen again writes
 * nothing. Idempotent.
 */
export async function recordCredential(
  database: Database,
  of: Pick<StoredCredential, 'connection' | 'reference' | 'state' | 'aadsts' | 'reason'>,
  references: readonly string[],
): Promise<boolean> {
  const { connection, reference, state, aadsts, reason } = of;
  const [written = []] = await database.batch([
    {
      sql: `insert into credential as c (connection, reference, state, aadsts, reason, in_use)
        select $1, $2, $3, $4, $5, $3 = 'works' from connection where name = $1 and deleted_at is null
        on conflict (connection, reference) do update set state = excluded.state, aadsts = excluded.aadsts, reason = excluded.reason,
          in_use = excluded.in_use, since = case when c.state = excluded.state then c.since else now() end
        where (c.state, c.aadsts, c.reason, c.in_use) is distinct from (excluded.state, excluded.aadsts, excluded.reason, excluded.in_use)
        returning reference`,
      params: [connection, reference, state, aadsts, reason === null ? null : escapeText(reason)],
    },
    {
      sql: `update credential set in_use = false where connection = $1 and reference <> $2 and in_use and $3 = 'works'`,
      params: [connection, reference, state],
    },
    { sql: `delete from credential where connection = $1 and not reference = any ($2)`, params: [connection, references] },
  ]);
  return written.length > 0;
}

/** Whether the source is to be asked for the end of this one: at most once a day and connection, and again when the value is another one. */
export async function claimLook(
  database: Database,
  of: { readonly connection: string; readonly reference: string; readonly changed: boolean },
): Promise<boolean> {
  const rows = await database.query(
    `update credential set looked_at = now() where connection = $1 and reference = $2 and ($3 or not exists (
       select from credential where connection = $1 and looked_at > now() - interval '1 day'
     )) returning reference`,
    [of.connection, of.reference, of.changed],
  );
  return rows.length > 0;
}

/** Records when it ends, or why that is not known. Another end is warned of anew. */
export async function recordExpiry(
  database: Database,
  of: Pick<StoredCredential, 'connection' | 'reference' | 'expiresAt' | 'unknown'>,
): Promise<void> {
  await database.query(
    `update credential set warned = case when expires_at = $3 then warned end, expires_at = $3, unknown = $4
     where connection = $1 and reference = $2 and (expires_at, unknown) is distinct from ($3::timestamptz, $4)`,
    [of.connection, of.reference, of.expiresAt, of.unknown],
  );
}

/** True once for each threshold of an end, the nearest first: who reached 7 is not told of 30 afterwards. */
export async function claimWarning(
  database: Database,
  of: { readonly connection: string; readonly reference: string; readonly threshold: number },
): Promise<boolean> {
  const rows = await database.query(
    `update credential set warned = $3 where connection = $1 and reference = $2 and (warned is null or warned > $3) returning reference`,
    [of.connection, of.reference, of.threshold],
  );
  return rows.length > 0;
}
