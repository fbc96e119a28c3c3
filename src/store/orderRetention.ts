// How long the ledger knows what became of an order: for as long, one that is sent again is answered and not written twice.
// MUST NOT forget an order that is under way, nor one that another file asked for since. Goes in slices; a tick of the reconciler calls it.
import type { Database } from './database.ts';

const linesAtOnce = 5_000;
const slicesAtOnce = 20;

/**
 * Forgets files of orders that came so many days ago and all of whose orders ended so many days ago, the oldest first; answers how many rows. Goes on
 * where it was when it is called again. `alive` is called after each slice.
 */
export async function forgetOrders(
  database: Database,
  { days, alive }: { readonly days: number; readonly alive: () => void },
): Promise<number> {
  let forgotten = 0;
  for (let slice = 0; slice < slicesAtOnce; slice += 1) {
    const [counted] = await database.batch<{ rows: number }>([
      { sql: forgetLines, params: [days] },
      { sql: forgetFiles, params: [days] },
    ]);
    const row = counted?.[0];
    alive();
    if (row === undefined || row.rows === 0) break;
    forgotten += row.rows;
  }
  return forgotten;
}

const isOld = (time: string): string => `${time} < now() - $1 * interval '1 day'`;

// An open order may name one that made its object: then the file of that one is still needed.
const forgetLines = `
  with old as (
    select connection, file from order_file f
    where ${isOld('received_at')}
      and exists (select from order_line l where l.connection = f.connection and l.file = f.file)
      and not exists (
        select from order_line l join order_ledger k on k.connection = l.connection and k.id = l.id
        where l.connection = f.connection and l.file = f.file and (k.ended_at is null or not ${isOld('k.ended_at')}))
      and not exists (
        select from order_ledger n cross join lateral unnest(array[n.key, n.member]) as named(id)
          join order_line l on l.connection = f.connection and l.file = f.file and l.id = named.id
        where n.connection = f.connection and n.ended_at is null)
    order by received_at limit 1
  ), lines as (
    delete from order_line where ctid = any (array(
      select l.ctid from order_line l join old on old.connection = l.connection and old.file = l.file limit ${linesAtOnce}))
    returning connection, file, id
  ), orders as (
    delete from order_ledger k using (select distinct connection, file, id from lines where id is not null) g
    where k.connection = g.connection and k.id = g.id
      and not exists (select from order_line o where o.connection = g.connection and o.id = g.id and o.file <> g.file)
    returning 1
  )
  select (select count(*) from lines) + (select count(*) from orders) as rows`;

const forgetFiles = `
  delete from order_file f
  where ${isOld('received_at')} and not exists (select from order_line l where l.connection = f.connection and l.file = f.file)`;
