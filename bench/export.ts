// Complete and incremental sets of files of many rows: how long they take, and the most memory that the process which writes them holds.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { openDatabase } from '../src/store/database.ts';
import { migrate } from '../src/store/schema.ts';
import { freshDatabaseUrl } from '../test/support/databases.ts';
import { changeUsers, fillExport } from './support/exportInventory.ts';
import { startMeasuredPostgres } from './support/postgres.ts';

/** Of what is held, against the size before; and of all that the process has. */
const memory = { ratio: 1.15, bytes: 400 * 1024 * 1024 };
const changes = 100;

const wrote = z.object({
  set: z.enum(['complete', 'incremental']),
  rows: z.int(),
  sizeBytes: z.int(),
  tookMs: z.number(),
  heldBytes: z.int(),
  peakBytes: z.int(),
});

export interface ExportFigures {
  readonly rows: number;
  readonly complete: z.output<typeof wrote>;
  /** Of so few changes as a quiet hour brings. */
  readonly incremental: z.output<typeof wrote>;
}

export async function measureExports(sizes: readonly number[], note: (line: string) => void): Promise<ExportFigures[]> {
  const postgres = await startMeasuredPostgres();
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-export-'));
  try {
    const figures: ExportFigures[] = [];
    for (const rows of sizes) {
      const url = await freshDatabaseUrl(postgres.url);
      const database = openDatabase({ url, applicationName: 'tidemark-bench', maxConnections: 2 });
      try {
        await migrate(database);
        await fillExport(database, rows);
        note(`${rows} rows are stored.`);
        const directory = path.join(home, String(rows));
        const complete = await write(url, directory, 1);
        note(`A complete set: ${Math.round(complete.tookMs)} ms.`);
        await changeUsers(database, 2, changes);
        figures.push({ rows, complete, incremental: await write(url, directory, 2) });
      } finally {
        await database.close();
      }
    }
    return figures;
  } finally {
    rmSync(home, { recursive: true, force: true });
    await postgres.stop();
  }
}

/** Whether memory stays what it is, however many rows there are. */
export function isFlat(figures: readonly ExportFigures[]): boolean {
  return figures.every(({ complete: { heldBytes, peakBytes } }, index) => {
    const before = figures[index - 1]?.complete.heldBytes ?? heldBytes;
    return peakBytes <= memory.bytes && heldBytes <= memory.ratio * before;
  });
}

async function write(url: string, directory: string, run: number): Promise<z.output<typeof wrote>> {
  const program = path.join(import.meta.dirname, 'support', 'exporter.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, url, directory, String(run)]);
  return wrote.parse(JSON.parse(stdout));
}
