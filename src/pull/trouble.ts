// What keeps a walk of registries from being complete although it goes on.
import type { ErrorBrief } from '../model.ts';
import type { Database } from '../store/database.ts';
import { writeLog } from '../store/log.ts';
import { noteTrouble } from '../store/walk.ts';
import type { ReaderTarget } from './readers.ts';

/** The first says why the walk ends partial; each is named in the log, once a run. */
export async function noteRegistryTrouble(
  database: Database,
  { run, target: { connection, definition } }: ReaderTarget,
  { code, message, hint }: ErrorBrief,
): Promise<void> {
  await noteTrouble(database, { run, connection, stream: definition.name }, { code, message, hint });
  const [told] = await database.query('select from run_log where run = $1 and message = $2 limit 1', [run, message]);
  if (told === undefined) await writeLog(database, { connection, run, level: 'warning', message, details: { code, hint } });
}
