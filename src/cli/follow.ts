// Following a run to its end, by its rows in the database: progress comes from the checkpoints, the end from the verdict.
import { setTimeout as sleep } from 'node:timers/promises';
import { asTidemarkError, TidemarkError } from '../errors.ts';
import type { RunReport } from '../model.ts';
import { admissionOf } from '../store/admission.ts';
import type { Database } from '../store/database.ts';
import { getRun, listRuns, readReport, type Run } from '../store/run.ts';
import { readProgress } from '../store/walk.ts';
import type { Context } from './context.ts';
import { queryEntity, requireWorker } from './entity.ts';
import { exit, type ExitCode } from './errors.ts';
import { createProgress } from './progress.ts';
import { runName } from './runName.ts';

const lookEveryMs = 400;

/** Shows progress until the run has a verdict and its connection shows it, and answers its report. */
export async function followRun(context: Context, run: number): Promise<RunReport> {
  const database = await context.database();
  const begun = await getRun(database, run);
  if (begun === null) throw new TidemarkError('INTERNAL', `Run ${run} was opened but has no row.`);
  const display = await createProgress(context.output, runName(begun.connection, run));
  const watch = watchWorker(context);
  try {
    let expected: number | null | undefined;
    let waits = false;
    for (;;) {
      const now = await getRun(database, run);
      const report = now?.verdict === null ? null : await readReport(database, run);
      if (report !== null) {
        await untilShown(context, begun);
        return report;
      }
      if (now?.mode === 'full' || now?.mode === 'delta') expected ??= await lastRead(database, begun.connection, begun.profile, now.mode);
      const place = now?.mode === null ? await admissionOf(database, run) : null;
      if (place !== null && !waits) context.output.note(`${runName(begun.connection, run)} waits for its turn, at place ${place}.`);
      waits ||= place !== null;
      const streams = await readProgress(database, run);
      display.show({
        read: streams.reduce((sum, stream) => sum + stream.read, 0),
        expected: expected ?? null,
        streams: streams.filter((stream) => stream.outcome === null).map((stream) => stream.stream),
      });
      await watch(streams.map(({ walk, page, outcome }) => [walk, page, outcome].join()).join());
      await sleep(lookEveryMs);
    }
  } finally {
    display.stop();
  }
}

const shownWithinMs = 5_000;
const lookAgainMs = 50;

/** Until the entity has heard of the end, too: a `status` right after MUST NOT tell of the time before. The run has ended, whoever answers. */
async function untilShown(context: Context, { connection, run }: Pick<Run, 'connection' | 'run'>): Promise<void> {
  try {
    for (const deadline = Date.now() + shownWithinMs; Date.now() < deadline; await sleep(lookAgainMs)) {
      const status = await queryEntity(context, connection);
      if (status === null || status.history.some((brief) => brief.run === run)) return;
    }
  } catch (error) {
    if (asTidemarkError(error).code !== 'ORCHESTRATOR_UNAVAILABLE') throw error;
  }
}

/** How a verb ends that waited for these runs. */
export function exitOfReports(reports: readonly RunReport[]): ExitCode {
  if (reports.some((report) => report.verdict !== 'complete')) return exit.incomplete;
  return reports.some((report) => report.held.count > 0) ? exit.held : exit.done;
}

const silenceMs = 20_000;

/** Says so, once, when nothing moves because there is no worker: the run then waits for one. */
function watchWorker(context: Context): (place: string) => Promise<void> {
  let [last, since, said] = ['', Date.now(), false];
  return async (place) => {
    if (place !== last) [last, since, said] = [place, Date.now(), false];
    if (said || Date.now() - since < silenceMs) return;
    since = Date.now();
    try {
      await requireWorker(context);
    } catch (error) {
      said = true;
      context.output.note(`${asTidemarkError(error).message} The run goes on when there is one.`);
    }
  };
}

/** How many objects the last complete run of this profile and mode read; null when there is none among the recent ones. */
async function lastRead(database: Database, connection: string, profile: string, mode: 'full' | 'delta'): Promise<number | null> {
  const recent = await listRuns(database, { connection, limit: 50 });
  const last = recent.find((line) => line.profile === profile && line.mode === mode && line.verdict === 'complete');
  const report = typeof last?.run === 'number' ? await readReport(database, last.run) : null;
  return report === null ? null : report.streams.reduce((sum, stream) => sum + stream.read, 0);
}

/** The first run of a profile with a number above `after`: what a queued request becomes. Waits until it is opened. */
export async function awaitOpened(
  database: Database,
  of: { readonly connection: string; readonly profile: string; readonly after: number },
): Promise<number> {
  for (;;) {
    const lines = await listRuns(database, { connection: of.connection, limit: 20 });
    const numbers = lines
      .filter((line) => line.profile === of.profile)
      .flatMap((line) => (line.run !== null && line.run > of.after ? [line.run] : []));
    if (numbers.length > 0) return Math.min(...numbers);
    await sleep(lookEveryMs);
  }
}
