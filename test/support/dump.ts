// All that a database holds, as text, for suites that look for what must not be there.
import { openDatabase } from '../../src/store/database.ts';

export async function dumpOf(url: string): Promise<string> {
  const database = openDatabase({ url, applicationName: 'tidemark-test' });
  try {
    const tables = await database.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public'`);
    const rows: string[] = [];
    for (const { name } of tables) {
      const found = await database.query<{ row: string }>(`select t::text as row from "${name}" t`);
      rows.push(name, ...found.map(({ row }) => row));
    }
    return rows.join('\n');
  } finally {
    await database.close();
  }
}
