// tidemark run NAME: asks the entity for runs now; with --wait follows them and ends with what they ended with.
import type { RunReport } from '../../model.ts';
import { getConnection } from '../../store/connection.ts';
import { forceFullPullUpdate, type RunAnswers, runNowUpdate } from '../../workflows/messages.ts';
import { requireConnection, requireProfile, zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { awaitOpened, exitOfReports, followRun } from '../follow.ts';
import { inOrder, printReport, streamColumns } from '../reportText.ts';
import { runName } from '../runName.ts';

interface RunOptions {
  readonly profile?: string;
  readonly full?: true;
  readonly wait?: true;
}

type Answer = RunAnswers['answers'][number];

export async function runVerb(context: Context, name: string, options: RunOptions): Promise<ExitCode> {
  const database = await context.database();
  const spec = await requireConnection(database, name);
  if (options.profile !== undefined) requireProfile(spec, options.profile);
  // Every run so far has a number up to this one; what is opened now has a higher one.
  const newest = (await getConnection(database, name))?.fence ?? 0;
  const update = options.full === true ? forceFullPullUpdate : runNowUpdate;
  const input = options.profile === undefined ? {} : { profile: options.profile };
  const { answers } = await askEntity(context, name, update, input);
  if (options.wait !== true) return printAnswers(context, name, answers);

  const reports: RunReport[] = [];
  for (const answer of answers) {
    if (answer.outcome === 'skipped') {
      context.output.note(`profile ${answer.profile}: skipped: ${answer.reason}`);
      continue;
    }
    if (answer.outcome === 'queued') context.output.note(`profile ${answer.profile}: queued behind the run under way`);
    const run =
      answer.outcome === 'run' ? answer.run : await awaitOpened(database, { connection: name, profile: answer.profile, after: newest });
    reports.push(await followRun(context, run));
  }
  await printReports(context, reports, (profile) => zoneOf(spec, profile));
  if (reports.length < answers.length || reports.length === 0) return exit.failed;
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
