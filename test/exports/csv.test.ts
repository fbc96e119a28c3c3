// Cells and files: what is written is what three independent readers read, whatever the value.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import Papa from 'papaparse';
import { cellOf, spreadsheetSafe } from '../../src/exports/cell.ts';
import { createCsvFile, type Row } from '../../src/exports/csvFile.ts';
import { csvText } from '../../src/files/csv.ts';
import { hashOf } from '../../src/mappings/canonical.ts';
import type { Json } from '../../src/model.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-csv-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each<[string, Json | undefined, string]>([
  ['nothing', undefined, ''],
  ['null', null, ''],
  ['text, as it is', ' +33 "a"\r\n', ' +33 "a"\r\n'],
  ['true', true, 'true'],
  ['false', false, 'false'],
  ['a number', 12.5, '12.5'],
  ['no element', [], ''],
  ['elements without regard to case', ['smtp:b@x', 'SMTP:a@x', 'SMTP:C@x'], 'SMTP:a@x\nsmtp:b@x\nSMTP:C@x'],
  ['elements that differ in case alone, in one order', ['b', 'B', 'a'], 'a\nB\nb'],
  ['an underscore between the cases, as OrdinalIgnoreCase has it', ['a_', 'aB'], 'aB\na_'],
  ['an object, its keys sorted', { b: 1, a: [true] }, '{"a":[true],"b":1}'],
  ['objects', [{ skuId: 'b' }, { skuId: 'a' }], '{"skuId":"a"}\n{"skuId":"b"}'],
])('a cell of %s', (_what, value, cell) => {
  expect(cellOf(value)).toBe(cell);
});

test('the order of a list is that of its source no more', () => {
  const addresses = ['smtp:ana@contoso.example', 'SMTP:Ana@contoso.example', 'x500:/o=a', 'Ä', 'ä', 'ß'];
  expect(cellOf(addresses.toReversed())).toBe(cellOf(addresses));
});

/** What breaks careless writers and readers: each on its own, and all side by side. */
const hostile: Readonly<Record<string, string>> = {
  CR: 'a\rb',
  'a lone CR': '\r',
  LF: 'a\nb',
  'a lone LF': '\n',
  CRLF: 'a\r\nb',
  'CR at the end': 'a\r',
  quotes: '"a" ""b""',
  'a lone quote': '"',
  comma: 'a,b',
  semicolon: 'a;b',
  tab: 'a\tb',
  pipe: 'a|b',
  phone: '+33 1 23',
  minus: '-1+1',
  formula: '=HYPERLINK("http://x","y")',
  at: '@sum(A1)',
  zeros: '0012',
  digits: '1234567890123456789',
  BOM: '\uFEFFa',
  'a lone BOM': '\uFEFF',
  emoji: '👩‍👩‍👧 né 漢',
  'U+0000': 'a\0b',
  blanks: '  a  ',
  'a no-break space': '\u00a0',
  'line separators': 'a\u2028b\u2029c\u0085d\vf\f',
  comment: '#a',
  backslash: 'a\\,b\\"',
  'the header again': 'Command',
  empty: '',
};

/** Python's own limit of a cell is lifted; it must be told that a file has no translation of line ends. */
const python = `
import csv, json, sys
csv.field_size_limit(1 << 30)
with open(sys.argv[1], newline='', encoding='utf-8-sig' if sys.argv[3] == 'bom' else 'utf-8') as file:
    json.dump(list(csv.reader(file, delimiter=sys.argv[2], strict=True)), sys.stdout)
`;

const readers: Readonly<Record<string, (file: string, delimiter: string, bom: boolean) => unknown>> = {
  'csv-parse': (file, delimiter, bom) => parse(readFileSync(file), { delimiter, bom }),
  papaparse: (file, delimiter) =>
    // It takes a BOM away whether there is one or not: the first header never begins with one.
    Papa.parse(readFileSync(file, 'utf8').replace(/\r\n$/, ''), { delimiter, newline: '\r\n' }).data,
  python: (file, delimiter, bom) =>
    JSON.parse(execFileSync('python3', ['-c', python, file, delimiter, bom ? 'bom' : ''], { encoding: 'utf8', maxBuffer: 1 << 28 })),
};

const dialects = [',', ';', '\t', '|'].flatMap((delimiter) => [
  { delimiter, bom: false },
  { delimiter, bom: true },
]);

describe.each(Object.keys(readers))('%s reads', (reader) => {
  test.each(dialects)('every hostile value, with delimiter $delimiter and BOM $bom', async (dialect) => {
    const file = path.join(directory, `${reader}-${String(dialects.indexOf(dialect))}.csv`);
    const values = Object.values(hostile);
    const header = ['Command', 'id', ...Object.keys(hostile)];
    const rows: Row[] = [
      ['insert', 'all', ...values],
      ...values.map((value, index): Row => ['update', String(index), ...values.map((_, at) => (at === index ? value : ''))]),
      ['delete', 'none', ...values.map(() => '')],
    ];
    const csv = await createCsvFile(file, header, dialect);
    await csv.write(rows.slice(0, 5));
    await csv.write(rows.slice(5));
    const facts = await csv.close();
    expect(readers[reader]?.(file, dialect.delimiter, dialect.bom)).toEqual([header, ...rows]);
    expect(facts).toMatchObject({ rows: rows.length, commands: { insert: 1, update: values.length, delete: 1 } });
    expect(facts).toMatchObject({ sha256: hashOf(readFileSync(file, 'utf8')), sizeBytes: readFileSync(file).length });
  });

  test('a cell of 1 MB, and a header without rows', async () => {
    const file = path.join(directory, `${reader}-big.csv`);
    const big = 'x"\n,€'.repeat(200_000);
    writeFileSync(
      file,
      csvText(
        [
          ['Command', 'id'],
          ['insert', big],
        ],
        { delimiter: ',', recordEnd: '\r\n' },
      ),
    );
    const read = readers[reader]?.(file, ',', false) as string[][];
    expect(read.map((row) => row.length)).toEqual([2, 2]);
    expect(read[1]?.[1] === big).toBe(true);
    writeFileSync(file, csvText([['Command', 'groupId', 'id']], { delimiter: ',', recordEnd: '\r\n' }));
    expect(readers[reader]?.(file, ',', false)).toEqual([['Command', 'groupId', 'id']]);
  });
});

test('records end with CR LF, and a line feed within a cell stays one', () => {
  expect(csvText([['insert', 'a\nb', '1,5']], { delimiter: ',', recordEnd: '\r\n' })).toBe('insert,"a\nb","1,5"\r\n');
});

test('a file is never written over', async () => {
  const file = path.join(directory, 'there.csv');
  writeFileSync(file, 'mine');
  await expect(createCsvFile(file, ['Command'], { delimiter: ',', bom: false })).rejects.toThrow('EEXIST');
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test.each([
  ['=1+1', "'=1+1"],
  ['+33', "'+33"],
  ['-1', "'-1"],
  ['@a', "'@a"],
  ['\ta', "'\ta"],
  ['\ra', "'\ra"],
  ['a=1', 'a=1'],
  ['', ''],
])('for spreadsheets %j becomes %j', (value, safe) => {
  expect(spreadsheetSafe(value)).toBe(safe);
});
