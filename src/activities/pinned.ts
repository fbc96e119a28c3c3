// The configuration that a run is pinned to (decision 9), and its runs in one line.
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import type { RunBrief, RunReport } from '../model.ts';
import type { Database } from '../store/database.ts';
import { getRun, type Run, type RunLine } from '../store/run.ts';

/** @throws STALE_ATTEMPT when there is no such run any more. */
export async function pinnedRun(database: Database, run: number): Promise<{ readonly row: Run; readonly spec: ConnectionSpec }> {
  const row = await getRun(database, run);
  if (row === null) throw new TidemarkError('STALE_ATTEMPT', `There is no run ${run} any more.`);
  return { row, spec: readSpec(row.spec) };
}

/** null while the run is under way. */
export function briefOfRow({ run, profile, mode, verdict, finishedAt, error }: Run | RunLine): RunBrief | null {
  if (run === null || verdict === null || verdict === 'skipped' || finishedAt === null) return null;
  return { run, profile, mode, verdict, finishedAt, error };
}

export function briefOfReport(run: number, report: RunReport): RunBrief {
  const { profile, mode, verdict, finishedAt, error } = report;
  if (verdict === null || finishedAt === null) throw new TidemarkError('INTERNAL', `Run ${run} was finished without a verdict.`);
  return { run, profile, mode, verdict, finishedAt, error };
}
