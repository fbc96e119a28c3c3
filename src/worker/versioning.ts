// The worker as a version of Temporal's Worker Deployment (TIDEMARK_VERSIONING=on, docs/upgrading.md).
// Every workflow is pinned: it ends on the build that it began on. Only the entity moves, when it continues as new.
import type { WorkerDeploymentOptions } from '@temporalio/worker';

const deploymentName = 'tidemark';

export function deploymentOf(buildId: string): WorkerDeploymentOptions {
  return { useWorkerVersioning: true, version: { deploymentName, buildId }, defaultVersioningBehavior: 'PINNED' };
}
