// Starting the workflow that writes a file of orders, and seeing it end.
import type { Client } from '@temporalio/client';
import { TidemarkError } from '../errors.ts';
import { fulfilId, taskQueues } from '../workflows/ids.ts';
import type { FulfilInput } from '../workflows/messages.ts';
import { failureOf } from './failure.ts';
import { castTemporal } from './temporal.ts';

export interface StartedFulfil {
  readonly workflowId: string;
  /** Whether it has ended well. @throws the error that it failed with. */
  ended(): Promise<boolean>;
}

/** Joins the one that writes the same file already. One that has ended is started anew: it finds in the ledger what is done. */
export async function startFulfil(client: Client, input: FulfilInput & { readonly file: string }): Promise<StartedFulfil> {
  const workflowId = fulfilId(input.connection, input.file);
  try {
    const handle = await client.workflow.start('fulfil', {
      workflowId,
      taskQueue: taskQueues.control,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return { workflowId, ended: () => hasEnded(client, workflowId, handle.firstExecutionRunId) };
  } catch (error) {
    throw castTemporal(error, client);
  }
}

async function hasEnded(client: Client, workflowId: string, firstExecutionRunId: string): Promise<boolean> {
  const handle = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId });
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return false;
    await handle.result();
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowFailedError')
      throw failureOf(error, { refusals: true }) ?? stopped(workflowId, error);
    throw castTemporal(error, client);
  }
}

function stopped(workflowId: string, cause: Error): TidemarkError {
  return new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `${workflowId} was stopped before all orders had ended.`, {
    hint: 'Send the file again: what was written is not written twice.',
    cause,
  });
}
