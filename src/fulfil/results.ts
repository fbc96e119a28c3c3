// Results of orders as Identity Manager reads them: AssignmentId, ProvisioningState, Message, ChangeType. A machine reads them: nothing is escaped for
// spreadsheets.
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { Database } from '../store/database.ts';
import { type OrderResult, readResults } from '../store/orderFile.ts';

const columns = ['AssignmentId', 'ProvisioningState', 'Message', 'ChangeType'] as const;
const states = { executed: 'Executed', errored: 'Errored', skipped: 'Skipped' } as const;

/** A field that holds a line break, or begins or ends with a blank, is quoted, as csv-stringify alone does not. */
const options = { quoted_match: /[\r\n]|^\s|\s$/ };

export const resultsHeader = (): string => stringify([[...columns]], options);

export function resultLines(results: readonly OrderResult[]): string {
  return stringify(
    results.map((result) => [result.id, states[result.outcome], messageOf(result) ?? '', result.changeType]),
    options,
  );
}

/** An encrypted password stands where the message does. */
export const messageOf = ({ sealed, message }: OrderResult): string | null => sealed ?? message;

/** What has ended so far, page by page. */
async function* endedOrders(database: Database, of: { readonly connection: string; readonly file: string }): AsyncGenerator<OrderResult[]> {
  for (let after: OrderResult | null = null; ;) {
    const results: OrderResult[] = await readResults(database, { ...of, after });
    if (results.length === 0) return;
    yield results;
    after = results.at(-1) ?? null;
  }
}

/** Writes the results of what has ended so far, in the place of what was there. */
export async function writeResultsFile(
  database: Database,
  { connection, file, path: target }: { readonly connection: string; readonly file: string; readonly path: string },
): Promise<void> {
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.write(resultsHeader());
      for await (const results of endedOrders(database, { connection, file })) await handle.write(resultLines(results));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
