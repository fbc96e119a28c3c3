// tidemark delete NAME [--purge]: no new occurrences, the run under way cancelled, then the row, last the entity. Deleting again goes on where it was.
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteSchedules } from '../../clients/schedules.ts';
import { profileNames } from '../../connectors/spec.ts';
import { TidemarkError } from '../../errors.ts';
import { deleteConnection, getConnection } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { openRuns } from '../../store/run.ts';
import { cancelRunUpdate } from '../../workflows/messages.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity, tellDeleted } from '../entity.ts';

const cancelWaitMs = 60_000;
const lookEveryMs = 300;

export async function deleteVerb(context: Context, name: string, { purge = false }: { readonly purge?: boolean }): Promise<void> {
  const database = await context.database();
  const connection = await getConnection(database, name);
  // A purge may come after the deletion; there must be something to purge then.
  if (connection === null && !purge) await requireConnection(database, name);
  const client = await context.temporal();
  await deleteSchedules(client, name, profileNames(connection?.spec));
  if (connection !== null && (await openRuns(database, name)).length > 0) await cancelRun(context, database, name);
  const deleted = await deleteConnection(database, name, { purge });
  await tellDeleted(client, name);
  if (!deleted) await requireConnection(database, name);
  const row = { name, deleted: true, purged: purge };
  await context.output.one(row, {
    text: () => `${name} deleted${purge ? ', and its inventory, runs and logs erased' : '; its inventory stays'}`,
    rows: [row],
    columns: [
      { title: 'name', value: (line) => line.name },
      { title: 'deleted', value: (line) => line.deleted },
      { title: 'purged', value: (line) => line.purged },
    ],
  });
}

/** Lets the page under way commit. Without a worker there is nobody to stop: the deleted row refuses whatever the run still tries. */
async function cancelRun(context: Context, database: Database, name: string): Promise<void> {
  try {
    await askEntity(context, name, cancelRunUpdate, {});
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'ORCHESTRATOR_UNAVAILABLE') throw error;
    context.output.note(`${error.message} Its run is not asked to stop; it can write nothing more.`);
    return;
  }
  const until = Date.now() + cancelWaitMs;
  while ((await openRuns(database, name)).length > 0) {
    if (Date.now() > until) {
      context.output.note('The run under way has not ended yet; it can write nothing more.');
      return;
    }
    await sleep(lookEveryMs);
  }
}
