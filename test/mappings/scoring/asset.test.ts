// Criticality and score of an asset, with what they are made of (decision 56).
import { criticalityOf, scoreAsset } from '../../../src/mappings/scoring/asset.ts';
import { defaultScoring } from '../../../src/mappings/scoring/config.ts';

const tag = (name: string, criticality: number | null) => ({ name, criticality });
const config = { criticality: { default: 2, byClass: { 'container-image': 4 } } };

test.each([
  ['the highest of its tags', 'host', [tag('a', 3), tag('b', 5), tag('c', null)], 5, 'tag b'],
  ['of two equal tags the first by name', 'host', [tag('z', 4), tag('a', 4)], 4, 'tag a'],
  ['a tag, also where its class has one', 'container-image', [tag('a', 1)], 1, 'tag a'],
  ['that of its class', 'container-image', [tag('a', null)], 4, 'the configuration of class container-image'],
  ['the default', 'host', [], 2, 'the default of the configuration'],
  ['the default, for a class that objects have by nature', 'constructor', [], 2, 'the default of the configuration'],
])('criticality is %s', (_name, ofClass, tags, value, source) => {
  expect(criticalityOf({ class: ofClass, tags }, config)).toEqual({
    value,
    parts: [{ what: 'criticality', value, source, contribution: value }],
  });
});

const critical = (value: number) => ({ value, parts: [{ what: 'criticality', value, source: 'tag a', contribution: value }] });
const counts = (critical_ = 0, high = 0, medium = 0, low = 0) => ({ critical: critical_, high, medium, low });

test.each([
  ['no open findings', 5, 0, counts(), 0],
  ['one critical', 2, 95, counts(1), 251],
  ['one high', 2, 80, counts(0, 1), 178],
  ['one medium', 2, 55, counts(0, 0, 1), 110],
  ['many of each', 3, 95, counts(10, 20, 100, 1000), 551],
  ['more than there can be', 5, 100, counts(1000, 0, 0, 0), 1000],
])('%s', (_name, criticality, highestQds, bySeverity, expected) => {
  expect(scoreAsset(critical(criticality), { highestQds, bySeverity }, defaultScoring).value).toBe(expected);
});

test('the contributions make the score before it is cut, and one more finding never lowers it', () => {
  for (const criticality of [1, 2, 5]) {
    for (const highestQds of [1, 39, 70, 90, 100]) {
      const scored = (bySeverity: ReturnType<typeof counts>) =>
        scoreAsset(critical(criticality), { highestQds, bySeverity }, defaultScoring);
      const { value, parts } = scored(counts(3, 2, 1, 1));
      const sum = parts.reduce((total, { contribution }) => total + contribution, 0);
      expect(value).toBe(Math.min(1_000, Math.round(sum)));
      expect(scored(counts(4, 2, 1, 1)).value).toBeGreaterThanOrEqual(value);
      expect(scored(counts(3, 2, 1, 2)).value).toBeGreaterThanOrEqual(value);
    }
  }
});
