// tidemark run-report NAME:N: the report of one run; of a run under way, what it has done so far.
import { TidemarkError } from '../../errors.ts';
import { readReport } from '../../store/run.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { printReport } from '../reportText.ts';
import { parseRunName } from '../runName.ts';

export async function runReport(context: Context, text: string): Promise<void> {
  const { connection, run } = parseRunName(text);
  const database = await context.database();
  const spec = await requireConnection(database, connection);
  const report = await readReport(database, run);
  if (report === null || report.connection !== connection) {
    throw new TidemarkError('CONFIG_INVALID', `There is no run ${text}.`, { hint: `"tidemark runs ${connection}" lists its runs.` });
  }
  await printReport(context.output, report, zoneOf(spec, report.profile));
}
