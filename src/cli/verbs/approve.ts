// tidemark approve NAME --digest D: removes what is held, exactly the set of the digest. Exit 1 when it is not that set, or nothing is held.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../store/database.ts';
import { getConnection } from '../../store/connection.ts';
import { heldSet } from '../../store/held.ts';
import { listRuns } from '../../store/run.ts';
import { approveRemovalsUpdate, type RunAnswer } from '../../workflows/messages.ts';
import { approver } from '../approver.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { exitOfReports, followRun } from '../follow.ts';
import type { Output } from '../output.ts';
import { printReport } from '../reportText.ts';
import { runName } from '../runName.ts';

interface ApproveOptions {
  readonly digest: string;
  readonly wait?: true;
}

export async function approve(context: Context, name: string, { digest, wait }: ApproveOptions): Promise<ExitCode> {
  const database = await context.database();
  const spec = await requireConnection(database, name);
  // What is opened now has a higher number.
  const newest = (await getConnection(database, name))?.fence ?? 0;
  const answer = await askEntity(context, name, approveRemovalsUpdate, { digest, by: approver() });
  if (wait !== true || answer.outcome === 'skipped') return print(context.output, name, answer);
  if (answer.outcome === 'queued') context.output.note('queued behind the run under way');
  const run = answer.outcome === 'run' ? answer.run : await awaitApproval(database, { connection: name, digest, after: newest });
  if (run === null) return print(context.output, name, { outcome: 'skipped', reason: 'the held removals have changed' });
  const report = await followRun(context, run);
  await printReport(context.output, report, zoneOf(spec, report.profile));
  return exitOfReports([report]);
}

async function print(output: Output, name: string, answer: RunAnswer): Promise<ExitCode> {
  const row = {
    name,
    outcome: answer.outcome,
    run: answer.outcome === 'run' ? runName(name, answer.run) : null,
    reason: answer.outcome === 'skipped' ? answer.reason : null,
  };
  await output.one(row, {
    text: () => textOf(name, answer),
    rows: [row],
    columns: (['name', 'outcome', 'run', 'reason'] as const).map((key) => ({ title: key, value: () => row[key] })),
  });
  return answer.outcome === 'skipped' ? exit.failed : exit.done;
}

function textOf(name: string, answer: RunAnswer): string {
  if (answer.outcome === 'run') return `${runName(name, answer.run)} removes what was held of ${name}`;
  if (answer.outcome === 'queued') return `what is held of ${name} is removed after the run under way, unless that changes it`;
  return `nothing of ${name} is removed: ${answer.reason}`;
}

const lookEveryMs = 400;

/** The run of a queued approval once it is open; null when a run before it changed what is held. */
async function awaitApproval(
  database: Database,
  { connection, digest, after }: { readonly connection: string; readonly digest: string; readonly after: number },
): Promise<number | null> {
  for (;;) {
    // Read first: an approval that is open has not removed anything before it could be seen.
    const held = await heldSet(database, connection);
    const lines = await listRuns(database, { connection, limit: 20 });
    const opened = lines.find(({ run, mode }) => mode === 'settle' && run !== null && run > after);
    if (opened?.run !== undefined && opened.run !== null) return opened.run;
    if (held.digest !== digest) return null;
    await sleep(lookEveryMs);
  }
}
