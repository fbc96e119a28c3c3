// Replaced or merged: the whole table of design 3.5.
import type { JsonObject } from '../../src/model.ts';
import { merge } from '../../src/pull/merge.ts';
import type { Phase } from '../../src/pull/plan.ts';
import type { StoredRecord } from '../../src/store/page.ts';

const stored = (over: Partial<StoredRecord> = {}): StoredRecord => ({
  id: 'a',
  num: 1,
  known: true,
  tombstoned: false,
  hash: 'h',
  body: { id: 'a', displayName: 'old', mail: 'm' },
  asset: null,
  seen: false,
  ...over,
});

const replaced = { id: 'a', displayName: 'new' };
const merged = { id: 'a', displayName: 'new', mail: 'm' };

test.each<[string, Phase['objects'], Partial<StoredRecord>, boolean, JsonObject]>([
  ['a list replaces', 'whole', {}, false, replaced],
  ['a list replaces what it saw before', 'whole', { seen: true }, false, replaced],
  ['the first sight of a full chain replaces', 'first', {}, false, replaced],
  ['a later sight of a full chain merges', 'first', { seen: true }, false, merged],
  ['a later sight of what was gone replaces', 'first', { seen: true, tombstoned: true }, false, replaced],
  ['a delta merges', 'changes', {}, false, merged],
  ['a delta of an unknown record stands alone', 'changes', { known: false, body: null }, false, replaced],
  ['a delta of a tombstoned record replaces', 'changes', { tombstoned: true }, false, replaced],
  ['removed and back within a page replaces', 'changes', {}, true, replaced],
])('%s', (_, objects, over, anew, expected) => {
  expect(merge(objects, { id: 'a', properties: { id: 'a', displayName: 'new' }, anew }, stored(over))).toEqual(expected);
});

test.each<Phase['objects']>(['whole', 'first', 'changes'])('null clears (%s)', (objects) => {
  const record = { id: 'a', properties: { id: 'a', displayName: null, mail: 'm' }, anew: false };
  expect(merge(objects, record, stored())).toEqual({ id: 'a', mail: 'm' });
});
