// Whether the store's tally of what lives is what a count says: of every connection, stream and kind.
import type { Database } from '../../src/store/database.ts';

/** Fails unless each number of the tally equals count(*). */
export async function expectTally(database: Database): Promise<void> {
  const wrong = await database.query(
    `select connection, stream, kind, coalesce(t.live, 0) as tally, coalesce(c.live, 0) as counted
     from (select * from tally where live <> 0) t
     full join (
       select connection, stream, 'record' as kind, count(*) as live from record where tombstoned_at is null group by 1, 2
       union all
       select connection, stream, kind, count(*) from edge group by 1, 2, 3
     ) c using (connection, stream, kind)
     where t.live is distinct from c.live`,
  );
  expect(wrong).toEqual([]);
}
