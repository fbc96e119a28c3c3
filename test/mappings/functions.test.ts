// The functions of transform maps: what each makes of a value, which values it refuses, and that no pattern takes long.
import { compile } from '../../src/mappings/engine.ts';
import type { MapFunction, MapRow } from '../../src/mappings/map.ts';
import type { Json, JsonObject } from '../../src/model.ts';

const mapOf = (rows: readonly MapRow[]) => compile({ name: 'test', connector: 'test', stream: 'things', class: 'user', rows });
const by = (fn: MapFunction, from: string | null = 'a') => mapOf([{ from, to: 'x', fn }]);

const lower: MapFunction = { name: 'LOWER' };
const upper: MapFunction = { name: 'UPPER' };
const string: MapFunction = { name: 'STRING' };
const number: MapFunction = { name: 'NUMBER' };
const boolean: MapFunction = { name: 'BOOLEAN' };
const date: MapFunction = { name: 'DATE' };
const seconds: MapFunction = { name: 'DATE', unit: 'seconds' };
const milliseconds: MapFunction = { name: 'DATE', unit: 'milliseconds' };
const regex = (pattern: string, result: string): MapFunction => ({ name: 'REGEX', pattern, result });
const domain = regex('@(.+)$', '$1');

test.each<[string, MapFunction, Json, Json]>([
  ['LOWER', lower, 'Ada@CONTOSO.com', 'ada@contoso.com'],
  ['LOWER is not Turkish', lower, 'I', 'i'],
  ['UPPER', upper, 'Straße', 'STRASSE'],
  ['an empty text is a text', lower, '', ''],
  ['STRING of a number', string, 10.5, '10.5'],
  ['STRING of a boolean', string, false, 'false'],
  ['STRING of a text', string, 'a', 'a'],
  ['NUMBER', number, '-12.50', -12.5],
  ['NUMBER of a number', number, 0, 0],
  ['NUMBER of the largest whole number', number, '9007199254740991', 9007199254740991],
  ['BOOLEAN', boolean, 'true', true],
  ['BOOLEAN in any case', boolean, 'False', false],
  ['BOOLEAN of a boolean', boolean, false, false],
  ['DATE in UTC', date, '2026-05-01T12:34:56Z', '2026-05-01T12:34:56Z'],
  ['DATE keeps the digits of the second', date, '2026-05-01T12:34:56.1234567Z', '2026-05-01T12:34:56.1234567Z'],
  ['DATE writes one instant in one way', date, '2026-05-01T12:34:56.1200000Z', '2026-05-01T12:34:56.12Z'],
  ['DATE without a zone is UTC', date, '2026-05-01T12:34:56', '2026-05-01T12:34:56Z'],
  ['DATE without seconds', date, '2026-05-01T12:34+05:30', '2026-05-01T07:04:00Z'],
  ['DATE with an offset over midnight', date, '2026-01-01T00:30:00+0100', '2025-12-31T23:30:00Z'],
  ['DATE with an offset to the west', date, '2026-05-01T23:30:00.5-08:00', '2026-05-02T07:30:00.5Z'],
  ['DATE of a day', date, '2024-02-29', '2024-02-29T00:00:00Z'],
  ['DATE before 1970', date, '0099-12-31T23:59:59Z', '0099-12-31T23:59:59Z'],
  ['DATE of seconds', seconds, 1_777_638_896, '2026-05-01T12:34:56Z'],
  ['DATE of seconds as text', seconds, '1777638896.25', '2026-05-01T12:34:56.25Z'],
  ['DATE of seconds before 1970', seconds, -1, '1969-12-31T23:59:59Z'],
  ['DATE of milliseconds', milliseconds, 1_777_638_896_120, '2026-05-01T12:34:56.12Z'],
  ['REGEX: a group', domain, 'ada@contoso.com', 'contoso.com'],
  ['REGEX: the whole match', regex('[0-9]+', '$0'), 'build 19045', '19045'],
  ['REGEX: groups put together', regex('^(.+)\\\\(.+)$', '$2@$1'), 'CORP\\ada', 'ada@CORP'],
  ['REGEX: a dollar', regex('(\\d+) USD', '$$$1'), '12 USD', '$12'],
  ['REGEX: case is told by a flag', regex('(?i)corp', 'yes'), 'CORP', 'yes'],
  [
    'REGEX: counts as people need them',
    regex('(?i)\\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\\b', '$1'),
    'id 0F8FAD5B-d9cb-469f-a165-70867728950e.',
    '0F8FAD5B-d9cb-469f-a165-70867728950e',
  ],
  ['REGEX: characters beyond the first plane', regex('^(.)', '$1'), '😀 smile', '😀'],
])('%s', (_name, fn, value, expected) => expect(by(fn).document({ a: value })).toEqual({ x: expected }));

test.each<[string, MapFunction, Json]>([
  ['no match', domain, 'ada'],
  ['a group that took no part in the match', regex('^a(b)?', '$1'), 'ac'],
  ['an absent source', date, null],
])('%s is no value', (_name, fn, value) => expect(by(fn).document({ a: value })).toEqual({}));

test.each<[string, MapFunction, Json]>([
  ['LOWER', lower, 1],
  ['UPPER', upper, ['SECRET']],
  ['STRING', string, { a: 'SECRET' }],
  ['STRING', string, ['SECRET']],
  ['NUMBER', number, 'SECRET'],
  ['NUMBER', number, ''],
  ['NUMBER', number, '0x10'],
  ['NUMBER', number, '1e3'],
  ['NUMBER', number, 'Infinity'],
  // It would become another number.
  ['NUMBER', number, '9007199254740993'],
  ['NUMBER', number, true],
  ['BOOLEAN', boolean, 'SECRET'],
  ['BOOLEAN', boolean, 1],
  ['DATE', date, 'SECRET'],
  ['DATE', date, ''],
  ['DATE', date, '2026-02-29'],
  ['DATE', date, '2026-13-01T00:00:00Z'],
  ['DATE', date, '2026-05-01T24:00:00Z'],
  ['DATE', date, '2026-05-01T12:34:56+24:00'],
  ['DATE', date, '2026-05-01 12:34:56'],
  ['DATE', date, '0000-01-01T00:00:00Z'],
  ['DATE', date, '9999-12-31T23:59:59-01:00'],
  // Seconds or milliseconds? Only the map can say.
  ['DATE', date, 1_777_638_896],
  ['DATE', seconds, '2026-05-01'],
  ['DATE', seconds, 1e18],
  ['DATE', milliseconds, '99999999999999999999'],
  ['REGEX', domain, 5],
  ['REGEX', domain, 'a'.repeat(4_097)],
])('%s refuses a record whose value it cannot take, and says the row and no value', (name, fn, value) => {
  const failure = { code: 'MAPPING_FAILED', message: `"x": ${name} cannot take the value of "a".` };
  expect(() => by(fn).document({ a: value })).toThrow(expect.objectContaining(failure));
});

describe('CONCAT', () => {
  const full: MapFunction = { name: 'CONCAT', parts: [{ from: 'given' }, ' ', { from: 'sur.name' }] };
  test.each<[string, JsonObject, Json]>([
    ['puts texts and values together', { given: 'Ada', sur: { name: 'Lovelace' } }, { x: 'Ada Lovelace' }],
    ['writes numbers and booleans', { given: 1.5, sur: { name: false } }, { x: '1.5 false' }],
    ['takes an empty text', { given: '', sur: { name: 'Lovelace' } }, { x: ' Lovelace' }],
    ['gives nothing where a part is absent', { given: 'Ada' }, {}],
    ['gives nothing where a part is null', { given: 'Ada', sur: { name: null } }, {}],
  ])('%s', (_name, record, expected) => expect(by(full, null).document(record)).toEqual(expected));

  test('refuses a part that is no single value', () => {
    const message = '"x": CONCAT cannot take the value of "given" or "sur.name".';
    expect(() => by(full, null).document({ given: ['SECRET'], sur: { name: 'b' } })).toThrow(
      expect.objectContaining({ code: 'MAPPING_FAILED', message }),
    );
  });

  test('goes through the lists of its parts', () => {
    const parts = [{ from: 'l[].a' }, '-', { from: 'l[].b' }];
    const map = mapOf([{ from: null, to: 't[].x', fn: { name: 'CONCAT', parts } }]);
    expect(map.document({ l: [{ a: 1, b: 2 }, { a: 3 }, { a: 5, b: 6 }] })).toEqual({ t: [{ x: '1-2' }, { x: '5-6' }] });
    expect(map.reads.own).toEqual(['l']);
  });

  test('may be required', () => {
    const map = mapOf([{ from: null, to: 'x', fn: full, required: true }]);
    expect(() => map.document({ given: 'Ada' })).toThrow('"x" is required and gets no value from "given" or "sur.name".');
  });
});

describe('the first of several sources', () => {
  const map = mapOf([{ from: 'a', orFrom: ['b.c', 'd'], to: 'x', fn: lower }]);
  test.each<[string, JsonObject, Json]>([
    ['is the first that has a value', { a: 'A', b: { c: 'B' }, d: 'D' }, { x: 'a' }],
    ['null is no value', { a: null, b: { c: 'B' }, d: 'D' }, { x: 'b' }],
    ['the last one counts too', { d: 'D' }, { x: 'd' }],
    ['an empty text is a value', { a: '', d: 'D' }, { x: '' }],
    ['none has one', {}, {}],
  ])('%s', (_name, record, expected) => expect(map.document(record)).toEqual(expected));
  test('all of them are read', () => expect(map.reads.own).toEqual(['a', 'b', 'd']));
});

describe('lists', () => {
  test('a function takes the elements of a list one by one, and one that it refuses refuses the record', () => {
    const map = mapOf([{ from: 'mails[]', to: 'x[]', fn: lower }]);
    expect(map.document({ mails: ['A', null, 'B'] })).toEqual({ x: ['a', 'b'] });
    expect(() => map.document({ mails: ['A', 1] })).toThrow(expect.objectContaining({ code: 'MAPPING_FAILED' }));
  });

  test('of related elements a value that a function cannot take is left out: a document that is read refuses nothing', () => {
    const map = mapOf([
      { from: 'memberOf.value[].name', to: 'r[].name', type: '#g', fn: upper },
      { from: 'memberOf.value[].at', to: 'r[].at', type: '#g', fn: date },
      {
        from: null,
        to: 'r[].both',
        type: '#g',
        fn: { name: 'CONCAT', parts: [{ from: 'memberOf.value[].name' }, { from: 'memberOf.value[].at' }] },
      },
    ]);
    const memberOf = [
      { '@odata.type': '#g', name: 'a', at: '2026-05-01' },
      { '@odata.type': '#g', name: ['b'], at: '2026-05-01' },
      { '@odata.type': '#g', name: 'c', at: 'never' },
      { '@odata.type': '#g', name: ['d'], at: 'never' },
      { '@odata.type': '#r', name: 'e', at: '2026-05-01' },
    ];
    expect(map.relate({}, { memberOf })).toEqual({
      r: [{ name: 'A', at: '2026-05-01T00:00:00Z', both: 'a2026-05-01' }, { at: '2026-05-01T00:00:00Z' }, { name: 'C', both: 'cnever' }],
    });
    expect(map.reads.relations).toEqual([{ name: 'memberOf', type: '#g', properties: ['at', 'name'] }]);
  });
});

test.each<[string, MapRow, string]>([
  ['CONCAT with a source', { from: 'a', to: 'x', fn: { name: 'CONCAT', parts: [{ from: 'a' }] } }, 'CONCAT reads its parts'],
  ['CONCAT of texts alone', { from: null, to: 'x', fn: { name: 'CONCAT', parts: ['a'] } }, 'is a CONSTANT'],
  [
    'CONCAT through several lists',
    { from: null, to: 'x[]', fn: { name: 'CONCAT', parts: [{ from: 'a[].b' }, { from: 'c[].d' }] } },
    'the same lists',
  ],
  [
    'a prototype in a part',
    { from: null, to: 'x', fn: { name: 'CONCAT', parts: [{ from: 'a.constructor' }] } },
    '"constructor" is not allowed',
  ],
  ['a prototype in orFrom', { from: 'a', orFrom: ['b', '__proto__.c'], to: 'x' }, '"__proto__" is not allowed'],
  ['a function without a source', { from: null, to: 'x', fn: lower }, 'a row without a source is CONSTANT or CONCAT'],
  ['a pattern that is none', { from: 'a', to: 'x', fn: regex('(', '$0') }, 'its pattern is not of the RE2 syntax'],
  ['lookaround', { from: 'a', to: 'x', fn: regex('(?=a)', '$0') }, 'neither lookaround nor backreferences'],
  ['a backreference', { from: 'a', to: 'x', fn: regex('(a)\\1', '$0') }, 'neither lookaround nor backreferences'],
  ['a pattern that is too long', { from: 'a', to: 'x', fn: regex('a'.repeat(201), '$0') }, 'more than 200 characters'],
  ['a pattern that repeats too much', { from: 'a', to: 'x', fn: regex('(?:(?:ab?){31}c?){31}', '$0') }, 'its pattern is too large'],
  ['a pattern that is large when it is compiled', { from: 'a', to: 'x', fn: regex('(?:ab?c?d?){90}', '$0') }, 'its pattern is too large'],
  ['repetition within repetition', { from: 'a', to: 'x', fn: regex('(((a{100}){100}){100}){100}', '$0') }, 'its pattern is too large'],
  ['a group that the pattern lacks', { from: 'a', to: 'x', fn: regex('(a)', '$2') }, 'its result names $2, and its pattern has 1 groups'],
  ['a dollar alone', { from: 'a', to: 'x', fn: regex('a', 'US$') }, 'a dollar is written $$'],
  ['a result that is too long', { from: 'a', to: 'x', fn: regex('a', 'a'.repeat(101)) }, 'its result has more than 100 characters'],
])('%s is refused, naming the row', (_name, row, reason) => {
  expect(() => mapOf([row])).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^Map "test", row "x(\[\])?": /) }),
  );
  expect(() => mapOf([row])).toThrow(reason);
});

// Each takes a backtracking engine longer than anyone waits, or grows with the square of the text.
test.each([
  '(a+)+$',
  '(a|a)*$',
  '(a|aa)+$',
  '([a-zA-Z]+)*$',
  '(.*a){11}$',
  '(.*)*x$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(?:a?){40}a{40}$',
  '(\\w+\\s*)+:$',
  '((a?){40}|(b?){20})*x$',
])('%s ends in time', (pattern) => {
  const map = by(regex(pattern, '$0'));
  const begun = performance.now();
  for (const text of ['a', 'ab', 'xa'].map((piece) => `${piece.repeat(2_000)}!`)) map.document({ a: text });
  expect(performance.now() - begun).toBeLessThan(2_000);
});

test('the hash follows what functions do', () => {
  const functions: MapFunction[] = [
    lower,
    upper,
    string,
    number,
    boolean,
    date,
    seconds,
    milliseconds,
    domain,
    regex('@(.+)$', '$0'),
    regex('@(.*)$', '$1'),
  ];
  const parts: (readonly (string | { from: string })[])[] = [[{ from: 'a' }], ['a', { from: 'a' }], [{ from: 'a' }, 'a'], [{ from: 'b' }]];
  const maps = [
    mapOf([{ from: 'a', to: 'x' }]),
    ...functions.map((fn) => by(fn)),
    ...parts.map((each) => by({ name: 'CONCAT', parts: each }, null)),
    ...['b', ['b', 'c'], ['c', 'b']].map((orFrom) => mapOf([{ from: 'a', orFrom, to: 'x' }])),
  ];
  expect(new Set(maps.map(({ hash }) => hash)).size).toBe(maps.length);
});
