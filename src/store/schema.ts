// Brings the database's schema up to this version. Safe to run from many processes at once.
import { TidemarkError } from '../errors.ts';
import type { Database } from './database.ts';
import { migrations } from './migrations.ts';

/** Names the advisory lock that migrations take; any constant that nothing else uses. */
const migrationLock = 7_433_626;

/**
 * Applies the migrations the database lacks, in one transaction. Idempotent.
 * @throws CONFIG_INVALID when the database was migrated by a newer version.
 */
export async function migrate(database: Database): Promise<void> {
  const wanted = migrations.at(-1)?.version ?? 0;
  if ((await versionOf(database)) === wanted) return;
  await database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await transaction.query('create table if not exists schema_version (version integer not null)');
    const [row] = await transaction.query<{ version: number | null }>('select max(version) as version from schema_version');
    const present = row?.version ?? 0;
    if (present > wanted) throw tooNew(present, wanted);
    for (const { version, sql } of migrations) {
      if (version <= present) continue;
      await transaction.query(sql);
      await transaction.query('insert into schema_version values ($1)', [version]);
    }
  });
}

/** How many migrations the database lacks; negative when a newer version migrated it. A read-only role may ask. */
export async function missingMigrations(database: Database): Promise<number> {
  return (migrations.at(-1)?.version ?? 0) - (await versionOf(database));
}

/** The schema's version; 0 for an empty database. A read-only role may ask. */
async function versionOf(database: Database): Promise<number> {
  const [table] = await database.query<{ present: boolean }>(`select to_regclass('schema_version') is not null as present`);
  if (table?.present !== true) return 0;
  const [row] = await database.query<{ version: number | null }>('select max(version) as version from schema_version');
  return row?.version ?? 0;
}

function tooNew(present: number, wanted: number): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The database has schema version ${present}; this version of Tidemark knows ${wanted}.`, {
    hint: 'Update Tidemark, or use another database.',
  });
}
