// What a verb prints: data on stdout in the format asked for, notes on stderr. Knows nothing of connections or runs.
// A reader that goes away (EPIPE) ends the printing, never the verb's work.
import type { Writable } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';

export const formats = ['table', 'json', 'ndjson', 'csv'] as const;
export type Format = (typeof formats)[number];

/** Forms of findings that other tools read. */
export const exchangeFormats = ['sarif', 'ocsf'] as const;
export type ExchangeFormat = (typeof exchangeFormats)[number];

type Cell = string | number | boolean | null;

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => Cell;
  readonly align?: 'right';
}

/** A form of a list besides those of `formats`. Rows are numbered from 1. */
export interface Rendering<Row> {
  readonly begin: string;
  row(row: Row, number: number): string;
  end(): string;
}

interface Listing<Row> {
  /** In the place of the format asked for. */
  readonly as?: Rendering<Row> | undefined;
  readonly columns: readonly Column<Row>[];
  readonly limit?: number;
  /** What a table of nothing says. */
  readonly none?: string;
}

export interface Output {
  readonly format: Format;
  /** Whether notes go to a terminal: progress may then be drawn in place. */
  readonly interactive: boolean;
  /**
   * Prints a list. JSON is one array (`[]` when empty), NDJSON one row a line. Rows are taken one at a time; at most `limit` are printed,
   * and a note says when there are more. Few are held at a time, whatever the format.
   */
  rows<Row>(rows: AsyncIterable<Row> | Iterable<Row>, of: Listing<Row>): Promise<void>;
  /** Prints values as they come, one JSON object a line. */
  lines(values: readonly object[]): Promise<void>;
  /** Prints one thing: as JSON itself; as a table its `text`; as CSV its rows. */
  one<Row>(
    value: unknown,
    of: { readonly text: () => Promise<string> | string; readonly rows: readonly Row[]; readonly columns: readonly Column<Row>[] },
  ): Promise<void>;
  /** A table as text, for `text` above. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<string>;
  /** One line on stderr. */
  note(line: string): void;
  /** Raw text on stderr, for progress drawn in place. */
  readonly notes: Writable;
  /** Ends when everything written has been handed to the system. */
  flush(): Promise<void>;
}

/** Rows of a table that are drawn at once: as wide as what was drawn before, or wider. */
const tabledAtOnce = 1_000;

const tableChars = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '   ',
};

/** Names come from directories: what could drive the terminal or break the line is shown as a space. */
const visible = (value: Cell): string => (value === null ? '' : stripVTControlCharacters(String(value)).replaceAll(/\p{Cc}/gu, ' '));

const longest = (texts: readonly string[]): string => texts.reduce((one, other) => (other.length > one.length ? other : one));

export function createOutput(of: {
  readonly format: Format;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}): Output {
  const { format, stdout, stderr } = of;
  let gone = false;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    gone = true;
  };
  stdout.on('error', onError);
  stderr.on('error', onError);

  const write = async (text: string): Promise<void> => {
    if (gone || stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      stdout
        .once('drain', resolve)
        .once('close', resolve)
        .once('error', () => resolve());
    });
  };

  const table = async <Row>(rows: readonly Row[], columns: readonly Column<Row>[], above?: readonly string[]): Promise<string> => {
    const { default: Table } = await import('cli-table3');
    const drawn = new Table({
      // Plain where NO_COLOR is set or stdout is no terminal.
      head: above === undefined ? columns.map((column) => styleText('bold', column.title, { stream: stdout })) : [...above],
      chars: tableChars,
      colAligns: columns.map((column) => column.align ?? 'left'),
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    });
    drawn.push(...rows.map((row) => columns.map((column) => visible(column.value(row)))));
    return (
      drawn
        .toString()
        .split('\n')
        // What stands above was drawn already: it makes the columns as wide.
        .slice(above === undefined ? 0 : 1)
        .map((line) => line.trimEnd())
        .join('\n')
    );
  };

  const csv = async <Row>(rows: readonly Row[], columns: readonly Column<Row>[], header: boolean): Promise<string> => {
    const { stringify } = await import('csv-stringify/sync');
    const lines = rows.map((row) => columns.map((column) => column.value(row)));
    const titles = header ? [columns.map((column) => column.title)] : [];
    // A cell that a spreadsheet would run as a formula is written as text (OWASP ASVS 1.2.10).
    return stringify([...titles, ...lines], { escape_formulas: true, cast: { boolean: String } });
  };

  const output: Output = {
    format,
    interactive: stderr.isTTY === true,
    notes: stderr,
    table: (rows, columns) => table(rows, columns),
    note: (line) => {
      if (!gone) stderr.write(`${line}\n`);
    },
    async rows<Row>(rows: AsyncIterable<Row> | Iterable<Row>, { columns, limit, none, as }: Listing<Row>) {
      const tabled: Row[] = [];
      let widest: string[] | undefined;
      const drawTable = async (): Promise<void> => {
        if (tabled.length === 0) return;
        const drawn = tabled.splice(0);
        await write(`${await table(drawn, columns, widest)}\n`);
        widest = columns.map((column, index) =>
          longest([widest?.[index] ?? column.title, ...drawn.map((row) => visible(column.value(row)))]),
        );
      };
      let count = 0;
      if (as !== undefined) await write(as.begin);
      for await (const row of rows) {
        if (gone) return;
        if (limit !== undefined && count === limit) {
          output.note(`There are more than ${limit}; --limit shows more.`);
          break;
        }
        count += 1;
        if (as !== undefined) await write(as.row(row, count));
        else if (format === 'json') await write(`${count === 1 ? '[' : ','}\n${JSON.stringify(row)}`);
        else if (format === 'ndjson') await write(`${JSON.stringify(row)}\n`);
        else if (format === 'csv') await write(await csv([row], columns, count === 1));
        else if (tabled.push(row) === tabledAtOnce) await drawTable();
      }
      if (as !== undefined) {
        await write(as.end());
        return;
      }
      if (format === 'json') await write(count === 0 ? '[]\n' : '\n]\n');
      if (format === 'csv' && count === 0) await write(await csv([], columns, true));
      await drawTable();
      if (format === 'table' && count === 0 && none !== undefined) output.note(none);
    },
    async lines(values) {
      for (const value of values) await write(`${JSON.stringify(value)}\n`);
    },
    async one(value, { text, rows, columns }) {
      if (format === 'json') await write(`${JSON.stringify(value, null, 2)}\n`);
      else if (format === 'ndjson') await write(`${JSON.stringify(value)}\n`);
      else if (format === 'csv') await write(await csv(rows, columns, true));
      else await write(`${await text()}\n`);
    },
    async flush() {
      for (const stream of [stdout, stderr]) {
        if (!gone) await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
    },
  };
  return output;
}
