// Transform maps as files: the built-in ones come back as they went, and every mistake of one's own is named with its line.
import { mapText } from '../../src/connectors/mapText.ts';
import { sourceFieldsOf, typeAt } from '../../src/connectors/models/fields.ts';
import { targetModels } from '../../src/connectors/models/index.ts';
import { connectorNamed, streamNamed } from '../../src/connectors/index.ts';
import { compile } from '../../src/mappings/engine.ts';
import { builtInMaps } from '../../src/mappings/maps/index.ts';
import { readMaps } from '../support/mapFiles.ts';

test.each(builtInMaps)('$name goes through the file format and means the same', (map) => {
  const { maps, problems } = readMaps(mapText(map));
  expect(problems).toEqual([]);
  // A file names no class: its documents are of the stream's, also where the stream has built-in maps of others.
  const filed = { ...map, class: streamNamed(connectorNamed(map.connector), map.stream).class ?? map.class };
  expect(maps).toEqual([{ ...filed, document: undefined, rows: map.rows.map(({ ours: _, ...row }) => row) }]);
  expect(compile(maps[0] ?? map).hash).toBe(compile(filed).hash);
});

test('the file says of which document a map is, and where its table ends', () => {
  const [users] = builtInMaps;
  const text = users === undefined ? '' : mapText(users);
  expect(text).toMatch(/^# The table of document 000, row by row\.\n/);
  expect(text.split('\n').filter((line) => line.includes('Not of the document'))).toHaveLength(1);
});

/** A map with these rows, from line 7 on; or another head. */
const mapOf = (rows: string, head = 'connector: entra-identity\nstream: users\nsource: microsoft.graph.user\ntarget: asset'): string =>
  `kind: map\nname: mine\n${head}\nrows:\n${rows}`;
const row = '  - { from: mail, to: asset.assetDetail.userAssetClass.email }\n';

test('a map of one own row is read', () => {
  expect(readMaps(mapOf(row))).toMatchObject({ problems: [], maps: [{ name: 'mine', class: 'user', rows: [{ from: 'mail' }] }] });
});

const to = 'asset.assetDetail.name';
test.each<[string, string, string]>([
  ['an empty file', '', '1:1 : holds nothing'],
  ['no YAML', 'kind: [', '1:8 : is not valid YAML'],
  ['a key that is misspelled', mapOf(row).replace('stream:', 'steam:'), '4:1 steam: is not a known key, did you mean "stream"?'],
  [
    'a connector that does not exist',
    mapOf(row).replace('entra-identity', 'entra-identiti'),
    '3:12 connector: is no connector, did you mean "entra-identity"?',
  ],
  [
    'a stream that is not mapped',
    mapOf(row).replace('stream: users', 'stream: appRoleAssignments'),
    '4:9 stream: is no stream with a map; there are users, groups, roles',
  ],
  [
    'the model of another stream',
    mapOf(row).replace('graph.user', 'graph.group'),
    '5:9 source: must be microsoft.graph.user, the model of this stream',
  ],
  [
    'a target model that does not exist',
    mapOf(row).replace('target: asset', 'target: device'),
    '6:9 target: is no target model; there are asset, finding, directory-user, user-group',
  ],
  [
    'the target model of other documents',
    mapOf(row).replace('target: asset', 'target: user-group'),
    "6:9 target: must be asset, the model of this stream's documents",
  ],
  ['a name that is a path', mapOf(row).replace('mine', '../mine'), '2:7 name: begins with a letter'],
  ['no rows', mapOf('  []'), '8:3 rows: has no rows'],
  [
    'a field that does not exist',
    mapOf(`  - { from: displayNam, to: ${to} }`),
    '8:13 rows.0.from: is no field of the source model, did you mean "displayName"?',
  ],
  ['a field of another stream', mapOf(`  - { from: deviceId, to: ${to} }`), '8:13 rows.0.from: is no field of the source model'],
  [
    'a field of a relation that does not exist',
    mapOf('  - { from: "memberOf.value[].idd", to: "asset.assetRelations[].assetHeader.name" }'),
    '8:13 rows.0.from: is no field of the source model, did you mean "memberOf.value[].id"?',
  ],
  [
    'another data type',
    mapOf(`  - { from: mail, type: boolean, to: ${to} }`),
    '8:25 rows.0.type: must be string, which is what the source model says of this field',
  ],
  [
    'a target that does not exist',
    mapOf('  - { from: mail, to: asset.assetDetail.nam }'),
    '8:23 rows.0.to: is no field of the target model, did you mean "asset.assetDetail.name"?',
  ],
  [
    'a prototype',
    mapOf('  - { from: mail, to: asset.__proto__.name }'),
    '8:23 rows.0.to: "asset.__proto__.name" is no path of a transform map: "__proto__" is not allowed as a name',
  ],
  ['a path that is too deep', mapOf(`  - { from: ${'a.'.repeat(40)}a, to: ${to} }`), 'it is deeper than 32 levels'],
  ['a path that is too long', mapOf(`  - { from: ${'a'.repeat(501)}, to: ${to} }`), '8:13 rows.0.from: has at most 500 characters'],
  ['a function that does not exist', mapOf(`  - { from: mail, to: ${to}, function: { name: EVAL } }`), 'rows.0.function'],
  [
    'a constant with a source',
    mapOf(`  - { from: mail, to: ${to}, function: { name: CONSTANT, value: a } }`),
    '8:5 rows.0: Map "mine", row "asset.assetDetail.name": CONSTANT has no source',
  ],
  ['a row without a source', mapOf(`  - { to: ${to} }`), '8:5 rows.0: Map "mine"'],
  [
    'rows that contradict each other',
    mapOf(
      `${row}  - { from: id, to: "asset.assetRelations[].assetHeader.name" }\n  - { from: "memberOf.value[].id", to: "asset.assetRelations[].assetHeader.vendorAssetId" }\n`,
    ),
    'rows.2: Map "mine"',
  ],
  ['more rows than there may be', mapOf(row.repeat(1_001)), 'rows: has more than 1000 rows'],
  ['more than 1 MB', mapOf(row.repeat(20_000)), '1:1 : is larger than 1 MB'],
])('%s is refused with its place', (_, text, expected) => {
  const { maps, problems } = readMaps(text);
  expect(maps).toEqual([]);
  expect(problems.map(({ line, column, path, reason }) => `${line}:${column} ${path}: ${reason}`).join('\n')).toContain(expected);
});

test('every mistake is named at once', () => {
  const { problems } = readMaps(
    mapOf('  - { from: a, to: asset.b }\n  - { from: mail, to: asset.assetDetail.name }\n  - { from: c, to: asset.assetDetail.name }\n'),
  );
  expect(problems.map(({ path }) => path)).toEqual(['rows.0.from', 'rows.0.to', 'rows.2.from']);
});

test('the place of a row among a thousand is found without trying each', () => {
  const begun = performance.now();
  const last = '  - { from: mail, to: asset.assetDetail.name, function: { name: CONSTANT, value: a } }\n';
  const many = Array.from({ length: 999 }, (_, index) => `  - { from: mail, to: asset.assetDetail.untypedAttributes.a${index} }\n`);
  expect(readMaps(mapOf(many.join('') + last)).problems).toMatchObject([{ line: 1_007, path: 'rows.999' }]);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

describe('what a path holds', () => {
  const identity = connectorNamed('entra-identity');
  const source = sourceFieldsOf(identity, streamNamed(identity, 'users'));
  test.each<[string, string | null | undefined]>([
    ['mail', 'string'],
    ['accountEnabled', 'boolean'],
    ['businessPhones', 'string[]'],
    ['businessPhones[]', 'string'],
    ['businessPhones[0]', 'string'],
    ['mail[]', undefined],
    ['onPremisesExtensionAttributes', 'object'],
    ['onPremisesExtensionAttributes.*', 'object'],
    ['onPremisesExtensionAttributes.extensionAttribute1', null],
    ['assignedPlans[].service', null],
    ['.*', 'object'],
    ['asset_root (mail)', 'string'],
    ['memberOf.value[].displayName', 'string'],
    ['memberOf.value[].isBuiltIn', 'boolean'],
    ['memberOf.value[].mailNickname', 'string'],
    ['appRoleAssignments.value[].resourceDisplayName', 'string'],
    ['appRoleAssignments.value[].createdDateTime', undefined],
    ['toString', undefined],
    ['nosuch', undefined],
  ])('%s of users: %s', (path, type) => expect(typeAt(source, path)).toBe(type));

  const target = targetModels[0]?.fields ?? {};
  test.each<[string, string | null | undefined]>([
    ['asset.assetDetail.name', 'string'],
    ['asset.assetRelations[].assetHeader.name', 'string'],
    ['asset.assetRelations[0].assetHeader.name', 'string'],
    ['asset.assetDetail.groupAssetClass.groupTypes[]', 'string'],
    ['asset.assetDetail.untypedAttributes.mine', 'object'],
    ['asset.assetDetail.typedAttributes.mine', 'string'],
    ['asset.assetDetail.mine', undefined],
    ['mine', undefined],
  ])('%s of an asset: %s', (path, type) => expect(typeAt(target, path)).toBe(type));
});
