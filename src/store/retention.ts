// How long is kept what nobody needs for the inventory itself, and for how long what runs changed can be asked for.
// MUST go in slices. A tick of the reconciler calls it.
import { TidemarkError } from '../errors.ts';
import type { Database } from './database.ts';

const forgottenAtOnce = 5_000;
const slicesAtOnce = 40;

/**
 * Forgets what was changed by runs that ended so many days ago, from the first run on to the first that is not so old; answers how many rows. Goes on
 * where it was when it is called again. `alive` is called after each slice.
 */
export async function forgetChanges(
  database: Database,
  { days, alive }: { readonly days: number; readonly alive: () => void },
): Promise<number> {
  await database.query(moveHorizon, [days]);
  let forgotten = 0;
  for (let slice = 0; slice < slicesAtOnce; slice += 1) {
    const deleted = await database.batch<{ rows: number }>(['run_change', 'asset_change', 'removed_edge'].map(forget));
    const rows = deleted.reduce((sum, [row]) => sum + (row?.rows ?? 0), 0);
    forgotten += rows;
    alive();
    if (rows < forgottenAtOnce) break;
  }
  return forgotten;
}

// Of the runs after the horizon only those are looked at that are old enough: they are few.
const moveHorizon = `
  update change_horizon h set run = old.run, at = old.at
  from (
    select coalesce(
      (select run - 1 from run where run > (select run from change_horizon) and (verdict is null or finished_at >= now() - $1 * interval '1 day') order by run limit 1),
      (select last from run_counter)) as run,
      now() - $1 * interval '1 day' as at
  ) as old
  where h.run < old.run`;

const forget = (table: string) => ({
  sql: `with gone as (
      delete from ${table} where ctid = any (array(select ctid from ${table} where run <= (select run from change_horizon) limit ${forgottenAtOnce})) returning 1
    )
    select count(*) as rows from gone`,
  params: [],
});

interface Horizon {
  /** What is kept begins after this run; 0: nothing has been forgotten. */
  readonly run: number;
  /** What ended since then is kept. */
  readonly at: string;
  /** By the database's clock. */
  readonly now: string;
}

export async function changeHorizon(database: Database): Promise<Horizon> {
  const [row] = await database.query<Horizon>('select run, at, now() as now from change_horizon');
  if (row === undefined) throw new TidemarkError('INTERNAL', 'The database has no horizon of changes.');
  return row;
}
