// The secrets that Tidemark keeps, sealed: this file never sees a value or a key. All sealed by one key; who set and removed them is in the audit.
import type { SealedSecret } from '../model.ts';
import type { Database, Transaction } from './database.ts';
import { jsonb } from './params.ts';
import { escapeText } from './text.ts';

export interface StoredSecret extends SealedSecret {
  readonly setAt: string;
}

/** Names the advisory lock of those who set secrets. */
const setLock = 7_433_628;

const columns = `name, tenant, login, purpose, key_id as "keyId", encode(nonce, 'base64') as nonce, encode(sealed, 'base64') as sealed, set_at as "setAt"`;

/** null when there is none of this name. */
export async function getSecret(database: Database, name: string): Promise<StoredSecret | null> {
  const [row] = await database.query<StoredSecret>(`select ${columns} from secret where name = $1`, [name]);
  return row ?? null;
}

/** All of them, by name. */
export function listSecrets(database: Database): Promise<StoredSecret[]> {
  return database.query<StoredSecret>(`select ${columns} from secret order by name`);
}

/** Keeps a secret, in the place of the one with its name; nothing is kept when another key sealed one of those that are there: its id is answered. */
export function putSecret(
  database: Database,
  secret: SealedSecret,
  by: string,
): Promise<{ readonly change: 'set' | 'replaced' } | { readonly otherKey: string }> {
  return database.transaction(async (transaction) => {
    // Two who set their first secret at the same time would each have made a key.
    await transaction.query('select pg_advisory_xact_lock($1)', [setLock]);
    const [other] = await transaction.query<{ keyId: string }>('select key_id as "keyId" from secret where key_id <> $1 limit 1', [
      secret.keyId,
    ]);
    if (other !== undefined) return { otherKey: other.keyId };
    const { name, tenant, login, purpose, keyId, nonce, sealed } = secret;
    const before = await transaction.query('select from secret where name = $1', [name]);
    await transaction.query(
      `insert into secret (name, tenant, login, purpose, key_id, nonce, sealed)
       values ($1, $2, $3, $4, $5, decode($6, 'base64'), decode($7, 'base64'))
       on conflict (name) do update set tenant = excluded.tenant, login = excluded.login, purpose = excluded.purpose,
         key_id = excluded.key_id, nonce = excluded.nonce, sealed = excluded.sealed, set_at = now()`,
      [name, tenant, login, purpose, keyId, nonce, sealed],
    );
    await note(transaction, 'secret set', by, { name, tenant, login, purpose, keyId });
    return { change: before.length === 0 ? 'set' : 'replaced' };
  });
}

/** False when there is none of this name. */
export function removeSecret(database: Database, name: string, by: string): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const rows = await transaction.query('delete from secret where name = $1 returning name', [name]);
    if (rows.length > 0) await note(transaction, 'secret rm', by, { name });
    return rows.length > 0;
  });
}

async function note(transaction: Transaction, action: string, by: string, details: Readonly<Record<string, string>>): Promise<void> {
  await transaction.query('insert into audit (action, by, details) values ($1, $2, $3)', [action, escapeText(by), jsonb(details)]);
}
