// The findings of a run, after its removals: what opened, came back, was fixed or suppressed, told in the run's log (document 004).
import { connectorNamed } from '../connectors/index.ts';
import { failpoint } from '../failpoint.ts';
import { isFinding } from '../model.ts';
import type { Database } from '../store/database.ts';
import { judgeFindings } from '../store/finding.ts';
import { writeLog } from '../store/log.ts';

/** Of every stream that tells findings, whatever of it was read. May run again. @throws STALE_ATTEMPT when another run has been opened. */
export async function noteFindings(
  database: Database,
  {
    run,
    connection,
    connector,
    alive,
  }: { readonly run: number; readonly connection: string; readonly connector: string; readonly alive: () => void },
): Promise<void> {
  for (const { name, title, class: of } of connectorNamed(connector).streams) {
    if (!isFinding(of)) continue;
    failpoint('findings.begun');
    const { opened, reopened, fixed, suppressed } = await judgeFindings(database, { run, connection, stream: name }, alive);
    failpoint('findings.judged');
    if (opened + reopened + fixed + suppressed === 0) continue;
    const message = `${title}: ${opened} opened, ${reopened} came back, ${fixed} fixed, ${suppressed} suppressed.`;
    await writeLog(database, { connection, run, level: 'info', message, details: { opened, reopened, fixed, suppressed } });
  }
}
