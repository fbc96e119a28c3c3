// Which assets a connection lists: those that meet its tags (decision 39). Judged by the page that writes them, and all at once when the tags change.
// MUST leave records and their assets as they are: what is left out today comes back when it matches again.
import type { Database, Parameter, Statement } from './database.ts';
import { bigints, byNum, escaped, numKey } from './params.ts';
import type { StreamPlace } from './walk.ts';

/** A condition over `asset a join record r`, its parameters from $3 on. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly Parameter[];
}

/** Parameters that the statement has before those of its condition. */
export const conditionOffset = 2;

const judgedAtOnce = 5_000;

/** Judges the assets of these numbers; writes only what changes. */
export function judgeStatement(of: Omit<StreamPlace, 'run'>, { sql, params }: Condition, nums: readonly number[]): Statement {
  return {
    sql: `update asset set excluded = judged.excluded
      from (
        select a.num, not (${sql}) as excluded from unnest($1::bigint[]) as n (num)
        cross join lateral (select * from record where ${byNum} = $2 and num = n.num offset 0) r
        cross join lateral (select * from asset where num = n.num offset 0) a
      ) as judged
      where asset.num = judged.num and asset.excluded <> judged.excluded`,
    params: [bigints(nums), numKey(of.connection, of.stream), ...params.map(escaped)],
  };
}

/** Whether the stream's stored assets were judged by other tags than these. */
export async function isJudgedOtherwise(database: Database, { connection, stream }: StreamPlace, tags: string): Promise<boolean> {
  const [row] = await database.query<{ tags: string }>('select tags from cursor where connection = $1 and stream = $2', [
    connection,
    stream,
  ]);
  return (row?.tags ?? '') !== tags;
}

/** Judges every stored asset of the stream anew, in slices. Idempotent. @throws STALE_ATTEMPT when another run has been opened. */
export async function judgeStored(database: Database, place: StreamPlace, condition: Condition, alive: () => void): Promise<void> {
  const { run, connection, stream } = place;
  for (let after = 0; ;) {
    const rows = await database.query<{ num: number }>(`select num from record where ${byNum} = $1 and num > $2 order by num limit $3`, [
      numKey(connection, stream),
      after,
      judgedAtOnce,
    ]);
    const last = rows.at(-1);
    if (last === undefined) return;
    await database.batch([
      { sql: 'select guard_fence($1, $2)', params: [run, connection] },
      judgeStatement(
        place,
        condition,
        rows.map(({ num }) => num),
      ),
    ]);
    alive();
    after = last.num;
  }
}
