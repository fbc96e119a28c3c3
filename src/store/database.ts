// The connection to PostgreSQL: a bounded pool, transactions, and SQL errors as codes.
// MUST keep no session state and never wait inside a transaction for anything but the database: PGlite is one backend for all clients.
import pg from 'pg';
import { TidemarkError } from '../errors.ts';
import { castError, isRepeatable } from './databaseError.ts';
import { parserOf } from './types.ts';

/** Strings and JSON text MUST be escaped (text.ts) where they come from outside. */
export type Parameter = string | number | boolean | null | readonly string[] | readonly (string | null)[];

export interface Statement {
  readonly sql: string;
  readonly params: readonly Parameter[];
}

/** A row by column. Its type is what the statement selects; `bigint` comes as number, `timestamptz` as ISO-8601 text (types.ts). */
type Row = pg.QueryResultRow;

export interface Transaction {
  query<T extends Row>(sql: string, params?: readonly Parameter[]): Promise<T[]>;
}

export interface Database extends Transaction {
  /** Runs `work` in a transaction; repeated at once, up to three times, when PostgreSQL asks for it (class 40). */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** One transaction written to the socket at once, nothing awaited in between. Answers the rows of each statement. */
  batch<T extends Row = Row>(statements: readonly Statement[]): Promise<T[][]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** `postgresql://…`, also `postgresql://USER@/NAME?host=/DIRECTORY` for a Unix socket. */
  readonly url: string;
  readonly applicationName: string;
  /** @default 10. More callers wait, at most 15 s. */
  readonly maxConnections?: number;
  /** Bounds one statement on PostgreSQL (PGlite ignores it). @default 60 s. */
  readonly statementTimeoutMs?: number;
}

const acquireTimeoutMs = 15_000;
const repeats = 3;

/**
 * Opens nothing yet: the first statement connects. Every method throws STORE_UNAVAILABLE while PostgreSQL is away.
 * @throws CONFIG_INVALID when the URL cannot be read.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, applicationName, maxConnections = 10, statementTimeoutMs = 60_000 } = options;
  const address = addressOf(url);
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: acquireTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // A server that was stopped answers nothing at all: give up when statements before this one had time to end too.
    query_timeout: 3 * statementTimeoutMs,
    // Compiling a plan takes longer than most statements, and a plan only looks dear: of a table that grows, what the planner knows is always old.
    options: '-c jit=off',
    keepAlive: true,
    allowExitOnIdle: true,
    pipeline: true,
    types: { getTypeParser: parserOf },
  });
  // An idle connection that breaks is replaced by the pool; the next statement sees whether the server is there.
  pool.on('error', () => undefined);

  async function connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    for (let left = repeats; ; left -= 1) {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw castError(error, address);
      }
      let broken = false;
      const onError = (): void => {
        broken = true;
      };
      client.on('error', onError);
      try {
        return await work(client);
      } catch (error) {
        const cast = castError(error, address);
        broken ||= cast.code === 'STORE_UNAVAILABLE';
        if (left === 0 || !isRepeatable(cast)) throw cast;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    }
  }

  return {
    batch: (statements) => connected((client) => pipelined(client, statements)),
    // In a transaction of its own: between the messages of a lone statement PGlite would let other clients in.
    query: async <T extends Row>(sql: string, params: readonly Parameter[] = []) => {
      const [rows = []] = await connected((client) => pipelined<T>(client, [{ sql, params }]));
      return rows;
    },
    transaction: (work) => connected((client) => interactive(client, work)),
    close: () => pool.end(),
  };
}

async function pipelined<T extends Row>(client: pg.PoolClient, statements: readonly Statement[]): Promise<T[][]> {
  const begin = client.query('begin');
  const sent = statements.map(({ sql, params }) => client.query<T>(sql, [...params]));
  const commit = client.query('commit');
  const answers = await Promise.allSettled([begin, ...sent, commit]);
  // The first failure is the cause; what follows it only says that the transaction was aborted. `commit` then rolled back.
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const results = await Promise.all(sent);
  return results.map((result) => result.rows);
}

async function interactive<T>(client: pg.PoolClient, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work({
      query: async <R extends Row>(sql: string, params: readonly Parameter[] = []) => {
        const { rows } = await client.query<R>(sql, [...params]);
        return rows;
      },
    });
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Where the URL leads, without its secrets. */
function addressOf(url: string): string {
  try {
    const { host, port, database } = new pg.Client({ connectionString: url });
    return host.startsWith('/') ? `${host} (database ${database ?? ''})` : `${host}:${port} (database ${database ?? ''})`;
  } catch {
    throw new TidemarkError('CONFIG_INVALID', 'The database URL cannot be read.', {
      hint: 'Write TIDEMARK_DATABASE_URL like postgresql://USER:PASSWORD@HOST:5432/NAME.',
    });
  }
}
