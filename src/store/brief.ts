// A run in one line, from its row or from its report. Pure.
import { TidemarkError } from '../errors.ts';
import type { RunBrief, RunReport } from '../model.ts';
import type { Run, RunLine } from './run.ts';

/** null while the run is under way. */
export function briefOfRow({ run, profile, mode, verdict, finishedAt, error, held }: Run | RunLine): RunBrief | null {
  if (run === null || verdict === null || verdict === 'skipped' || finishedAt === null) return null;
  return { run, profile, mode, verdict, finishedAt, error, ...(held === null ? {} : { held }) };
}

export function briefOfReport(run: number, report: RunReport): RunBrief {
  const { profile, mode, verdict, finishedAt, error, held } = report;
  if (verdict === null || finishedAt === null) throw new TidemarkError('INTERNAL', `Run ${run} was finished without a verdict.`);
  return { run, profile, mode, verdict, finishedAt, error, held };
}
