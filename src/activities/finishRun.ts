// Ends a run: verdict, report, cursors (design 3.9). Idempotent: the first end stands.
import { failpoint } from '../failpoint.ts';
import type { RunBrief } from '../model.ts';
import { briefOfReport } from '../store/brief.ts';
import { writeLog } from '../store/log.ts';
import { finishRun as finishRow } from '../store/run.ts';
import { countRunOnce } from '../store/standing.ts';
import type { Shared } from './dependencies.ts';
import { noteEmpty } from './emptyNote.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { FinishRequest } from './types.ts';

/** @throws STALE_ATTEMPT when the run's row is gone. */
export async function finishRun(shared: Shared, { run, connection, verdict, error, reason }: FinishRequest): Promise<RunBrief> {
  const { database, config } = shared;
  return withHeartbeat(config.timings, shared.draining, async () => {
    failpoint('finish.before');
    const report = await finishRow(database, { run, verdict, error });
    failpoint('finish.after');
    if (report.verdict === 'complete') await noteEmpty(database, run, report);
    const connector = await countRunOnce(database, run);
    if (connector !== null) shared.metrics.runEnded(connector, report);
    const brief = briefOfReport(run, report);
    const level = brief.verdict === 'failed' || brief.verdict === 'partial' ? 'error' : 'info';
    const message = `Run ${run} ended ${brief.verdict}${reason === null ? '' : `: ${reason}`}.`;
    await writeLog(database, {
      connection,
      run,
      level,
      message,
      details: brief.error === null ? {} : { code: brief.error.code, hint: brief.error.hint },
    });
    return brief;
  });
}
