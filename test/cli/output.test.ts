// The formats of stdout, what stays out of them, and readers that go away.
import { PassThrough, Writable } from 'node:stream';
import { createOutput, type Format, formats } from '../../src/cli/output.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

const columns = [
  { title: 'name', value: ({ name }: Row) => name },
  { title: 'count', value: ({ count }: Row) => count, align: 'right' as const },
];

function open(format: Format) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return { output: createOutput({ format, stdout, stderr }), out: () => text(stdout), err: () => text(stderr) };
}

test.each([
  ['table', 'name       count\nana           12\nben cole       3\n'],
  ['json', '[\n{"name":"ana","count":12},\n{"name":"ben cole","count":3}\n]\n'],
  ['ndjson', '{"name":"ana","count":12}\n{"name":"ben cole","count":3}\n'],
  ['csv', 'name,count\nana,12\nben cole,3\n'],
] as const)('a list as %s', async (format, expected) => {
  const { output, out, err } = open(format);
  await output.rows(
    [
      { name: 'ana', count: 12 },
      { name: 'ben cole', count: 3 },
    ],
    { columns, none: 'none' },
  );
  expect(out()).toBe(expected);
  expect(err()).toBe('');
});

test.each([
  ['table', '', 'There are none.\n'],
  ['json', '[]\n', ''],
  ['ndjson', '', ''],
  ['csv', 'name,count\n', ''],
] as const)('an empty list as %s', async (format, expected, note) => {
  const { output, out, err } = open(format);
  await output.rows([], { columns, none: 'There are none.' });
  expect(out()).toBe(expected);
  expect(err()).toBe(note);
});

test.each(formats)('a limit as %s prints so many and says that there are more', async (format) => {
  const { output, out, err } = open(format);
  const rows = Array.from({ length: 6 }, (_, index) => ({ name: `user${index}`, count: index }));
  await output.rows(rows, { columns, limit: 5 });
  const printed = out();
  expect(printed).toContain('user4');
  expect(printed).not.toContain('user5');
  expect(err()).toBe('There are more than 5; --limit shows more.\n');
  if (format === 'json') expect(JSON.parse(printed)).toHaveLength(5);
});

test('a long table is one table: drawn part by part, with one head, its columns as wide as what stands above', async () => {
  const { output, out } = open('table');
  const rows = Array.from({ length: 2_500 }, (_, index) => ({
    name: index === 7 ? 'a name longer than the others' : `user${index}`,
    count: index,
  }));
  await output.rows(rows, { columns });
  const lines = out().trimEnd().split('\n');
  expect(lines).toHaveLength(2_501);
  expect(lines[0]).toMatch(/^name +count$/);
  expect(new Set(lines.map((line) => line.length))).toEqual(new Set([lines[0]?.length]));
  expect(lines.at(-1)).toMatch(/^user2499 +2499$/);
});

test('exactly as many as the limit are no more than the limit', async () => {
  const { output, err } = open('json');
  await output.rows([{ name: 'ana', count: 1 }], { columns, limit: 1 });
  expect(err()).toBe('');
});

test.each(['=1+1', '+1', '@sum', '-cmd', '\tx', '\rx'])('a CSV cell that begins like a formula is text: %j', async (name) => {
  const { output, out } = open('csv');
  await output.rows([{ name, count: -3 }], { columns });
  const [, line = ''] = out().split(/\n(?=.)/);
  expect(line.replace(/^"/, '')).toMatch(/^'/);
  // A negative number stays one.
  expect(line).toMatch(/,-3\n$/);
});

test('a name that would drive the terminal is shown without its controls', async () => {
  const { output, out } = open('table');
  await output.rows([{ name: '\u001b[31mred\u001b[0m\u0007\nsecond\u0000', count: 1 }], { columns });
  const printed = out();
  expect(printed.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(printed).toContain('red  second');
});

test('a reader that goes away does not stop the verb', async () => {
  let taken = 0;
  const closing = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('closed'), { code: 'EPIPE' })) });
  const output = createOutput({ format: 'ndjson', stdout: closing, stderr: new PassThrough() });
  async function* rows(): AsyncGenerator<Row> {
    for (; taken < 10_000; taken += 1) yield { name: 'x'.repeat(100), count: taken };
  }
  await output.rows(rows(), { columns });
  expect(taken).toBeLessThan(10_000);
  await output.flush();
});

test('an error of stdout other than EPIPE is not hidden', () => {
  const stdout = new PassThrough();
  createOutput({ format: 'json', stdout, stderr: new PassThrough() });
  expect(() => stdout.emit('error', Object.assign(new Error('disk full'), { code: 'ENOSPC' }))).toThrow('disk full');
});
