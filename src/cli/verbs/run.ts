// tidemark run NAME: asks the entity for runs now; with --wait follows them and ends with what they ended with.
import type { RunReport } from '../../model.ts';
import { requireConnection, requireProfile, zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { exit, type ExitCode } from '../errors.ts';
import { exitOfReports } from '../follow.ts';
import { inOrder, printReport, streamColumns } from '../reportText.ts';
import { runName } from '../runName.ts';
import { type Answer, askForRuns } from '../runToEnd.ts';

interface RunOptions {
  readonly profile?: string;
  readonly full?: true;
  readonly wait?: true;
}

export async function runVerb(context: Context, name: string, options: RunOptions): Promise<ExitCode> {
  const database = await context.database();
  const spec = await requireConnection(database, name);
  if (options.profile !== undefined) requireProfile(spec, options.profile);
  const asked = await askForRuns(context, name, { profile: options.profile, full: options.full === true });
  if (options.wait !== true) return printAnswers(context, name, asked.answers);
  const reports = await asked.reports();
  await printReports(context, reports, (profile) => zoneOf(spec, profile));
  if (reports.length < asked.answers.length || reports.length === 0) return exit.failed;
  return exitOfReports(reports);
}

async function printAnswers(context: Context, name: string, answers: readonly Answer[]): Promise<ExitCode> {
  const rows = answers.map((answer) => ({
    profile: answer.profile,
    outcome: answer.outcome,
    run: answer.outcome === 'run' ? runName(name, answer.run) : null,
    reason: answer.outcome === 'skipped' ? answer.reason : null,
  }));
  await context.output.rows(rows, {
    columns: (['profile', 'outcome', 'run', 'reason'] as const).map((key) => ({ title: key, value: (row) => row[key] })),
    none: `Connection "${name}" has no active profile.`,
  });
  return exit.done;
}

/** One run: its report. Several profiles: an array of them. */
async function printReports(context: Context, reports: readonly RunReport[], zone: (profile: string) => string): Promise<void> {
  const { output } = context;
  const single = reports.length === 1 ? reports[0] : undefined;
  if (single !== undefined) return printReport(output, single, zone(single.profile));
  if (output.format === 'table') {
    for (const report of reports) await printReport(output, report, zone(report.profile));
    return;
  }
  if (output.format === 'csv') {
    const streams = reports.flatMap((report) => report.streams.map((stream) => ({ run: report.run, ...stream })));
    return output.rows(streams, { columns: [{ title: 'run', value: ({ run }) => run }, ...streamColumns] });
  }
  return output.rows(reports.map(inOrder), { columns: [] });
}
