// Takes a file of orders into the ledger, in slices, and judges its deletions as a whole. May be repeated: an order is taken once.
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { hashOf } from '../mappings/canonical.ts';
import type { Guard } from '../pull/guard.ts';
import type { Database } from '../store/database.ts';
import { openOrderFile, planOrderFile, type StagedLine, stageOrders } from '../store/orderFile.ts';
import { type OrderLine, readOrders, surveyOrders } from './read.ts';
import { judgeDeletions, streamOf } from './refuse.ts';

const linesAtOnce = 500;

export interface Staging {
  readonly connection: string;
  readonly path: string;
  /** Who sends it, for the audit. */
  readonly by: string;
  /** Called after each slice. */
  readonly alive: () => void;
}

/** Answers the file's digest, under which the ledger has it. @throws CONFIG_INVALID naming file and line; then nothing was taken. */
export async function stageFile(database: Database, { connection, path, by, alive }: Staging): Promise<string> {
  const { digest: file } = await surveyOrders(path);
  await openOrderFile(database, { connection, file, by });
  let lines: StagedLine[] = [];
  const take = async (): Promise<void> => {
    if (lines.length > 0) await stageOrders(database, { connection, file, lines });
    lines = [];
    alive();
    failpoint('orders.staged');
  };
  for await (const line of readOrders(path)) {
    lines.push(stagedLine(line));
    if (lines.length === linesAtOnce) await take();
  }
  await take();
  const again = await surveyOrders(path);
  if (again.digest !== file)
    throw new TidemarkError('CONFIG_INVALID', `${path} changed while it was read.`, { hint: 'Send it again when it is complete.' });
  return file;
}

function stagedLine({ line, part, assignment, changeType, order, reason }: OrderLine): StagedLine {
  const about = { line, part, assignment, changeType, reason };
  if (order === null) return { ...about, order: null };
  const { id, action, type, member, values } = order;
  const name = values?.['userPrincipalName'];
  // Later orders may know what is made by its name.
  const key = action === 'create' && typeof name === 'string' ? name : order.key;
  const { id: _, ...content } = order;
  return { ...about, order: { id, hash: hashOf(JSON.stringify(content)), action, type, key, member, body: values } };
}

/** Ends the planning of a file that was taken: what deletes more than the connection's guard allows is refused, all of that type. May be repeated. */
export async function planFile(
  database: Database,
  of: { readonly connection: string; readonly file: string; readonly guard: Guard },
): Promise<void> {
  await planOrderFile(database, of, async (deletions, liveOf) => {
    const stream = streamOf(deletions.type);
    return judgeDeletions(deletions, stream === null ? null : await liveOf(stream), of.guard);
  });
  failpoint('orders.planned');
}
