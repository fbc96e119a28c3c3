// The log lines of connections and runs, for `logs`. MUST hold neither secrets nor values of records.
import type { ErrorDetails } from '../errors.ts';
import type { Database } from './database.ts';
import { jsonb } from './params.ts';
import { escapeText } from './text.ts';

type LogLevel = 'info' | 'warning' | 'error';

export interface LogLine {
  readonly connection: string;
  readonly run: number | null;
  readonly level: LogLevel;
  readonly message: string;
  readonly details: ErrorDetails;
}

export interface StoredLogLine extends LogLine {
  /** Rises with time: the next call's `after`. */
  readonly num: number;
  readonly at: string;
}

/** Adds a line. Called twice it stands twice. */
export async function writeLog(database: Database, line: LogLine): Promise<void> {
  const { connection, run, level, message, details } = line;
  await database.query('insert into run_log (connection, run, level, message, details) values ($1, $2, $3, $4, $5)', [
    connection,
    run,
    level,
    escapeText(message),
    jsonb(details),
  ]);
}

/** The last `limit` lines of a connection, or of one of its runs, oldest first; with `after` only newer ones. */
export function readLogs(
  database: Database,
  of: { readonly connection: string; readonly run?: number; readonly after?: number; readonly limit: number },
): Promise<StoredLogLine[]> {
  return database.query<StoredLogLine>(
    `select * from (
       select num, at, connection, run, level, message, details from run_log
       where connection = $1 and ($2::bigint is null or run = $2) and num > $3 order by num desc limit $4
     ) as line order by num`,
    [of.connection, of.run ?? null, of.after ?? 0, of.limit],
  );
}
