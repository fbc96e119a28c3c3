// The map engine: what rows make of a record, and which rows and records are refused.
import fc from 'fast-check';
import { canonical } from '../../src/mappings/canonical.ts';
import { compile } from '../../src/mappings/engine.ts';
import type { MapRow } from '../../src/mappings/map.ts';
import type { Json, JsonObject } from '../../src/model.ts';

const mapOf = (rows: readonly MapRow[]) =>
  compile({ name: 'test', connector: 'test', stream: 'things', class: 'user', document: '000', rows });
const parse = (text: string): JsonObject => JSON.parse(text);

const cases: [string, MapRow[], Json, Json][] = [
  ['a property', [{ from: 'a', to: 'x' }], { a: 1 }, { x: 1 }],
  ['a path', [{ from: 'a.b.c', to: 'x.y' }], { a: { b: { c: 'v' } } }, { x: { y: 'v' } }],
  ['an absent source is left out', [{ from: 'a.b', to: 'x' }], { a: {} }, {}],
  ['a null source is left out', [{ from: 'a', to: 'x.y' }], { a: null }, {}],
  [
    'false, zero and empty text are values',
    [
      { from: 'a', to: 'x' },
      { from: 'b', to: 'y' },
      { from: 'c', to: 'z' },
    ],
    { a: false, b: 0, c: '' },
    { x: false, y: 0, z: '' },
  ],
  ['a path through a scalar finds nothing', [{ from: 'a.length', to: 'x' }], { a: 'text' }, {}],
  ['a path through a list without [] finds nothing', [{ from: 'a.b', to: 'x' }], { a: [{ b: 1 }] }, {}],
  [
    'what objects inherit is not read',
    [
      { from: 'toString', to: 'x' },
      { from: 'a.valueOf', to: 'y' },
    ],
    { a: {} },
    {},
  ],
  [
    'a fixed index',
    [
      { from: 'a[1].b', to: 'x' },
      { from: 'a[9].b', to: 'y' },
    ],
    { a: [{ b: 1 }, { b: 2 }] },
    { x: 2 },
  ],
  [
    'an annotation',
    [
      { from: 'a@odata.context', to: 'x' },
      { from: '@odata.type', to: 'y' },
    ],
    { 'a@odata.context': 'c', '@odata.type': 't' },
    { x: 'c', y: 't' },
  ],
  ['a whole object', [{ from: 'a.*', to: 'x' }], { a: { b: [1], c: null } }, { x: { b: [1], c: null } }],
  ['a whole object is no scalar', [{ from: 'a.*', to: 'x' }], { a: 1 }, {}],
  ['the whole record', [{ from: '.*', to: 'x' }], { a: 1 }, { x: { a: 1 } }],
  ['asset_root', [{ from: 'asset_root (imageTag)', to: 'x' }], { imageTag: 'v1' }, { x: 'v1' }],
  ['a list as a value', [{ from: 'zones', to: 'x' }], { zones: ['1', '2'] }, { x: ['1', '2'] }],
  ['orFrom where from is null', [{ from: 'a', orFrom: 'b', to: 'x' }], { a: null, b: 2 }, { x: 2 }],
  ['from before orFrom', [{ from: 'a', orFrom: 'b', to: 'x' }], { a: false, b: true }, { x: false }],
  ['CONSTANT', [{ from: null, to: 'x.y', fn: { name: 'CONSTANT', value: 'host' } }], {}, { x: { y: 'host' } }],
  [
    'LOOKUP of a boolean',
    [{ from: 'a', to: 'x', fn: { name: 'LOOKUP', table: { true: 'ON', false: 'OFF' }, otherwise: 'UNKNOWN' } }],
    { a: false },
    { x: 'OFF' },
  ],
  [
    'LOOKUP of a number',
    [{ from: 'a', to: 'x', fn: { name: 'LOOKUP', table: { '3': 'three' }, otherwise: 'other' } }],
    { a: 3 },
    { x: 'three' },
  ],
  [
    'LOOKUP of nothing',
    [{ from: 'a', to: 'x', fn: { name: 'LOOKUP', table: { true: 'ON' }, otherwise: 'UNKNOWN' } }],
    {},
    { x: 'UNKNOWN' },
  ],
  [
    'LOOKUP of a word objects inherit',
    [{ from: 'a', to: 'x', fn: { name: 'LOOKUP', table: {}, otherwise: 'none' } }],
    { a: 'constructor' },
    { x: 'none' },
  ],
  ['a row that is off', [{ from: 'a', to: 'x', off: true }], { a: 1 }, {}],
  [
    'of two rows with one target the last with a value wins',
    [
      { from: 'a', to: 'x' },
      { from: 'b', to: 'x' },
      { from: 'c', to: 'x' },
    ],
    { a: 1, b: 2 },
    { x: 2 },
  ],
  [
    'parallel lists',
    [
      { from: 'h[].size', to: 'l[].sizeInBytes' },
      { from: 'h[].by', to: 'l[].createdBy' },
    ],
    { h: [{ size: 1, by: 'a' }, { size: 2 }, {}, { by: 'd' }] },
    { l: [{ sizeInBytes: 1, createdBy: 'a' }, { sizeInBytes: 2 }, { createdBy: 'd' }] },
  ],
  [
    'two source lists fill one target by position',
    [
      { from: 'a[].x', to: 't[].x' },
      { from: 'b[].y', to: 't[].y' },
    ],
    { a: [{ x: 1 }], b: [{ y: 2 }, { y: 3 }] },
    { t: [{ x: 1, y: 2 }, { y: 3 }] },
  ],
  [
    'a row without [] fills every element that others made, and makes none',
    [
      { from: 'a[].x', to: 't[].x' },
      { from: 'owner', to: 't[].owner' },
      { from: null, to: 't[].kind', fn: { name: 'CONSTANT', value: 'k' } },
    ],
    { owner: 'o', a: [{ x: 1 }, {}, { x: 3 }] },
    {
      t: [
        { x: 1, owner: 'o', kind: 'k' },
        { x: 3, owner: 'o', kind: 'k' },
      ],
    },
  ],
  [
    'no element, no list',
    [
      { from: 'a[].x', to: 't[].x' },
      { from: 'o', to: 't[].o' },
    ],
    { o: 1, a: [] },
    {},
  ],
  [
    'a list that no row with [] makes has one element',
    [
      { from: 'a', to: 't[].a' },
      { from: 'b', to: 't[].u[].b' },
    ],
    { a: 1, b: 2 },
    { t: [{ a: 1, u: [{ b: 2 }] }] },
  ],
  [
    'lists in lists',
    [
      { from: 'a[].b[].c', to: 'x[].y[].z' },
      { from: 'a[].n', to: 'x[].n' },
    ],
    { a: [{ n: 1, b: [{ c: 1 }, { c: 2 }] }, { b: [] }, { n: 3 }, { b: [{}, { c: 4 }] }] },
    { x: [{ n: 1, y: [{ z: 1 }, { z: 2 }] }, { n: 3 }, { y: [{ z: 4 }] }] },
  ],
  [
    'an outer value fills every inner element',
    [
      { from: 'a[].b[].c', to: 'x[].y[].z' },
      { from: 'a[].n', to: 'x[].y[].n' },
    ],
    { a: [{ n: 1, b: [{ c: 1 }, { c: 2 }] }] },
    {
      x: [
        {
          y: [
            { z: 1, n: 1 },
            { z: 2, n: 1 },
          ],
        },
      ],
    },
  ],
  ['a list of values', [{ from: 'r[].link', to: 'x[]' }], { r: [{ link: 'a' }, {}, { link: null }, { link: 'b' }] }, { x: ['a', 'b'] }],
  ['a list from a list', [{ from: 'types', to: 'x[]' }], { types: ['a', null, 'b'] }, { x: ['a', 'b'] }],
  [
    'a list from one value',
    [
      { from: 'a', to: 'x[]' },
      { from: 'b', to: 'x[]' },
    ],
    { a: 1, b: 2 },
    { x: [1, 2] },
  ],
  [
    'an empty list stays a list',
    [
      { from: 'types', to: 'x[]' },
      { from: 'none', to: 'y[]' },
    ],
    { types: [] },
    { x: [] },
  ],
  [
    'a fixed index in the target',
    [
      { from: 'refs[].link', to: 'f[0].refs[]' },
      { from: 'name', to: 'f[].name' },
    ],
    { name: 'n', refs: [{ link: 'a' }, { link: 'b' }] },
    { f: [{ name: 'n', refs: ['a', 'b'] }] },
  ],
  [
    'rows of several types keep to their elements',
    [
      { from: 'm[].id', to: 't[].g.id', type: '#g' },
      { from: 'm[].id', to: 't[].r.id', type: '#r' },
      { from: 'm[].n', to: 't[].r.n', type: '#r' },
    ],
    { m: [{ '@odata.type': '#g', id: 1, n: 'x' }, { '@odata.type': '#r', id: 2, n: 'y' }, { '@odata.type': '#u', id: 3 }, { id: 4 }] },
    { t: [{ g: { id: 1 } }, { r: { id: 2, n: 'y' } }] },
  ],
  ['a source that is no list', [{ from: 'a[].x', to: 't[].x' }], { a: { x: 1 } }, {}],
];

test.each(cases)('%s', (_name, rows, record, expected) => {
  expect(mapOf(rows).document(parse(JSON.stringify(record)))).toEqual(expected);
});

const refused: [string, MapRow[], string][] = [
  ['__proto__ as a source', [{ from: '__proto__.polluted', to: 'x' }], '"__proto__" is not allowed'],
  ['constructor in a target', [{ from: 'a', to: 'x.constructor.prototype.y' }], '"constructor" is not allowed'],
  ['__proto__ in a target', [{ from: 'a', to: '__proto__.y' }], '"__proto__" is not allowed'],
  ['prototype in orFrom', [{ from: 'a', orFrom: 'a.prototype', to: 'x' }], '"prototype" is not allowed'],
  ['an empty path', [{ from: '', to: 'x' }], 'it is empty'],
  ['a dot at the end', [{ from: 'a.', to: 'x' }], 'it ends in a dot'],
  ['two dots', [{ from: 'a..b', to: 'x' }], 'cannot be read from'],
  ['an open bracket', [{ from: 'a[', to: 'x' }], 'cannot be read from'],
  ['a bracket without a name', [{ from: '[].a', to: 'x' }], 'cannot be read from'],
  ['an index out of bounds', [{ from: 'a[1000]', to: 'x' }], 'an index is at most 999'],
  ['.* in a target', [{ from: 'a.*', to: 'x.*' }], '.* stands only at the end of a source'],
  ['a list of lists', [{ from: 'a[][]', to: 'x[][]' }], 'a list of lists cannot be a target'],
  ['a target deeper than 32', [{ from: 'a', to: Array.from({ length: 33 }, () => 'a').join('.') }], 'deeper than 32 levels'],
  ['more [] in the source than in the target', [{ from: 'a[].b', to: 'x' }], 'more [] than its target'],
  ['orFrom through another list', [{ from: 'a[].b', orFrom: 'c[].b', to: 'x[].y' }], 'the same lists'],
  ['orFrom beside a relation', [{ from: 'a.value[].b', orFrom: 'a[].b', to: 'x[].y' }], 'the same lists'],
  [
    'CONSTANT with a type',
    [{ from: null, to: 'x', type: '#g', fn: { name: 'CONSTANT', value: 1 } }],
    'CONSTANT has neither orFrom nor type',
  ],
  ['type without []', [{ from: 'a', to: 'x', type: '#g' }], 'type needs a source with []'],
  ['CONSTANT with a source', [{ from: 'a', to: 'x', fn: { name: 'CONSTANT', value: 1 } }], 'CONSTANT has no source'],
  ['no source and no CONSTANT', [{ from: null, to: 'x' }], 'CONSTANT has no source'],
  [
    'a target inside another',
    [
      { from: 'a', to: 'x' },
      { from: 'b', to: 'x.y' },
    ],
    'one is inside the other',
  ],
  [
    'a target that is object and list',
    [
      { from: 'a', to: 'x.y' },
      { from: 'b', to: 'x[].y' },
    ],
    'one is inside the other',
  ],
  [
    'a list that is values and objects',
    [
      { from: 'a', to: 'x[]' },
      { from: 'b', to: 'x[].y' },
    ],
    'cannot both fill the same list',
  ],
  [
    'an own row in a list of relations',
    [
      { from: 'm.value[].id', to: 'x[].id' },
      { from: 'a', to: 'x[].a' },
    ],
    'a list that related records fill',
  ],
  [
    'an own row against a relation row',
    [
      { from: 'm.value[].id', to: 'x[].id' },
      { from: 'a', to: 'x' },
    ],
    'one is inside the other',
  ],
  ['too many rows', Array.from({ length: 1_001 }, (_, index) => ({ from: 'a', to: `x${index}` })), 'more than 1000 rows'],
];

test.each(refused)('refuses %s', (_name, rows, reason) => {
  expect(() => mapOf(rows)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(reason) }));
});

test('a refusal names the map and the row', () => {
  expect(() =>
    mapOf([
      { from: 'a', to: 'ok' },
      { from: 'a..b', to: 'x.y' },
    ]),
  ).toThrow('Map "test", row "x.y": "a..b" is no path of a transform map');
});

test('a row that is off is not checked against the others, so a clone may choose', () => {
  expect(
    mapOf([
      { from: 'a', to: 'x' },
      { from: 'b', to: 'x.y', off: true },
    ]).document({ a: 1, b: 2 }),
  ).toEqual({ x: 1 });
});

test('data cannot reach a prototype', () => {
  const map = mapOf([
    { from: 'a.*', to: 'x' },
    { from: 'b.polluted', to: 'y' },
  ]);
  const record = parse('{"a":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}},"__proto__":{"b":{"polluted":2}}}');
  const document = map.document(record);
  expect(JSON.stringify(map.relate(document, {}))).toBe('{"x":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}');
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  expect(Object.getPrototypeOf(document)).toBe(Object.prototype);
});

describe('relations', () => {
  const map = mapOf([
    { from: 'id', to: 'doc.id' },
    { from: 'roles.value[].id', to: 'doc.permissions[].id' },
    { from: 'memberOf.value[].id', to: 'doc.relations[].group.id', type: '#g' },
    { from: 'memberOf.value[].name', to: 'doc.relations[].role.name', type: '#r' },
    { from: null, to: 'doc.relations[].kind', fn: { name: 'CONSTANT', value: 'relation' } },
  ]);
  const document = { doc: { id: '1' } };

  test('the document holds what the record alone says', () => {
    expect(map.document({ id: '1', memberOf: { value: [{ id: 'g', '@odata.type': '#g' }] } })).toEqual(document);
  });

  test('relate adds what related elements say, constants of their lists included, and changes neither argument', () => {
    const relations = {
      memberOf: [
        { '@odata.type': '#g', id: 'g1', name: 'G' },
        { '@odata.type': '#x', id: 'x' },
        { '@odata.type': '#r', id: 'r1', name: 'R' },
      ],
      roles: [{ id: 'p1' }, { id: 'p2' }],
    };
    const before = JSON.stringify([document, relations]);
    expect(map.relate(document, relations)).toEqual({
      doc: {
        id: '1',
        permissions: [{ id: 'p1' }, { id: 'p2' }],
        relations: [
          { group: { id: 'g1' }, kind: 'relation' },
          { role: { name: 'R' }, kind: 'relation' },
        ],
      },
    });
    expect(JSON.stringify([document, relations])).toBe(before);
  });

  test('without related elements the document is as it was', () => {
    expect(map.relate(document, {})).toEqual(document);
    expect(map.relate(document, { memberOf: [], roles: [] })).toEqual(document);
  });

  test('reads names what is needed of records and of related ones', () => {
    expect(map.reads).toEqual({
      own: ['id'],
      relations: [
        { name: 'roles', type: null, properties: ['id'] },
        { name: 'memberOf', type: '#g', properties: ['id'] },
        { name: 'memberOf', type: '#r', properties: ['name'] },
      ],
    });
  });
});

describe('bounds', () => {
  const map = mapOf([{ from: 'a', to: 'x' }]);
  const nested = (depth: number): JsonObject => parse(`{"a":${'['.repeat(depth)}1${']'.repeat(depth)}}`);

  test.each<[string, JsonObject]>([
    ['a text over 1 MiB', { a: 'x'.repeat(1_048_577) }],
    ['a list over 1 MiB', { a: Array.from({ length: 200_000 }, () => 'abc') }],
    ['a value deeper than 32', nested(33)],
    ['a value that would exhaust the stack', nested(5_000)],
  ])('%s is MAPPING_FAILED', (_name, record) => {
    expect(() => map.document(record)).toThrow(expect.objectContaining({ code: 'MAPPING_FAILED' }));
  });

  test('just inside them is mapped', () => {
    expect(map.document({ a: 'x'.repeat(1_000_000) })).toHaveProperty('x');
    expect(map.document(nested(31))).toHaveProperty('x');
  });
});

describe('required rows', () => {
  const map = mapOf([
    { from: 'id', to: 'h.id', required: true },
    { from: 'a', orFrom: 'b.c', to: 'd.name', required: true },
    { from: 'kind', to: 'd.kind', fn: { name: 'LOOKUP', table: { '1': 'one' }, otherwise: null }, required: true },
  ]);
  const good: JsonObject = { id: '', a: false, kind: 1 };

  test('false and an empty text are values, and another row may give the value', () => {
    expect(map.document(good)).toEqual({ h: { id: '' }, d: { name: false, kind: 'one' } });
    const two = mapOf([
      { from: 'a', to: 'x', required: true },
      { from: 'b', to: 'x' },
    ]);
    expect(two.document({ b: 1 })).toEqual({ x: 1 });
  });

  test.each<[string, JsonObject, string]>([
    ['an absent value', { ...good, a: null, b: { d: 'secret' } }, '"d.name" is required and gets no value from "a" or "b.c".'],
    ['a null', { ...good, id: null }, '"h.id" is required and gets no value from "id".'],
    ['a value that the table lacks', { ...good, kind: 'secret' }, '"d.kind" is required and gets no value from "kind".'],
    ['nothing at all', {}, '"h.id" is required and gets no value from "id".'],
  ])('%s is MAPPING_FAILED, and the reason names the row and no value', (_name, record, message) => {
    expect(() => map.document(record)).toThrow(expect.objectContaining({ code: 'MAPPING_FAILED', message }));
  });

  test('one that is off requires nothing', () => {
    expect(mapOf([{ from: 'a', to: 'x', required: true, off: true }]).document({})).toEqual({});
  });

  test('the related part of a document is not required by them', () => {
    const related = mapOf([
      { from: 'id', to: 'id', required: true },
      { from: 'roles.value[].id', to: 'roles[].id' },
    ]);
    expect(related.relate({}, { roles: [{ id: 'r' }] })).toEqual({ roles: [{ id: 'r' }] });
  });

  test.each<[string, MapRow, string]>([
    ['reads a relation', { from: 'roles.value[].id', to: 'x[]', required: true }, 'a required row reads the record itself'],
    [
      'is a constant',
      { from: null, to: 'x', fn: { name: 'CONSTANT', value: 1 }, required: true },
      'a required row reads the record itself',
    ],
    ['fills a list', { from: 'a[].b', to: 'x[].b', required: true }, 'the target of a required row cannot be a list or in one'],
  ])('one that %s is refused', (_name, row, why) => {
    expect(() => mapOf([row])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(why) }));
  });
});

test('the hash follows what documents depend on', () => {
  const base: MapRow[] = [{ from: 'a', to: 'x' }];
  const { hash } = mapOf(base);
  expect(mapOf([{ to: 'x', from: 'a', ours: true }]).hash).toBe(hash);
  expect(mapOf([...base, { from: 'b', to: 'y', off: true }]).hash).toBe(hash);
  const changed: MapRow[][] = [
    [{ from: 'b', to: 'x' }],
    [{ from: 'a', to: 'y' }],
    [{ from: 'a', orFrom: 'b', to: 'x' }],
    [...base, { from: 'b', to: 'y' }],
    [{ from: 'a', to: 'x', fn: { name: 'LOOKUP', table: { 1: 2 }, otherwise: null } }],
    [{ from: 'a', to: 'x', required: true }],
  ];
  for (const rows of changed) {
    expect(mapOf(rows).hash).not.toBe(hash);
    expect(mapOf(rows).ownHash).not.toBe(mapOf(base).ownHash);
  }
  const related = mapOf([...base, { from: 'memberOf.value[].id', to: 'groups[].id' }]);
  expect(related.hash).not.toBe(hash);
  // What is stored is made without relations.
  expect(related.ownHash).toBe(mapOf(base).ownHash);
});

describe('properties', () => {
  const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
  const { record } = fc.letrec<{ value: Json; record: JsonObject }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('record'),
    ),
    record: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  }));
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c', 'a[]', 'b[]', 'c[0]'), { minLength: 1, maxLength: 3 })
    .map((steps) => steps.join('.'));

  test('any map that compiles maps any record without a null, an empty container or a change of its input', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(path, path), { minLength: 1, maxLength: 6 }), record, (pairs, source) => {
        const rows = pairs.map(([from, to], index): MapRow => ({ from, to: `t${index % 2}.${to}` }));
        let map;
        try {
          map = mapOf(rows);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
          return;
        }
        const before = JSON.stringify(source);
        const document = map.document(source);
        expect(JSON.stringify(source)).toBe(before);
        expect(map.document(JSON.parse(before))).toEqual(document);
        for (const value of Object.values(document)) expect(value).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test('one list gives an element for each source element that has a value, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ x: fc.option(fc.integer()), y: fc.option(fc.string()) })), (list) => {
        const document = mapOf([
          { from: 'l[].x', to: 't[].x' },
          { from: 'l[].y', to: 't[].y' },
        ]).document({ l: list });
        const expected = list
          .filter(({ x, y }) => x !== null || y !== null)
          .map(({ x, y }) => ({ ...(x === null ? {} : { x }), ...(y === null ? {} : { y }) }));
        expect(document).toEqual(expected.length === 0 ? {} : { t: expected });
      }),
    );
  });

  test('canonical text does not depend on the order of keys, and says the same value', () => {
    fc.assert(
      fc.property(record, (value) => {
        const reversed: JsonObject = Object.fromEntries(Object.entries(value).reverse());
        expect(canonical(reversed)).toBe(canonical(value));
        const withoutNulls = (one: Json): Json => {
          if (Array.isArray(one)) return one.map(withoutNulls);
          if (typeof one !== 'object' || one === null) return one;
          return Object.fromEntries(
            Object.entries(one)
              .filter(([, inner]) => inner !== null)
              .map(([name, inner]) => [name, withoutNulls(inner)]),
          );
        };
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(withoutNulls(value))));
      }),
    );
  });
});
