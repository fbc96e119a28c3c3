// tidemark fulfil NAME -f ORDERS: takes the file into the ledger, has a worker write it, and puts what becomes of each order into a results file as it
// ends. Sent again, it is the same: what was written is not written twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '../../clients/thrown.ts';
import type { ConnectionSpec } from '../../connectors/spec.ts';
import { TidemarkError } from '../../errors.ts';
import { messageOf, resultLines, resultsHeader } from '../../fulfil/results.ts';
import { stageFile } from '../../fulfil/stage.ts';
import type { Database } from '../../store/database.ts';
import { countOrders, listOrderFiles, type OrderCounts, type OrderResult, readResults } from '../../store/orderFile.ts';
import { approver } from '../approver.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { requireWorker } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { startFulfil, type StartedFulfil } from '../fulfilWorkflow.ts';
import { durationText } from '../words.ts';

export interface FulfilWords {
  readonly file?: string;
  readonly dryRun?: true;
  readonly wait: boolean;
}

const lookEveryMs = 400;
const lineEveryMs = 2_000;

export async function fulfil(context: Context, name: string, { file: path, dryRun, wait }: FulfilWords): Promise<ExitCode> {
  if (path === undefined) {
    throw new TidemarkError('CONFIG_INVALID', "Required option '-f, --file <path>' not specified.", {
      hint: '"tidemark fulfil --help" shows what can be given.',
    });
  }
  const database = await context.database();
  const spec = await requireConnection(database, name);
  requireWriting(spec);
  if (dryRun === true) {
    await (await import('../fulfilDryRun.ts')).dryRun(context, spec, path);
    return exit.done;
  }
  await requireWorker(context);
  const by = approver();
  const file = await stageFile(database, { connection: name, path, by, alive: () => undefined });
  const started = await startFulfil(await context.temporal(), { connection: name, file, by });
  if (!wait) {
    context.output.note(`${started.workflowId} writes the orders; "tidemark fulfil status ${name}" shows how far it is.`);
    return exit.done;
  }
  const counts = await follow(context, { database, connection: name, file, results: `${path}.results.csv`, started });
  context.output.note(`${name}: ${countsText(counts)}; results in ${path}.results.csv`);
  return counts.errored > 0 ? exit.incomplete : exit.done;
}

function requireWriting(spec: ConnectionSpec): void {
  if (spec.connector === 'identity-manager') return;
  throw new TidemarkError('CONFIG_INVALID', `Connection "${spec.name}" is of ${spec.connector}, which writes no orders.`, {
    hint: 'Orders are written by a connection of identity-manager.',
  });
}

interface Following {
  readonly database: Database;
  readonly connection: string;
  readonly file: string;
  readonly results: string;
  readonly started: StartedFulfil;
}

/** Appends results as orders end, those of earlier times first, until all have or the workflow fails. */
async function follow(context: Context, of: Following): Promise<OrderCounts> {
  const { database, started } = of;
  const handle = await openResults(of.results);
  let after: OrderResult | null = null;
  const begun = Date.now();
  let [shownAt, first]: [number, number | null] = [0, null];
  try {
    await handle.write(resultsHeader());
    for (;;) {
      const lookedAt = Date.now();
      // Asked before the results, so that none is missed.
      const over = await started.ended();
      for (;;) {
        const fresh: OrderResult[] = await readResults(database, { ...of, after });
        if (fresh.length === 0) break;
        await handle.write(resultLines(fresh));
        await tell(context, fresh);
        after = fresh.at(-1) ?? after;
      }
      const counts = await countOrders(database, of);
      if (counts === null) throw new TidemarkError('INTERNAL', 'The file of orders is not in the ledger any more.');
      if (over) {
        await handle.sync();
        return counts;
      }
      const done = counts.total - counts.waiting;
      first ??= done;
      if (Date.now() - shownAt >= lineEveryMs) {
        shownAt = Date.now();
        context.output.note(progressText(of.connection, counts, (done - first) / ((Date.now() - begun) / 1000)));
      }
      // What takes long to look at is looked at less often.
      await sleep(Math.max(lookEveryMs, 5 * (Date.now() - lookedAt)));
    }
  } finally {
    await handle.close();
  }
}

async function openResults(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'w', 0o600);
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', `The results cannot be written to ${file} (${codeOf(error) ?? 'unknown reason'}).`, {
      hint: 'Make its directory writable and send the file again: what was written is not written twice.',
      cause: error,
    });
  }
}

/** One object a line, as orders end. A table is told by the counts at the end. */
async function tell({ output }: Context, results: readonly OrderResult[]): Promise<void> {
  if (output.format === 'table' || results.length === 0) return;
  const rows = results.map((result) => ({
    id: result.id,
    outcome: result.outcome,
    objectId: result.objectId,
    code: result.code,
    message: messageOf(result),
  }));
  await output.lines(rows);
}

function progressText(connection: string, { total, waiting, errored }: OrderCounts, rate: number): string {
  const done = total - waiting;
  const left = rate > 0 && waiting > 0 ? `, ${durationText((waiting / rate) * 1000)} left` : '';
  const failed = errored > 0 ? `, ${errored.toLocaleString('en-US')} errored` : '';
  return `${connection}: ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} orders, ${Math.round(rate)}/s${left}${failed}`;
}

const countsText = ({ total, executed, errored, skipped, waiting }: OrderCounts): string =>
  `${total} orders: ${executed} executed, ${errored} errored, ${skipped} skipped${waiting > 0 ? `, ${waiting} waiting` : ''}`;

export async function fulfilStatus(context: Context, name: string | undefined): Promise<void> {
  const database = await context.database();
  if (name !== undefined) await requireConnection(database, name);
  const files = await listOrderFiles(database, { connection: name ?? null, limit: 20 });
  const titles = ['connection', 'file', 'receivedAt', 'by', 'total', 'executed', 'errored', 'skipped', 'waiting'] as const;
  await context.output.rows(
    files.map((file) => ({ ...file, file: file.file.slice(0, 16) })),
    { columns: titles.map((title) => ({ title, value: (row) => row[title] })), none: 'No orders were sent.' },
  );
}
