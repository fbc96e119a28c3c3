// What is said of a full pull that read nothing where nothing was before (decision 10, document 002): it is complete, and its reader should look.
import { connectorNamed, streamNamed } from '../connectors/index.ts';
import { leastPermissions } from '../connectors/select.ts';
import type { RunReport } from '../model.ts';
import type { Database } from '../store/database.ts';
import { writeLog } from '../store/log.ts';
import { streamsWithoutRecords } from '../store/report.ts';
import { pinnedRun } from './pinned.ts';

/** One warning of the run for all streams that it concerns. @throws STORE_UNAVAILABLE, STALE_ATTEMPT, CONFIG_INVALID */
export async function noteEmpty(database: Database, run: number, report: RunReport): Promise<void> {
  const candidates = report.streams.filter(({ mode, outcome, read }) => mode === 'full' && outcome === 'complete' && read === 0);
  if (candidates.length === 0) return;
  const names = await streamsWithoutRecords(
    database,
    report.connection,
    candidates.map(({ stream }) => stream),
  );
  if (names.length === 0) return;
  const connector = connectorNamed((await pinnedRun(database, run)).spec.connector);
  const streams = names.map((name) => streamNamed(connector, name));
  const titles = streams.map(({ title }) => title.toLowerCase()).join(', ');
  const permissions = leastPermissions(streams).join(', ');
  await writeLog(database, {
    connection: report.connection,
    run,
    level: 'warning',
    message: `The source has none of these: ${titles}.`,
    details: {
      hint: `Check that the app registration has ${permissions} with admin consent (a green check mark under API permissions), and in the Azure portal that there are any in this tenant.`,
    },
  });
}
