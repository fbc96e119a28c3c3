// Whether a workflow runs, asked by id, and the entity started where it does not.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { TidemarkError } from '../errors.ts';
import { connectionId, taskQueues } from '../workflows/ids.ts';
import { configuredSignal } from '../workflows/messages.ts';

/** @throws ORCHESTRATOR_UNAVAILABLE */
export async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `The workflow ${workflowId} could not be asked for.`, { cause: error });
  }
}

/** Tells the entity to read its row and Schedules again, starting it when it does not run. May be repeated. @throws ORCHESTRATOR_UNAVAILABLE */
export async function tellEntity(client: Client, name: string): Promise<void> {
  try {
    await client.workflow.signalWithStart('connection', {
      workflowId: connectionId(name),
      taskQueue: taskQueues.control,
      args: [{ name }],
      signal: configuredSignal,
      signalArgs: [],
    });
  } catch (error) {
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `The connection "${name}" could not be told.`, { cause: error });
  }
}
