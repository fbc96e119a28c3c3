// However many assets are printed, the command line holds few of them: it prints, in every format, more than its heap has room for.
import { type Format, formats } from '../../src/cli/output.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/schema.ts';
import { freshDatabaseUrl } from '../support/databases.ts';
import { tidemark } from './tidemark.ts';

const assets = 5_000;
/** All of them are 40 MB as text alone; the program itself takes about half of the heap. */
const documentBytes = 8_000;
const heapMb = 48;
/** Lines besides one for each asset: brackets, or a head. */
const around: Readonly<Record<Format, number>> = { table: 1, json: 2, ndjson: 0, csv: 1 };

const onPostgres = process.env['TIDEMARK_TEST_DATABASE_URL'] === undefined ? describe.skip : describe;

onPostgres('on PostgreSQL', () => {
  let url: string;

  beforeAll(async () => {
    url = await freshDatabaseUrl();
    const database = openDatabase({ url, applicationName: 'tidemark-test' });
    await migrate(database);
    await database.query(
      `insert into record (connection, stream, num, id, body, hash, changed_run)
       select 'contoso', 'users', n, 'u' || n, '{}', '', 1 from generate_series(1, $1::bigint) n`,
      [assets],
    );
    await database.query(
      `insert into asset (num, class, document, hash, map_hash)
       select num, 'user', jsonb_build_object('asset', jsonb_build_object('note', repeat('x', $1::integer))), '', '' from record`,
      [documentBytes],
    );
    await database.close();
  }, 60_000);

  test.each(formats)(
    'as %s',
    async (format) => {
      const env = { TIDEMARK_DATABASE_URL: url, NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
      const words = ['assets', '--limit', String(assets), '--output', format];
      const { code, stdout } = await tidemark(words, { env, timeoutMs: 120_000 });
      expect(code).toBe(0);
      expect(stdout.trimEnd().split('\n')).toHaveLength(assets + around[format]);
    },
    150_000,
  );
});
