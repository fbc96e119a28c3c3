// npm run bench: the budgets of docs/performance.md, measured on real parts in one run. Progress on stderr, the table (or --json) on stdout.
// node bench/main.ts [--size 10000,100000] [--million] [--json], or --soak [--minutes 30] [--connections 200]: many connections for a while;
// or --search [--assets 1000000] [--json]: searches over a large inventory; or --fulfil [--orders 10000] [--json]: a file of orders.
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { measureColdStart } from './coldStart.ts';
import { measureCrashes } from './crash.ts';
import { type FullFigures, measureDeltas, measureDevices, measureFull } from './figures.ts';
import { isCarriedOut, measureFulfil } from './fulfil.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { measureSearches, searchBudgetMs } from './search.ts';
import { startMeasuredPostgres } from './support/postgres.ts';
import { isWhole, soak } from './soak.ts';
import { type Measured, rowsOf } from './table.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '10000,100000' },
    million: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '30' },
    connections: { type: 'string', default: '200' },
    search: { type: 'boolean', default: false },
    assets: { type: 'string', default: '1000000' },
    fulfil: { type: 'boolean', default: false },
    orders: { type: 'string', default: '10000' },
  },
});
const sizes = [...new Set([...values.size.split(',').map(Number), ...(values.million ? [1_000_000] : [])])].sort((a, b) => a - b);
if (!sizes.every((users) => Number.isSafeInteger(users) && users > 0)) throw new Error('--size takes whole numbers, like 10000,100000.');

const startedAt = performance.now();
const note = (line: string): void =>
  void process.stderr.write(`${String(Math.round((performance.now() - startedAt) / 1000)).padStart(5)} s  ${line}\n`);

process.exitCode = values.soak ? await soaked() : values.search ? await searched() : values.fulfil ? await fulfilled() : await budgets();

/** Prints what a soak left, as JSON. 1 when something was lost. */
async function soaked(): Promise<number> {
  const [minutes, connections] = [Number(values.minutes), Number(values.connections)];
  if (!(minutes > 0) || !Number.isSafeInteger(connections) || connections < 1) throw new Error('--minutes and --connections take numbers.');
  const figures = await soak({ minutes, connections }, note);
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  return isWhole(figures) ? 0 : 1;
}

/** Prints how long searches take. 1 when one of indexed fields takes too long. */
async function searched(): Promise<number> {
  const assets = Number(values.assets);
  if (!Number.isSafeInteger(assets) || assets < 1000) throw new Error('--assets takes a whole number, 1000 or more.');
  const figures = await measureSearches(assets, note);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ assets, figures }, null, 2)}\n`);
  } else {
    const table = new Table({ head: ['query', 'found', 'p50 ms', 'p95 ms', 'max ms', ''], style: { head: [], border: [] } });
    for (const { query, indexed, found, p50Ms, p95Ms, maxMs } of figures) {
      const verdict = indexed ? (p95Ms <= searchBudgetMs ? 'ok' : 'over') : 'not indexed';
      table.push([query, found, ...[p50Ms, p95Ms, maxMs].map((ms) => ms.toFixed(ms < 10 ? 1 : 0)), verdict]);
    }
    process.stdout.write(`${table.toString()}\n`);
  }
  return figures.some(({ indexed, p95Ms }) => indexed && p95Ms > searchBudgetMs) ? 1 : 0;
}

/** Prints what a file of orders took, as JSON or as a table. 1 when an order was not carried out, or one twice. */
async function fulfilled(): Promise<number> {
  const orders = Number(values.orders);
  if (!Number.isSafeInteger(orders) || orders < 10) throw new Error('--orders takes a whole number, 10 or more.');
  const figures = await measureFulfil(orders, note);
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  } else {
    const table = new Table({ head: [`${orders.toLocaleString('en')} orders`, 'first', 'sent again'], style: { head: [], border: [] } });
    const { first, again } = figures;
    table.push(
      ['executed', ...[first, again].map(({ status }) => status.executed)],
      ['orders a second', ...[first, again].map(({ ordersPerSecond }) => ordersPerSecond.toFixed(0))],
      [
        'HTTP requests, an order',
        ...[first, again].map(({ requests, requestsPerOrder }) => `${requests} (${requestsPerOrder.toFixed(3)})`),
      ],
      ['statements, an order', ...[first, again].map(({ statementsPerOrder }) => statementsPerOrder.toFixed(2))],
      ['PostgreSQL, in statements', ...[first, again].map(({ databaseSeconds }) => `${databaseSeconds.toFixed(1)} s`)],
      ['history', ...[first, again].map(({ history }) => `${history.events} events, ${(history.bytes / 1024).toFixed(1)} KB`)],
      ['worker memory, peak', { content: `${Math.round(figures.peakBytes / 1024 / 1024)} MB`, colSpan: 2 }],
    );
    process.stdout.write(`${table.toString()}\n`);
  }
  return isCarriedOut(figures) ? 0 : 1;
}

async function budgets(): Promise<number> {
  const measured = await measure();
  const rows = rowsOf(measured);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ measured, rows }, null, 2)}\n`);
  } else {
    const table = new Table({
      head: ['', 'budget', ...sizes.map((users) => `${users.toLocaleString('en')} users`), ''],
      style: { head: [], border: [] },
    });
    for (const { what, budget, cells, ok } of rows) {
      const [only = ''] = cells;
      const shown = cells.length === 1 ? [{ content: only, colSpan: sizes.length }] : cells;
      table.push([what, budget ?? '', ...shown, ok === null ? '' : ok ? 'ok' : 'over']);
    }
    process.stdout.write(`${table.toString()}\n`);
  }
  return rows.some(({ ok }) => ok === false) ? 1 : 0;
}

async function measure(): Promise<Measured> {
  const coldStartMs = measureColdStart();
  note('The cold start is measured; starting PostgreSQL.');
  const postgres = await startMeasuredPostgres();
  const installations: Installation[] = [];
  try {
    const fulls: FullFigures[] = [];
    for (const users of sizes) {
      note(`${users} users: starting a simulator, Temporal and a worker.`);
      const installation = await startInstallation(postgres.url, users);
      installations.push(installation);
      note(`${users} users: full pulls, a quiet delta, and the limit.`);
      fulls.push(await measureFull(installation));
    }
    note('Deltas of 100 changes, in turns.');
    const deltas = await measureDeltas(installations, 7);
    const devices: FullFigures[] = [];
    for (const installation of installations) {
      note(`${installation.shape.users} devices: full pulls, a quiet delta, and the limit.`);
      devices.push(await measureDevices(installation));
    }
    const peaks = installations.map(({ worker }) => worker.peakBytes());
    note('Full pulls of the smallest tenant, the worker killed.');
    const [smallest] = installations;
    if (smallest === undefined) throw new Error('There is no size to measure.');
    const crash = await measureCrashes(smallest);
    return {
      sizes: sizes.map((users, index) => {
        const [full, delta, ofDevices, peakBytes] = [fulls[index], deltas[index], devices[index], peaks[index]];
        if (full === undefined || delta === undefined || ofDevices === undefined || peakBytes === undefined)
          throw new Error(`${users} users were not measured.`);
        return { users, full, delta, devices: ofDevices, peakBytes };
      }),
      crash,
      coldStartMs,
    };
  } finally {
    for (const installation of installations.toReversed()) await installation.stop();
    await postgres.stop();
    note('All is stopped.');
  }
}
