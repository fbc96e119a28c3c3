// The configuration that a run is pinned to (decision 9).
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { getRun, type Run } from '../store/run.ts';

/** @throws STALE_ATTEMPT when there is no such run any more. */
export async function pinnedRun(database: Database, run: number): Promise<{ readonly row: Run; readonly spec: ConnectionSpec }> {
  const row = await getRun(database, run);
  if (row === null) throw new TidemarkError('STALE_ATTEMPT', `There is no run ${run} any more.`);
  return { row, spec: readSpec(row.spec) };
}
