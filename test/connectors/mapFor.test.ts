// Which map a record is mapped by, where a stream has several.
import { defenderForCloud } from '../../src/connectors/defender-for-cloud/index.ts';
import { streamNamed } from '../../src/connectors/index.ts';
import { mapFor } from '../../src/connectors/mapFor.ts';

const maps = [
  { when: { path: 'kind.of', equals: 'a' }, map: 'first' },
  { when: { path: 'kind.of', equals: 'a' }, map: 'second' },
  { when: { path: 'on', equals: true }, map: 'third' },
];

test.each([
  [{ kind: { of: 'a' } }, 'first'],
  [{ kind: { of: 'a' }, on: true }, 'first'],
  [{ kind: { of: 'b' }, on: true }, 'third'],
  [{ on: 'true' }, 'default'],
  [{ kind: 'a' }, 'default'],
  [{}, 'default'],
])('%j is mapped by %s', (record, expected) => {
  expect(mapFor({ map: 'default', maps }, record)).toBe(expected);
});

test('a stream without choices, or without maps, has its own', () => {
  expect([mapFor({ map: 'default' }, {}), mapFor({ map: null }, {})]).toEqual(['default', null]);
});

test.each([
  ['host', 'defender-for-cloud/compute'],
  ['serverless', 'defender-for-cloud/misconfigurations'],
  ['container-instance', 'defender-for-cloud/misconfigurations'],
])('a misconfiguration of a %s is mapped by %s (decision 54)', (assetClass, map) => {
  expect(mapFor(streamNamed(defenderForCloud, 'misconfigurations'), { finding: { assetClass } })).toBe(map);
});
