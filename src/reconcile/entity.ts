// Whether a workflow runs, asked by id, and the entity started where it does not, or woken where it sleeps on a former build.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { tellConfigured } from '../clients/entity.ts';
import { TidemarkError } from '../errors.ts';

interface Running {
  /** The build it is pinned to; null when to none. */
  readonly build: string | null;
}

/** null when it does not run. @throws ORCHESTRATOR_UNAVAILABLE */
export async function runningWorkflow(client: Client, workflowId: string): Promise<Running | null> {
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return null;
    return { build: raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `The workflow ${workflowId} could not be asked for.`, { cause: error });
  }
}

/** Tells the entity to read its row and Schedules again, starting it when it does not run. May be repeated. @throws ORCHESTRATOR_UNAVAILABLE */
export async function tellEntity(client: Client, name: string): Promise<void> {
  try {
    await tellConfigured(client, name);
  } catch (error) {
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `The connection "${name}" could not be told.`, { cause: error });
  }
}
