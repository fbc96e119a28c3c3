// Approved removals: marked by digest, asked for where they must be, and applied, all by one run of mode `settle` (decision 3).
// MUST remove only what its run marked. All of it may run again after a crash; what is left of a run that ended is held again.
import type { Database } from './database.ts';
import { bigints } from './params.ts';
import type { Candidate } from './settle.ts';
import { escapeText } from './text.ts';
import type { StreamPlace } from './walk.ts';

/** Removals applied in one transaction: what keeps it below a second. */
const appliedAtOnce = 5_000;

interface RunPlace {
  readonly run: number;
  readonly connection: string;
}

/**
 * Marks the pending set for this run when it is still the one of the digest, and notes who approved. Idempotent; false when the set is another one.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function approveHeld(
  database: Database,
  { run, connection, digest, by }: RunPlace & { readonly digest: string; readonly by: string },
): Promise<boolean> {
  const [row] = await database.query<{ approved: boolean }>('select approve_removals($1, $2, $3, $4) as approved', [
    run,
    connection,
    digest,
    escapeText(by),
  ]);
  return row?.approved === true;
}

/** Approved records of a stream that the source was not asked for yet, in order of number. */
export function unaskedRecords(
  database: Database,
  { run, connection, stream, after, limit }: StreamPlace & { readonly after: number; readonly limit: number },
): Promise<Candidate[]> {
  return database.query<Candidate>(
    `select num, id from held_removal
     where connection = $2 and stream = $3 and kind = 'record' and approved_run = $1 and not asked and num > $4 order by num limit $5`,
    [run, connection, stream, after, limit],
  );
}

/**
 * Notes what the source answered: what is gone may be removed, what exists leaves the pending set.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function noteAnswers(
  database: Database,
  { run, connection, stream, gone, existing }: StreamPlace & { readonly gone: readonly number[]; readonly existing: readonly number[] },
): Promise<void> {
  const ofRun = `connection = $1 and stream = $2 and kind = 'record' and approved_run = $3 and num = any ($4::bigint[])`;
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    { sql: `update held_removal set asked = true where ${ofRun}`, params: [connection, stream, run, bigints(gone)] },
    { sql: `delete from held_removal where ${ofRun}`, params: [connection, stream, run, bigints(existing)] },
  ]);
}

/**
 * Removes what the run marked, in slices of one transaction each: records become tombstones, edges are deleted. `alive` is called after each.
 * First it is noted for the guard's look at the last day. After a crash the rest is applied.
 * @throws STALE_ATTEMPT when another run has been opened.
 */
export async function applyApproved(database: Database, { run, connection }: RunPlace, alive: () => void): Promise<void> {
  await database.batch([
    { sql: 'select guard_fence($1, $2)', params: [run, connection] },
    { sql: noteDay, params: [run, connection] },
  ]);
  for (;;) {
    const [row] = await database.query<{ applied: number }>('select apply_approved($1, $2, $3) as applied', [
      run,
      connection,
      appliedAtOnce,
    ]);
    if ((row?.applied ?? 0) === 0) return;
    alive();
  }
}

// The first note stands: after a crash the set is smaller.
const noteDay = `
  insert into removal_day (connection, stream, kind, run, live, applied)
  select $2, g.stream, g.kind, $1, t.live, g.counted from (
    select stream, coalesce(edge_kind, 'record') as kind, count(*) filter (where edge_kind is null or edge_counts($1, $2, id, other)) as counted
    from held_removal where connection = $2 and approved_run = $1 and asked and not rejected group by 1, 2
  ) g
  join tally t on t.connection = $2 and t.stream = g.stream and t.kind = g.kind
  where g.counted > 0 and not exists (select from removal_day where connection = $2 and run = $1)`;
