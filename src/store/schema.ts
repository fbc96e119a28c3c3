// Brings the database's schema up to this version. Safe to run from many processes at once.
import { TidemarkError } from '../errors.ts';
import type { Database } from './database.ts';
import { migrations } from './migrations.ts';

/** Names the advisory lock that migrations take; any constant that nothing else uses. */
const migrationLock = 7_433_626;

/**
 * Applies the migrations the database lacks, in one transaction. Idempotent. A database that a newer version migrated is taken as it is, where its
 * migrations leave this version able to work: so a release can be rolled back.
 * @throws CONFIG_INVALID when they do not.
 */
export async function migrate(database: Database): Promise<void> {
  if ((await missingMigrations(database)) <= 0) return;
  await database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await transaction.query('create table if not exists schema_version (version integer not null)');
    await transaction.query('alter table schema_version add column if not exists oldest integer');
    const present = (await readSchema(transaction)).version;
    for (const { version, oldest, sql } of migrations) {
      if (version <= present) continue;
      await transaction.query(sql);
      await transaction.query('insert into schema_version (version, oldest) values ($1, $2)', [version, oldest]);
    }
  });
}

/**
 * How many migrations the database lacks; negative when a newer version migrated it and this one still works. A read-only role may ask.
 * @throws CONFIG_INVALID when a newer version migrated it and this one does not work any more.
 */
export async function missingMigrations(database: Database): Promise<number> {
  const wanted = migrations.at(-1)?.version ?? 0;
  const { version, oldest } = await readSchema(database);
  if (version > wanted && oldest > wanted) throw tooNew(version, wanted);
  return wanted - version;
}

interface Schema {
  /** 0 for an empty database. */
  readonly version: number;
  /** The oldest version that still works with it. */
  readonly oldest: number;
}

async function readSchema(database: Pick<Database, 'query'>): Promise<Schema> {
  const [table] = await database.query<{ present: boolean }>(`select to_regclass('schema_version') is not null as present`);
  if (table?.present !== true) return { version: 0, oldest: 0 };
  // The first release wrote no "oldest": then nothing older is known to work.
  const [row] = await database.query<{ version: number | null; oldest: number | null }>(
    `select max(version) as version, max(coalesce((to_jsonb(s) ->> 'oldest')::integer, version)) as oldest from schema_version s`,
  );
  return { version: row?.version ?? 0, oldest: row?.oldest ?? 0 };
}

function tooNew(present: number, wanted: number): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The database has schema version ${present}; this version of Tidemark knows ${wanted}.`, {
    hint: 'Update Tidemark, or use another database.',
  });
}
