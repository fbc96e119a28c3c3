// How a search gets to its assets: the indexes are what the query says they are, and what has no way says so.
import { indexedPaths, keyOf, partOf } from '../../src/query/indexed.ts';
import { compileSearch } from '../../src/query/search.ts';
import { events } from '../../src/store/migrations/events.ts';
import { findings } from '../../src/store/migrations/findings.ts';
import { searches } from '../../src/store/migrations/searches.ts';

test.each(indexedPaths.map((indexed) => [indexed.path, indexed] as const))('%s has the index that queries name', (_, indexed) => {
  expect((searches + events + findings).replaceAll(/\s+/g, ' ')).toContain(` on asset (${keyOf(indexed)} text_pattern_ops) where ${partOf(indexed)};`);
});

test.each<[string, readonly string[]]>([
  // By an index
  ['name:ana', []],
  ['name:ana*', []],
  ['name:[ana, ben]', []],
  ['externalAssetId:ana@contoso.example and jobTitle:nurse', []],
  ['email:a or displayName:b', []],
  ['id:u1', []],
  ['lastChanged:>now-1d', []],
  ['status:inactive', []],
  ['assetRelations.assetHeader.externalAssetId:g1', []],
  ['assetRelations.assetDetail.groupAssetClass.displayName:ward*', []],
  // By where assets are, or because nearly all meet it
  ['', []],
  ['*', []],
  ['class:user and not stream:groups and source:Microsoft', []],
  ['status:active', []],
  // Not
  ['jobTitle:nurse', ['Field "jobTitle" is not indexed']],
  [
    'name:ana or (jobTitle:nurse and city:*) or firstSeen:2026-01-01',
    ['jobTitle', 'city', 'firstSeen'].map((name) => `Field "${name}" is not indexed`),
  ],
  ['class:user ward', ['Text without a field is not indexed']],
  ...['name:*ana', 'name:?na', 'name:*', 'name:null', 'name:>a', 'id:u*', 'status:in*'].map((query): [string, readonly string[]] => [
    query,
    [`Field "${query.split(':')[0] ?? ''}" is indexed for values and for what they begin with (x*), not for this`],
  ]),
  ['not name:ana', ['What "not" leaves out is not indexed']],
  [
    'assetRelations.assetDetail.groupAssetClass.description:x',
    ['Field "assetRelations.assetDetail.groupAssetClass.description" is not indexed'],
  ],
])('%s lacks: %j', (query, unindexed) => {
  expect(compileSearch(query).unindexed).toEqual(unindexed);
});

test('a class is looked for where its map says, and where a connection is named, only there', () => {
  const { places } = compileSearch('status:inactive', { within: { connection: 'contoso', class: 'user' } });
  expect(places).toEqual({
    sql: `not r.stream = any($1::text[]) and (r.stream = any($2::text[]) and (lower(r.connection) = lower($3)) and r.stream = any($4::text[]))`,
    params: [['vulnerabilities', 'misconfigurations'], ['users', 'roles', 'container-instances'], 'contoso', ['users']],
  });
  const [, others] = compileSearch('not class:user').places.params;
  expect(others).toEqual(expect.arrayContaining(['groups', 'roles', 'devices', 'users', 'virtual-machines']));
});
