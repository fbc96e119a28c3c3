// The one text of a value, and its hash: equal values have equal texts.
import { canonical, hashOf } from '../../src/mappings/canonical.ts';
import type { Json } from '../../src/model.ts';

test.each<[string, Json, string]>([
  ['keys are sorted by code units', { b: 1, a: 2, B: 3, ä: 4 }, '{"B":3,"a":2,"b":1,"ä":4}'],
  ['nulls of objects are dropped', { a: null, b: { c: null } }, '{"b":{}}'],
  ['nulls of lists stay', [null, 1, null], '[null,1,null]'],
  ['an empty list is not absent', { a: [] }, '{"a":[]}'],
  ['the first element may be empty text', ['', ''], '["",""]'],
  ['texts are escaped as JSON', { 'a"b': 'c\n\u0000\ud800' }, '{"a\\"b":"c\\n\\u0000\\ud800"}'],
  ['numbers', [0, -1.5, 1e21], '[0,-1.5,1e+21]'],
])('%s', (_name, value, text) => {
  expect(canonical(value)).toBe(text);
});

test('a key named __proto__ is a key', () => {
  expect(canonical(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
});

test('a value nested deeper than 100 levels is MAPPING_FAILED, not a broken stack', () => {
  const nested = (depth: number): Json => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  expect(canonical(nested(100))).toHaveLength(200);
  expect(() => canonical(nested(5_000))).toThrow(expect.objectContaining({ code: 'MAPPING_FAILED' }));
});

test('the hash is SHA-256 of the text as UTF-8, in hex', () => {
  expect(hashOf('ä')).toBe('33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc');
  expect(hashOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
