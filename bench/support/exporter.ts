// Publishes the set of a run in a process of its own, and says how long it took, the most that was held after a collection of garbage, and the most memory
// that the process had. node --expose-gc exporter.ts URL DIR RUN
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { exportPlan } from '../../src/exports/plan.ts';
import { publishSet } from '../../src/exports/publish.ts';
import { openDatabase } from '../../src/store/database.ts';
import { exportSpec } from './exportInventory.ts';

const [url = '', directory = '', run = ''] = process.argv.slice(2);
const plan = exportPlan(exportSpec());
if (plan === null) throw new Error('The connector has no files.');
const database = openDatabase({ url, applicationName: 'tidemark-bench', maxConnections: 2 });
const sampledEvery = 20_000;
let heldBytes = 0;
let next = sampledEvery;
function sample(rows: number): void {
  if (rows < next) return;
  next = rows + sampledEvery;
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  heldBytes = Math.max(heldBytes, heapUsed + external);
}
const startedAt = performance.now();
const published = await publishSet(database, {
  run: Number(run),
  plan,
  directory,
  cookies: path.join(directory, 'ExportCookies'),
  alive: sample,
});
const tookMs = performance.now() - startedAt;
await database.close();
if (published.kind !== 'published') throw new Error(`The set is ${published.kind}.`);
const { set, files } = published.manifest;
const sum = (of: (file: (typeof files)[number]) => number): number => files.reduce((total, file) => total + of(file), 0);
const peakBytes = 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
process.stdout.write(
  JSON.stringify({ set, rows: sum((file) => file.rows), sizeBytes: sum((file) => file.sizeBytes), tookMs, heldBytes, peakBytes }),
);
