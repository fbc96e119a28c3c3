// The tick's question to the entity, which it starts when it does not run. Idempotent: the update's id is the tick's own.
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { TidemarkError } from '../errors.ts';
import { connectionId, taskQueues } from '../workflows/ids.ts';
import { pullDueUpdate, type RunAnswer } from '../workflows/messages.ts';
import type { Shared } from './dependencies.ts';
import type { PullDueRequest } from './types.ts';

/** @throws ORCHESTRATOR_UNAVAILABLE when the entity does not answer, CONFIG_INVALID when it refuses. */
export async function askPullDue(
  { client }: Pick<Shared, 'client'>,
  { name, profile, scheduledAt, updateId }: PullDueRequest,
): Promise<RunAnswer> {
  if (client === null) throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', 'This worker has no Temporal client.');
  try {
    return await client.workflow.executeUpdateWithStart(pullDueUpdate, {
      args: [{ profile, scheduledAt }],
      updateId,
      startWorkflowOperation: new WithStartWorkflowOperation('connection', {
        workflowId: connectionId(name),
        taskQueue: taskQueues.control,
        args: [{ name }],
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw new TidemarkError('CONFIG_INVALID', `The connection "${name}" refused the occurrence.`, { cause: error });
    }
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `The connection "${name}" did not answer.`, { cause: error });
  }
}
