// Tables of what was measured, for people. JSON has it all.
import Table from 'cli-table3';
import type { DefenderFigures } from './defender.ts';
import type { ExportFigures } from './export.ts';
import type { FulfilFigures } from './fulfil.ts';
import { type SearchFigures, searchBudgetMs } from './search.ts';
import { type Measured, rowsOf } from './table.ts';

const style = { head: [], border: [] };
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MB`;

export function budgetTable({ sizes, ...measured }: Measured): string {
  const table = new Table({ head: ['', 'budget', ...sizes.map(({ users }) => `${users.toLocaleString('en')} users`), ''], style });
  for (const { what, budget, cells, ok } of rowsOf({ sizes, ...measured })) {
    const [only = ''] = cells;
    const shown = cells.length === 1 ? [{ content: only, colSpan: sizes.length }] : cells;
    table.push([what, budget ?? '', ...shown, ok === null ? '' : ok ? 'ok' : 'over']);
  }
  return table.toString();
}

export function searchTable(figures: readonly SearchFigures[]): string {
  const table = new Table({ head: ['query', 'found', 'p50 ms', 'p95 ms', 'max ms', ''], style });
  for (const { query, indexed, found, p50Ms, p95Ms, maxMs } of figures) {
    const verdict = indexed ? (p95Ms <= searchBudgetMs ? 'ok' : 'over') : 'not indexed';
    table.push([query, found, ...[p50Ms, p95Ms, maxMs].map((ms) => ms.toFixed(ms < 10 ? 1 : 0)), verdict]);
  }
  return table.toString();
}

export function fulfilTable({ orders, first, again, peakBytes }: FulfilFigures): string {
  const table = new Table({ head: [`${orders.toLocaleString('en')} orders`, 'first', 'sent again'], style });
  table.push(
    ['executed', ...[first, again].map(({ status }) => status.executed)],
    ['orders a second', ...[first, again].map(({ ordersPerSecond }) => ordersPerSecond.toFixed(0))],
    ['HTTP requests, an order', ...[first, again].map(({ requests, requestsPerOrder }) => `${requests} (${requestsPerOrder.toFixed(3)})`)],
    ['statements, an order', ...[first, again].map(({ statementsPerOrder }) => statementsPerOrder.toFixed(2))],
    ['PostgreSQL, in statements', ...[first, again].map(({ databaseSeconds }) => `${databaseSeconds.toFixed(1)} s`)],
    ['history', ...[first, again].map(({ history }) => `${history.events} events, ${(history.bytes / 1024).toFixed(1)} KB`)],
    ['worker memory, peak', { content: megabytes(peakBytes), colSpan: 2 }],
  );
  return table.toString();
}

export function defenderTable({ first, again, raw, open, images, fetchedTwice, peakBytes }: DefenderFigures): string {
  const table = new Table({ head: [`${open.there.toLocaleString('en')} open findings`, 'first', 'again'], style });
  const runs = [first, again];
  const rawMs = raw.rowsMs + raw.imagesMs;
  table.push(
    ['took', ...runs.map(({ wallMs }) => `${(wallMs / 1000).toFixed(1)} s`)],
    [
      `against fetch + parse + COPY (${(rawMs / 1000).toFixed(1)} s)`,
      `${(first.wallMs / rawMs).toFixed(1)} ×`,
      againstRows(again.wallMs, raw),
    ],
    ['requests of Resource Graph', ...runs.map(({ requests }) => requests.resourceGraph)],
    ['requests of manifests', ...runs.map(({ requests }) => requests.manifests)],
    ['requests of blobs', ...runs.map(({ requests }) => requests.blobs)],
    ['requests of tokens', ...runs.map(({ requests }) => requests.tokens)],
    ['records written', ...runs.map(({ records }) => records)],
    ['findings written', ...runs.map(({ findings }) => findings)],
    ['statements', ...runs.map(({ statements }) => statements)],
    ['PostgreSQL, in statements', ...runs.map(({ databaseMs }) => `${(databaseMs / 1000).toFixed(1)} s`)],
    ['the worker, of a processor', ...runs.map(({ cpuMs }) => `${(cpuMs / 1000).toFixed(1)} s`)],
    ['history', ...runs.map(({ history }) => `${history.events} events, ${(history.bytes / 1024).toFixed(1)} KB`)],
    ['open findings stored, there', { content: `${open.stored}, ${open.there}`, colSpan: 2 }],
    ['images known, named by findings', { content: `${images.known}, ${images.named}`, colSpan: 2 }],
    ['digests fetched twice', { content: fetchedTwice, colSpan: 2 }],
    ['worker memory, peak', { content: megabytes(peakBytes), colSpan: 2 }],
  );
  return table.toString();
}

/** A run that asks no registry is measured by the rows alone. */
const againstRows = (wallMs: number, { rowsMs }: DefenderFigures['raw']): string =>
  `${(wallMs / rowsMs).toFixed(1)} × (rows alone, ${(rowsMs / 1000).toFixed(1)} s)`;

export function exportTable(figures: readonly ExportFigures[]): string {
  const table = new Table({ head: ['rows', 'set', 'rows written', 'MB', 'took', 'held', 'peak memory'], style });
  for (const { rows: of, ...sets } of figures) {
    for (const { set, rows: written, sizeBytes, tookMs, heldBytes, peakBytes } of Object.values(sets)) {
      const held = heldBytes === 0 ? '' : megabytes(heldBytes);
      table.push([of, set, written, (sizeBytes / 1024 ** 2).toFixed(1), `${(tookMs / 1000).toFixed(1)} s`, held, megabytes(peakBytes)]);
    }
  }
  return table.toString();
}
