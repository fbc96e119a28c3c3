// What is left behind: Schedules of profiles and connections that are gone, and runs that nobody will end.
import { deleteSchedule } from '../clients/schedules.ts';
import type { LostRun } from '../store/reconcile.ts';
import { overtakenRuns } from '../store/reconcile.ts';
import { endWatch, orphanedWatches } from '../store/watch.ts';
import { pullId } from '../workflows/ids.ts';
import { runningWorkflow } from './entity.ts';
import type { Tools } from './profile.ts';

/** Removes the Schedules that no profile has any more, by what the database remembers; answers how many. @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function removeSchedules({ client, database, logger }: Tools): Promise<number> {
  const orphans = await orphanedWatches(database);
  for (const { connection, profile } of orphans) {
    await deleteSchedule(client, { name: connection, profile });
    await endWatch(database, { connection, profile });
    logger.info('The schedule of a profile that is gone was removed.', { connection, profile });
  }
  return orphans.length;
}

/** Runs without a verdict that no entity holds and whose workflow has closed: their rows are to be ended (I9). @throws STORE_UNAVAILABLE, ORCHESTRATOR_UNAVAILABLE */
export async function lostRuns({ client, database }: Tools): Promise<LostRun[]> {
  const lost: LostRun[] = [];
  for (const run of await overtakenRuns(database)) {
    if ((await runningWorkflow(client, pullId(run.connection, run.run))) === null) lost.push(run);
  }
  return lost;
}
