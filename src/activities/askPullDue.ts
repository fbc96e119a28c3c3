// The tick's question to the entity, which it starts when it does not run. Idempotent: the update's id is the tick's own.
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { entityStart } from '../clients/entity.ts';
import { TidemarkError } from '../errors.ts';
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
        ...entityStart(name),
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
