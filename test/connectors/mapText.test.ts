// A map as text comes back as the map: the same rows and the same hash, whatever its functions hold.
import fc from 'fast-check';
import { mapText } from '../../src/connectors/mapText.ts';
import { compile } from '../../src/mappings/engine.ts';
import type { MapFunction, MapRow, TransformMap } from '../../src/mappings/map.ts';
import type { Json } from '../../src/model.ts';
import { readMaps } from '../support/mapFiles.ts';
import { anyText } from '../support/texts.ts';

const texts = fc.constantFrom('mail', 'displayName', 'businessPhones[0]', 'asset_root (jobTitle)');
const scalars = fc.constantFrom('mail', 'accountEnabled', 'createdDateTime', 'onPremisesExtensionAttributes.extensionAttribute1');
const related = fc.constantFrom('memberOf.value[].displayName', 'memberOf.value[].mail');
// The reader refuses this one word wherever it stands.
const word = fc.oneof(anyText(20), fc.constantFrom('true', '1', '~', '', ' a', 'a: b', '#', '- a', '*a', '\n', '\u0085'));
const text = word.filter((each) => each !== '__proto__');
const json = fc.jsonValue({ maxDepth: 3 }).map((value): Json => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')));

const lookup = fc.record({
  name: fc.constant('LOOKUP' as const),
  table: fc.dictionary(text, json, { maxKeys: 5 }),
  otherwise: json,
});
const concat = (paths: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.array(
        fc.oneof(
          text,
          paths.map((from) => ({ from })),
        ),
        { maxLength: 5 },
      ),
      paths,
    )
    .map(([parts, from]): MapFunction => ({ name: 'CONCAT', parts: [...parts, { from }] }));
const regex = fc
  .tuple(fc.constantFrom('^(.*)@(.*)$', '(?i)\\bé+|[^a-z"\'#:]', '\\$\\{(x)(y)\\}'), fc.constantFrom('$1', '$2-$1', '$$$0', ' # $0: '))
  .map(([pattern, result]): MapFunction => ({
    name: 'REGEX',
    pattern,
    result: pattern.startsWith('(?i)') ? '$0' : result.replaceAll('$2', '$1'),
  }));

const others = fc.oneof(
  fc.constant({}),
  texts.map((orFrom) => ({ orFrom })),
  fc.array(texts, { minLength: 2, maxLength: 4 }).map((orFrom) => ({ orFrom })),
);
const common = fc.record({ required: fc.constant(true as const), off: fc.constant(true as const) }, { requiredKeys: [] });
type Part = Pick<MapRow, 'from' | 'fn' | 'orFrom'>;
const withFunction = (from: fc.Arbitrary<string>, fn: fc.Arbitrary<MapFunction>): fc.Arbitrary<Part> =>
  fc.tuple(from, others, fn).map(([path, more, of]) => ({ from: path, ...more, fn: of }));

/** Every kind of row whose target may hold anything. */
const own: fc.Arbitrary<Part> = fc.oneof(
  fc.tuple(texts, others).map(([from, more]) => ({ from, ...more })),
  json.map((value) => ({ from: null, fn: { name: 'CONSTANT' as const, value } })),
  withFunction(scalars, lookup),
  concat(scalars).map((fn) => ({ from: null, fn })),
  withFunction(texts, fc.constantFrom<MapFunction>({ name: 'LOWER' }, { name: 'UPPER' }, { name: 'NUMBER' }, { name: 'BOOLEAN' })),
  withFunction(scalars, fc.constant({ name: 'STRING' })),
  withFunction(
    texts,
    fc.constantFrom<MapFunction>({ name: 'DATE' }, { name: 'DATE', unit: 'seconds' }, { name: 'DATE', unit: 'milliseconds' }),
  ),
  withFunction(texts, regex),
);
const ofRelation: fc.Arbitrary<Part> = fc.oneof(
  related.map((from) => ({ from })),
  concat(related).map((fn) => ({ from: null, fn })),
  fc.tuple(related, related).map(([from, orFrom]) => ({ from, orFrom, fn: { name: 'UPPER' as const } })),
);

const rows = fc
  .tuple(fc.array(fc.tuple(own, common), { minLength: 1, maxLength: 8 }), fc.array(ofRelation, { maxLength: 3 }))
  .map(([one, two]): MapRow[] => [
    ...one.map(([part, { required, off }], index): MapRow => ({
      ...part,
      to: `asset.assetDetail.untypedAttributes.own${index}`,
      // A constant requires nothing.
      ...(required === true && part.fn?.name !== 'CONSTANT' ? { required } : {}),
      ...(off === true ? { off } : {}),
    })),
    ...two.map((part, index): MapRow => ({
      ...part,
      to: `asset.assetRelations[].assetDetail.untypedAttributes.r${index}`,
      type: '#microsoft.graph.group',
    })),
  ]);

test('a map that is printed and read is the same map', () => {
  fc.assert(
    fc.property(rows, (each) => {
      const map: TransformMap = { name: 'mine', connector: 'entra-identity', stream: 'users', class: 'user', rows: each };
      const { maps, problems } = readMaps(mapText(map));
      expect(problems).toEqual([]);
      expect(maps).toEqual([map]);
      expect(compile(maps[0] ?? map).hash).toBe(compile(map).hash);
    }),
    { numRuns: 100 },
  );
});
