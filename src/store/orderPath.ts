// The files of a connection's directory of orders: which have ended and need not be read again, and what a run wrote of them.
// MUST keep what it knows of a file for as long as the file lies there: what the ledger knows of its orders is forgotten one day.
import type { OrdersReport } from '../model.ts';
import type { Database, Transaction } from './database.ts';
import { jsonb } from './params.ts';

export interface OrderPath {
  readonly path: string;
  /** Its size and when it changed. */
  readonly version: string;
}

/** Forgets the files that are gone, and answers those that have not ended as they are now. */
export async function newPaths(database: Database, connection: string, there: readonly OrderPath[]): Promise<OrderPath[]> {
  const [, fresh] = await database.batch<OrderPath>([
    {
      sql: 'delete from order_path where connection = $1 and path <> all ($2)',
      params: [connection, there.map(({ path }) => path)],
    },
    {
      sql: `select f.path, f.version from jsonb_to_recordset($2::jsonb) as f(path text, version text)
        where not exists (select from order_path p
          where p.connection = $1 and p.path = f.path and p.version = f.version and p.ended_at is not null)
        order by f.path collate "C"`,
      params: [connection, jsonb(there)],
    },
  ]);
  return fresh ?? [];
}

/** Notes what a run found. May be repeated: what has ended since stays so. */
export async function notePaths(
  database: Database,
  { connection, run, paths }: { readonly connection: string; readonly run: number; readonly paths: readonly OrderPath[] },
): Promise<void> {
  await database.query(
    `insert into order_path (connection, path, version, run)
     select $1, f.path, f.version, $2 from jsonb_to_recordset($3::jsonb) as f(path text, version text)
     on conflict (connection, path) do update
       set version = excluded.version, run = excluded.run, executed = null, errored = null, skipped = null, ended_at = null
     where order_path.run <> excluded.run or order_path.version <> excluded.version`,
    [connection, run, jsonb(paths)],
  );
}

/** Notes what became of the orders of a file that the run found. */
export async function endPath(
  database: Database,
  of: { readonly connection: string; readonly run: number; readonly path: string } & Pick<OrdersReport, 'executed' | 'errored' | 'skipped'>,
): Promise<void> {
  const { connection, run, path, executed, errored, skipped } = of;
  await database.query(
    `update order_path set executed = $4, errored = $5, skipped = $6, ended_at = now() where connection = $1 and run = $2 and path = $3`,
    [connection, run, path, executed, errored, skipped],
  );
}

/** What a run wrote. */
export async function countPaths(
  transaction: Transaction,
  of: { readonly connection: string; readonly run: number },
): Promise<OrdersReport> {
  const [row] = await transaction.query<OrdersReport>(
    `select count(*) as files, count(*) filter (where ended_at is null) as "filesNotEnded", coalesce(sum(executed), 0)::integer as executed,
       coalesce(sum(errored), 0)::integer as errored, coalesce(sum(skipped), 0)::integer as skipped
     from order_path where connection = $1 and run = $2`,
    [of.connection, of.run],
  );
  return row ?? { files: 0, filesNotEnded: 0, executed: 0, errored: 0, skipped: 0 };
}
