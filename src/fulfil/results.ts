// Results of orders as Identity Manager reads them: AssignmentId, ProvisioningState, Message, ChangeType. A machine reads them: nothing is escaped for
// spreadsheets.
import { csvText } from '../files/csv.ts';
import { writeWhole } from '../files/wholeFile.ts';
import type { Database } from '../store/database.ts';
import { type OrderResult, readResults } from '../store/orderFile.ts';

const columns = ['AssignmentId', 'ProvisioningState', 'Message', 'ChangeType'] as const;
const states = { executed: 'Executed', errored: 'Errored', skipped: 'Skipped' } as const;

const form = { delimiter: ',', recordEnd: '\n' } as const;

export const resultsHeader = (): string => csvText([columns], form);

export function resultLines(results: readonly OrderResult[]): string {
  return csvText(
    results.map((result) => [result.id, states[result.outcome], messageOf(result) ?? '', result.changeType]),
    form,
  );
}

/** An encrypted password stands where the message does. */
export const messageOf = ({ sealed, message }: OrderResult): string | null => sealed ?? message;

/** All of what has ended so far, page by page. */
async function* resultsText(database: Database, of: { readonly connection: string; readonly file: string }): AsyncGenerator<string> {
  yield resultsHeader();
  for (let after: OrderResult | null = null; ;) {
    const results: OrderResult[] = await readResults(database, { ...of, after });
    if (results.length === 0) return;
    yield resultLines(results);
    after = results.at(-1) ?? null;
  }
}

const ownersOnly = 0o600;

/** Writes the results of what has ended so far, in the place of what was there. */
export function writeResultsFile(
  database: Database,
  { connection, file, path: target }: { readonly connection: string; readonly file: string; readonly path: string },
): Promise<void> {
  return writeWhole(target, resultsText(database, { connection, file }), ownersOnly);
}
