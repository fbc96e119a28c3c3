// One file of orders, written to the directory (document 003): taken into the ledger, then slice after slice until all have ended. Workflow
// `fulfil:NAME:DIGEST`. An activity is a slice of up to 500 orders, not one order: what becomes of each is in the ledger as it happens, and a history of
// 10,000 orders stays at a few dozen activities.
import {
  ApplicationFailure,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlannedOrders, WrittenOrders } from '../activities/types.ts';
import { briefOf } from './failures.ts';
import { checkFulfilInput } from './input.ts';
import { type FulfilInput, type FulfilStatus, ordersQuery } from './messages.ts';
import { planningOrders, writingOrders } from './options.ts';

const none = { total: 0, executed: 0, errored: 0, skipped: 0, waiting: 0 } as const;

/** Ends with the counts. Failed orders do not fail it: what keeps all of them from being written does. */
export async function fulfil(raw: unknown): Promise<FulfilStatus> {
  const input = checkFulfilInput(raw);
  let status: FulfilStatus = { connection: input.connection, file: input.file ?? null, ...none };
  setHandler(ordersQuery, () => status);
  const show = (file: string, orders: PlannedOrders['orders']): void => {
    status = { connection: input.connection, file, ...orders };
    setCurrentDetails(detailsOf(status));
  };
  try {
    const { file, orders, timings } = await planningOrders().planOrders.executeWithOptions({ summary: input.path ?? 'from the ledger' }, [
      { ...input, by: input.by ?? `workflow ${workflowInfo().workflowId}` },
    ]);
    show(file, orders);
    const { writeOrders, writeResults } = writingOrders(timings);
    let told = 0;
    for (;;) {
      const written: WrittenOrders = await writeOrders.executeWithOptions({ summary: `${status.waiting} to write` }, [
        { connection: input.connection, file, timings },
      ]);
      show(file, written.orders);
      const ended = status.total - status.waiting;
      if (input.path !== undefined && (written.kind === 'done' || ended - told >= status.total / 10)) {
        await writeResults({ connection: input.connection, file, path: input.path });
        told = ended;
      }
      if (written.kind === 'done') return status;
      if (written.kind === 'wait') await sleep(written.waitMs, { summary: 'orders wait for their next try' });
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof fulfil>({ ...input, file } satisfies FulfilInput);
    }
  } catch (error) {
    if (isCancellation(error) || !isFailure(error)) throw error;
    const { code, message, hint } = briefOf(error);
    throw ApplicationFailure.create({ type: code, message, details: [{ hint }], nonRetryable: true });
  }
}

/** What an activity answered. That the workflow continues as new is no failure. */
const isFailure = (error: unknown): boolean => error instanceof Error && error.name === 'ActivityFailure';

function detailsOf({ connection, file, total, executed, errored, skipped, waiting }: FulfilStatus): string {
  return [
    `Orders of **${connection}**, file ${file?.slice(0, 16) ?? ''}: ${total - waiting} of ${total} ended`,
    '',
    '| executed | errored | skipped | waiting |',
    '|---|---|---|---|',
    `| ${executed} | ${errored} | ${skipped} | ${waiting} |`,
  ].join('\n');
}
