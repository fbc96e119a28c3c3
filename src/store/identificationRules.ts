// The identification rules of the installation: their order, and which are off (decision 57). They are applied when identities are read, so a change needs no run.
import type { JsonObject } from '../model.ts';
import type { Database } from './database.ts';
import { jsonb } from './params.ts';

export interface StoredRules {
  readonly definition: JsonObject;
  readonly changedAt: string;
}

/** Idempotent. */
export async function putIdentificationRules(database: Database, definition: JsonObject): Promise<'created' | 'changed' | 'unchanged'> {
  return database.transaction(async (transaction) => {
    const [old] = await transaction.query<{ same: boolean }>('select definition = $1 as same from identification_rules for update', [
      jsonb(definition),
    ]);
    if (old?.same === true) return 'unchanged';
    await transaction.query(
      `insert into identification_rules (definition) values ($1)
       on conflict (singleton) do update set definition = excluded.definition, changed_at = now()`,
      [jsonb(definition)],
    );
    return old === undefined ? 'created' : 'changed';
  });
}

/** null: none have been applied. */
export async function readIdentificationRules(database: Database): Promise<StoredRules | null> {
  const [row] = await database.query<StoredRules>('select definition, changed_at as "changedAt" from identification_rules');
  return row ?? null;
}
