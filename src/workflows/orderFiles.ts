// A run of a profile of orders (decision 45): each new file of the connection's directory is one `fulfil`, by name, one after another.
// MUST note a file before the next one begins: what is noted is not read again.
import { type CancellationScope, type ChildWorkflowHandle, isCancellation, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { codes } from '../errors.ts';
import type { ErrorBrief, OpenedRun, Verdict } from '../model.ts';
import { briefOf } from './failures.ts';
import type { fulfil } from './fulfil.ts';
import { fulfilId, taskQueues } from './ids.ts';
import { writingOrders } from './options.ts';

/** How the files ended: those that were not written with the reason. Ends early where the run is stopped. */
export async function writeFiles(opened: OpenedRun, running: CancellationScope): Promise<ReadonlyMap<string, ErrorBrief | null>> {
  const { run, connection, timings } = opened;
  const ends = new Map<string, ErrorBrief | null>();
  const { findOrders } = writingOrders(timings);
  try {
    await running.run(async () => {
      const { files } = await findOrders({ run, connection, timings });
      for (const { path, file, error } of files) ends.set(path, file === null ? error : await writeFile(opened, path, file));
    });
  } catch (error) {
    if (!running.consideredCancelled || !isCancellation(error)) throw error;
  }
  return ends;
}

/** null: all of its orders have ended, be it as errored; or another workflow writes them, and the next run finds in the ledger what has become of it. */
async function writeFile({ run, connection, timings }: OpenedRun, path: string, file: string): Promise<ErrorBrief | null> {
  const child = await startFile({ run, connection, path, file });
  if (child === null) return null;
  try {
    const { executed, errored, skipped } = await child.result();
    await writingOrders(timings).noteOrders({ run, connection, path, executed, errored, skipped });
    return null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return briefOf(error);
  }
}

interface File {
  readonly run: number;
  readonly connection: string;
  readonly path: string;
  readonly file: string;
}

async function startFile({ run, connection, path, file }: File): Promise<ChildWorkflowHandle<typeof fulfil> | null> {
  try {
    return await startChild<typeof fulfil>('fulfil', {
      args: [{ connection, path, by: `run ${run}` }],
      workflowId: fulfilId(connection, file),
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      taskQueue: taskQueues.control,
      staticSummary: path,
    });
  } catch (error) {
    // All that is left: a workflow of this id is under way.
    if (isCancellation(error)) throw error;
    log.info('A file of orders is being written already.', { path });
    return null;
  }
}

/** An order that errored is told by the results; a run fails by a file that could not be written. */
export function judgeFiles(ends: ReadonlyMap<string, ErrorBrief | null>): { readonly verdict: Verdict; readonly error: ErrorBrief | null } {
  const faults = [...ends].flatMap(([path, error]) => (error === null ? [] : [{ path, error }]));
  const [first] = faults;
  if (first === undefined) return { verdict: 'complete', error: null };
  if (faults.length === ends.size) return { verdict: 'failed', error: first.error };
  const message = `Not written: ${faults.map(({ path }) => path).join(', ')}. ${first.error.message}`;
  return { verdict: 'partial', error: { code: 'RUN_PARTIAL', message: message.slice(0, 1_000), hint: codes.RUN_PARTIAL.hint } };
}
