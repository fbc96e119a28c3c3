// npm run bench [-- COMMAND]: what docs/performance.md tells, measured on real parts. Progress on stderr, a table or --json on stdout. Exit 1 where a
// budget is not held, or something was lost.
import { Command, InvalidArgumentError } from 'commander';
import { measureBudgets } from './budgets.ts';
import { isKept, measureDefender } from './defender.ts';
import { isFlat, measureExports } from './export.ts';
import { isCarriedOut, measureFulfil } from './fulfil.ts';
import { budgetTable, defenderTable, exportTable, fulfilTable, searchTable } from './print.ts';
import { measureSearches, searchBudgetMs } from './search.ts';
import { isWhole, soak } from './soak.ts';
import type { EstateSize } from './support/estate.ts';
import { rowsOf } from './table.ts';

interface Printed {
  readonly json: unknown;
  readonly text: string;
  readonly ok: boolean;
}

const startedAt = performance.now();
const note = (line: string): void =>
  void process.stderr.write(`${String(Math.round((performance.now() - startedAt) / 1000)).padStart(5)} s  ${line}\n`);

const atLeast = (least: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
  return value;
};
const eachAtLeast = (least: number) => (text: string) => text.split(',').map(atLeast(least));

function print({ json, text, ok }: Printed, options: { readonly json?: true }): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(json, null, 2) : text}\n`);
  process.exitCode = ok ? 0 : 1;
}

const program = new Command('bench').helpCommand(false);

program
  .command('budgets', { isDefault: true })
  .description('pulls of an identity connection and of devices')
  .option('--size <users,…>', 'sizes of the tenant', eachAtLeast(1), [10_000, 100_000])
  .option('--million', '1,000,000 users too')
  .option('--json')
  .action(async (options: { readonly size: number[]; readonly million?: true; readonly json?: true }) => {
    const sizes = [...new Set([...options.size, ...(options.million === true ? [1_000_000] : [])])].sort((a, b) => a - b);
    const measured = await measureBudgets(sizes, note);
    const rows = rowsOf(measured);
    print({ json: { measured, rows }, text: budgetTable(measured), ok: rows.every(({ ok }) => ok !== false) }, options);
  });

program
  .command('search')
  .description('searches of a large inventory')
  .option('--assets <count>', 'how many assets', atLeast(1_000), 1_000_000)
  .option('--json')
  .action(async (options: { readonly assets: number; readonly json?: true }) => {
    const figures = await measureSearches(options.assets, note);
    const ok = figures.every(({ indexed, p95Ms }) => !indexed || p95Ms <= searchBudgetMs);
    print({ json: { assets: options.assets, figures }, text: searchTable(figures), ok }, options);
  });

program
  .command('export')
  .description('sets of CSV files')
  .option('--rows <count,…>', 'rows of a set', eachAtLeast(1_000), [100_000, 1_000_000])
  .option('--json')
  .action(async (options: { readonly rows: number[]; readonly json?: true }) => {
    const figures = await measureExports(options.rows, note);
    print({ json: figures, text: exportTable(figures), ok: isFlat(figures) }, options);
  });

program
  .command('fulfil')
  .description('a file of orders')
  .option('--orders <count>', 'how many', atLeast(10), 10_000)
  .option('--json')
  .action(async (options: { readonly orders: number; readonly json?: true }) => {
    const figures = await measureFulfil(options.orders, note);
    print({ json: figures, text: fulfilTable(figures), ok: isCarriedOut(figures) }, options);
  });

program
  .command('defender')
  .description('cloud resources, images and findings')
  .option('--vms <count>', 'how many machines', atLeast(1), 20_000)
  .option('--images <count>', 'how many container images', atLeast(1), 5_000)
  .option('--registries <count>', 'in how many registries', atLeast(1), 50)
  .option('--findings <count>', 'about how many', atLeast(1), 500_000)
  .option('--json')
  .action(async ({ json, ...size }: EstateSize & { readonly json?: true }) => {
    const figures = await measureDefender(size, note);
    print({ json: figures, text: defenderTable(figures), ok: isKept(figures) }, json === undefined ? {} : { json });
  });

program
  .command('soak')
  .description('many connections for a while')
  .option('--minutes <count>', 'for how long', atLeast(1), 30)
  .option('--connections <count>', 'how many', atLeast(1), 200)
  .action(async (options: { readonly minutes: number; readonly connections: number }) => {
    const figures = await soak(options, note);
    print({ json: figures, text: JSON.stringify(figures, null, 2), ok: isWhole(figures) }, {});
  });

await program.parseAsync();
