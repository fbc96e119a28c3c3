// Map files that mean harm, or a slip of a generator: each is refused in a bounded time, with few words, and reaches no prototype.
import { readMaps } from '../support/mapFiles.ts';

const head = 'kind: map\nname: mine\nconnector: entra-identity\nstream: users\nsource: microsoft.graph.user\ntarget: asset\nrows: ';
const many = (length: number, text: (index: number) => string): string => Array.from({ length }, (_, index) => text(index)).join(',');
const name = 'asset.assetDetail.name';
const any = 'asset.assetDetail.untypedAttributes.a';
const table = (entries: string): string => `[{from: mail, to: ${name}, function: {name: LOOKUP, default: null, table: {${entries}}}}]`;
const constant = (value: string): string => `[{to: ${any}, function: {name: CONSTANT, value: ${value}}}]`;
const pattern = (text: string): string => `[{from: mail, to: ${name}, function: {name: REGEX, result: $0, pattern: '${text}'}}]`;
const largest = `(?:${'ab?'.repeat(60)}){1000}`;

test.each<[string, string, string]>([
  ['a million rows', '\n- {from: mail, to: asset.assetDetail.name}'.repeat(1_000_000), 'is larger than 1 MB'],
  ['very many empty rows', '\n- '.repeat(10_000), 'has more than 1000 rows'],
  ['very many rows on one line', `[${'{},'.repeat(10_000)}]`, 'has more than 1000 rows'],
  ['a row of very many keys', `[{${many(80_000, (index) => `k${index}: 1`)}}]`, 'is not a known key'],
  ['a table of very many entries', table(many(20_000, (index) => `k${index}: v`)), 'has at most 10000 entries'],
  ['a key that stands twice among many', table(many(20_000, (index) => `k${index % 19_999}: v`)), 'is a key that stands here twice'],
  ['very many parts', `[{to: ${name}, function: {name: CONCAT, parts: [${'a,'.repeat(10_000)}]}}]`, 'has at most 20 parts'],
  ['a value nested without end', constant('['.repeat(50_000)), 'is nested too deeply'],
  [
    'a value that its aliases make large',
    constant(`{a: &a [${'x,'.repeat(1_000)}], b: [${'*a,'.repeat(11)}]}`),
    'has more than 10 aliases',
  ],
  [
    'aliases of aliases',
    constant(many(9, (index) => (index === 0 ? '{a0: &a0 [x]' : `a${index}: &a${index} [*a${index - 1}, *a${index - 1}]`)) + '}'),
    'has more than 10 aliases',
  ],
  ['__proto__ in a table', table('__proto__: a'), '__proto__ is not a key'],
  ['__proto__ in a constant', constant('{ "__proto__": { polluted: true } }'), '__proto__ is not a key'],
  ['__proto__ as a key of a row', '[{"__proto__": {}}]', '__proto__ is not a key'],
  ['a prototype as a source', `[{from: constructor.prototype, to: ${name}}]`, '"constructor" is not allowed as a name'],
  ['a prototype as a target', '[{from: mail, to: asset.assetDetail.untypedAttributes.prototype}]', '"prototype" is not allowed as a name'],
  ['a deep source', `[{from: ${'a.'.repeat(200)}a, to: ${name}}]`, 'it is deeper than 32 levels'],
  ['a deep target', `[{from: mail, to: ${'a.'.repeat(200)}a}]`, 'it is deeper than 32 levels'],
  ['a long source', `[{from: ${'a'.repeat(500_000)}, to: ${name}}]`, 'has at most 500 characters'],
  ['a long pattern', pattern('a'.repeat(500_000)), 'its pattern has more than 200 characters'],
  ['a pattern that would be large', pattern(largest), 'its pattern is too large'],
  ['repetition of repetition', pattern('(((((x{99}){99}){99}){99}){99})'), 'its pattern is too large'],
  ['a thousand patterns that would be large', `[${many(1_000, () => pattern(largest).slice(1, -1))}]`, 'its pattern is too large'],
  ['very many documents', '\n---\nkind: map'.repeat(2_000), 'has more than 200 documents'],
])('%s: refused', (_name, rows, expected) => {
  const begun = performance.now();
  const { maps, problems } = readMaps(head + rows);
  // Most take milliseconds; a large file below the megabyte (the row of very many keys) is read whole, in a second or some.
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(maps).toEqual([]);
  expect(problems.length).toBeLessThanOrEqual(100);
  expect(problems.map(({ reason }) => reason)).toContainEqual(expect.stringContaining(expected));
  for (const { reason } of problems) expect(reason.length).toBeLessThan(1_000);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

test('words that objects inherit are entries of a table like any other', () => {
  const { maps, problems } = readMaps(head + table('constructor: a, toString: b, prototype: c'));
  expect(problems).toEqual([]);
  expect(maps[0]?.rows[0]?.fn).toEqual({
    name: 'LOOKUP',
    table: Object.fromEntries([
      ['constructor', 'a'],
      ['toString', 'b'],
      ['prototype', 'c'],
    ]),
    otherwise: null,
  });
});

test('a table of as many entries as there may be is read', () => {
  const { maps, problems } = readMaps(head + table(many(10_000, (index) => `k${index}: v`)));
  expect(problems).toEqual([]);
  expect(maps).toHaveLength(1);
});
