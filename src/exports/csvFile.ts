// One CSV file on its way to disk: RFC 4180, UTF-8, a batch of rows at a time. MUST have reached the disk when it is closed.
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { csvText } from '../files/csv.ts';
import type { Command } from '../store/exportRows.ts';

export interface Dialect {
  readonly delimiter: string;
  readonly bom: boolean;
}

/** The first cell is the command. */
export type Row = readonly [Command, ...string[]];

export interface FileFacts {
  readonly rows: number;
  readonly commands: Readonly<Record<Command, number>>;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface CsvFile {
  write(rows: readonly Row[]): Promise<void>;
  close(): Promise<FileFacts>;
}

export const fileMode = 0o640;

/** Makes the file with its header. It MUST NOT be there. */
export async function createCsvFile(path: string, header: readonly string[], dialect: Dialect): Promise<CsvFile> {
  const file = await open(path, 'wx', fileMode);
  const hash = createHash('sha256');
  const commands = { insert: 0, update: 0, delete: 0 };
  let sizeBytes = 0;
  const textOf = (rows: readonly (readonly string[])[]): string => csvText(rows, { delimiter: dialect.delimiter, recordEnd: '\r\n' });
  const put = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text, 'utf8');
    hash.update(bytes);
    sizeBytes += bytes.length;
    await file.writeFile(bytes);
  };
  await closedOnFailure(file, () => put((dialect.bom ? '\uFEFF' : '') + textOf([header])));
  return {
    write: (rows) =>
      closedOnFailure(file, async () => {
        for (const [command] of rows) commands[command] += 1;
        await put(textOf(rows));
      }),
    async close() {
      await closedOnFailure(file, () => file.sync());
      await file.close();
      return { rows: commands.insert + commands.update + commands.delete, commands, sizeBytes, sha256: hash.digest('hex') };
    },
  };
}

async function closedOnFailure<T>(file: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}
