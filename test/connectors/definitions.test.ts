// Connectors are data: every stream, collection and relation holds together, for each connector there is.
import { endpointsOf } from '../../src/connectors/clouds.ts';
import type { Collection, EdgeDefinition, StreamDefinition } from '../../src/connectors/definition.ts';
import { connectorNamed, connectors, streamNamed } from '../../src/connectors/index.ts';
import { relationSources } from '../../src/connectors/select.ts';
import { givenNames } from '../../src/mappings/given.ts';
import { builtInMaps, compiledMap } from '../../src/mappings/maps/index.ts';

const streams = connectors.flatMap((connector) =>
  connector.streams.map((stream) => [`${connector.name}/${stream.name}`, connector, stream] as const),
);

function collectionsOf(stream: StreamDefinition): Collection[] {
  if (stream.walk.shape !== 'collections') return [];
  return stream.walk.collections.flatMap((collection) =>
    collection.overflow === null ? [collection] : [collection, collection.overflow.collection],
  );
}

function edgesOf(stream: StreamDefinition): readonly EdgeDefinition[] {
  return stream.walk.shape === 'collections' ? collectionsOf(stream).flatMap((collection) => collection.edges) : stream.walk.edges;
}

const names = (values: readonly string[]): void => expect(new Set(values.map((value) => value.toLowerCase())).size).toBe(values.length);

test('connectors have distinct names', () => {
  names(connectors.map((connector) => connector.name));
});

test.each(connectors.map((connector) => [connector.name, connector] as const))(
  '%s: names are distinct and settings have defaults',
  (_name, connector) => {
    names(connector.streams.map((stream) => stream.name));
    expect(connector.settings.safeParse({}).success).toBe(true);
    expect(connector.settings.safeParse({ unknown: true }).success).toBe(false);
    expect(connector.streams.some((stream) => !stream.optional)).toBe(true);
    const accepted = Object.keys(connector.settings.parse({}));
    expect(Object.keys(connector.refusedSettings ?? {}).filter((key) => accepted.includes(key))).toEqual([]);
  },
);

describe.each(streams)('%s', (_name, connector, stream) => {
  test('has a title, a documentation page and permissions that differ', () => {
    expect(stream.title).not.toBe('');
    expect(stream.docs).toMatch(
      /^https:\/\/learn\.microsoft\.com\/(graph\/api\/[a-z0-9-]+|azure\/(templates\/[a-z./]+|defender-for-cloud\/[a-z-]+))$/,
    );
    expect(stream.permissions.length).toBeGreaterThan(0);
    names(stream.permissions);
    // Of Graph its application permissions, of Azure the roles that are assigned on subscriptions.
    const form = connector.queries === undefined ? /^[A-Z]\w+\.Read(Write)?\.(All|Directory|Hidden)$/ : /^(Security )?Reader$/;
    for (const permission of stream.permissions) expect(permission).toMatch(form);
  });

  test('selects id, each property once', () => {
    expect(stream.core).toContain('id');
    names(stream.core);
    expect(stream.core.filter((property) => stream.lacks.includes(property))).toEqual([]);
  });

  test('has built-in maps of its own class exactly when it has a class, of assets or of findings', () => {
    const of = stream.class;
    expect(stream.map === null).toBe(of === null);
    if (of !== null && stream.map !== null)
      expect(compiledMap(stream.map).map).toMatchObject({ connector: connector.name, stream: stream.name, class: of });
    // Evidence of one stream is of one class; assets that only findings name are of those that their findings say.
    for (const { map: name, when } of stream.maps ?? []) {
      const { map } = compiledMap(name);
      expect(map).toMatchObject({ connector: connector.name, stream: stream.name });
      expect([of, when.equals]).toContain(map.class);
    }
    if (of !== null) expect([...connector.assets, ...connector.findings]).toContain(of);
  });

  test('has relative paths and distinct phases; only an overflow names an object', () => {
    const paths = stream.walk.shape === 'collections' ? collectionsOf(stream).map((collection) => collection.path) : [stream.walk.path];
    for (const path of paths) expect(path).toMatch(/^[A-Za-z][A-Za-z/]*(\{id\}\/[A-Za-z]+)?$/);
    const asked = collectionsOf(stream).flatMap(({ path, reader }) => (reader === undefined ? [path] : []));
    if (connector.queries !== undefined) expect(Object.keys(connector.queries({}, null))).toEqual(expect.arrayContaining(asked));
    names(collectionsOf(stream).map((collection) => collection.phase));
    if (stream.walk.shape !== 'collections') return;
    for (const collection of stream.walk.collections) {
      expect(collection.path).not.toContain('{id}');
      if (collection.overflow === null) continue;
      expect(collection.overflow.collection.path).toContain('{id}');
      expect(collection.overflow.property).toBe(collection.expand);
    }
  });

  test('reads records somewhere, and an overflow gives the same edges as the array that was cut', () => {
    if (stream.walk.shape !== 'collections') return;
    expect(stream.walk.collections.some((collection) => collection.yields === 'records')).toBe(true);
    for (const { edges, overflow } of stream.walk.collections) {
      const meaning = (edge: EdgeDefinition): object => ({ kind: edge.kind, properties: edge.properties, keyed: edge.key !== null });
      if (overflow !== null) expect(overflow.collection.edges.map(meaning)).toEqual(edges.map(meaning));
    }
  });

  test('reads an element only where an edge has an array', () => {
    for (const edge of edgesOf(stream)) {
      const fields = [edge.from, edge.to, edge.key ?? 'object.id'];
      if (edge.at === null) expect(fields.filter((field) => field.startsWith('element.'))).toEqual([]);
      else expect(edge.to).toMatch(/^element\./);
    }
  });

  test('asks only for settings that exist', () => {
    const known = Object.keys(connector.settings.parse({}));
    for (const edge of edgesOf(stream)) if (edge.setting !== undefined) expect(known).toContain(edge.setting);
  });
});

const sources = connectors.flatMap((connector) =>
  Object.entries(connector.relations).flatMap(([relation, all]) =>
    all.map((source) => [`${relation} of ${connector.name} from ${source.stream}`, connector, source] as const),
  ),
);

test.each(sources)('%s has a stream that writes its edges', (_title, connector, source) => {
  const stream = streamNamed(connector, source.stream);
  expect(edgesOf(stream).map((edge) => edge.kind)).toContain(source.edge);
  expect(source.type).toMatch(/^#[a-z]+\.[A-Za-z.]+$/);
});

const mapped = connectors.filter(({ name }) => builtInMaps.some(({ connector }) => connector === name));

describe.each(mapped.map((connector) => [connector.name, connector] as const))('relations of %s', (_name, connector) => {
  test.each(builtInMaps.filter((map) => map.connector === connector.name).map((map) => [map.name] as const))(
    'every relation row of %s has its source',
    (name) => {
      const map = compiledMap(name);
      const given = Object.keys(streamNamed(connector, map.map.stream).given ?? {});
      for (const reads of map.reads.relations.filter((read) => !given.includes(read.name))) {
        const found = relationSources(connector, map).filter(
          (one) => one.name === reads.name && (reads.type === null || one.source.type === reads.type),
        );
        expect(found.length).toBeGreaterThan(0);
      }
    },
  );

  test('what rows read of an edge is kept with the edge', () => {
    for (const map of builtInMaps.filter((one) => one.connector === connector.name)) {
      for (const { source, properties } of relationSources(connector, compiledMap(map.name))) {
        if (source.element !== 'edge') continue;
        for (const edge of edgesOf(streamNamed(connector, source.stream)).filter((one) => one.kind === source.edge)) {
          expect(edge.key).not.toBeNull();
          expect(['id', ...edge.properties]).toEqual(expect.arrayContaining([...properties]));
        }
      }
    }
  });
});

test.each(connectors.map((connector) => [connector.name, connector] as const))(
  '%s: names that are given are those that its maps are compiled with, and no property of a record',
  (name, connector) => {
    const renamed = Object.entries(connector.relations).flatMap(([relation, all]) =>
      all.some(({ as }) => as !== undefined) ? [relation] : [],
    );
    const known = new Set([...renamed, ...connector.streams.flatMap(({ given = {} }) => Object.keys(given))]);
    expect([...givenNames(name)].sort()).toEqual([...known].sort());
    for (const { model } of connector.streams) expect([...known].filter((one) => Object.hasOwn(model?.fields ?? {}, one))).toEqual([]);
  },
);

test('settings that are named exist, and so does what they choose by', () => {
  for (const { settings, streams: all, relations } of connectors) {
    const known = Object.keys(settings.parse({}));
    const named = all.flatMap(({ given = {}, chosenBy }) => [
      ...(chosenBy === undefined ? [] : [chosenBy]),
      ...Object.values(given).map((one) => (one.from === 'count' ? one.nested : one.setting)),
    ]);
    const ofRelations = Object.values(relations)
      .flat()
      .flatMap(({ as, nested }) => [...Object.values(as?.lookups ?? {}), ...(nested === undefined ? [] : [nested])]);
    expect(known).toEqual(expect.arrayContaining([...named, ...ofRelations]));
    for (const { presentBy } of all) if (presentBy !== undefined) expect(Object.keys(relations)).toContain(presentBy);
  }
});

test.each<[string, () => unknown, string]>([
  ['a connector', () => connectorNamed('entra-identities'), 'Known connectors: entra-identity'],
  ['a stream', () => streamNamed(connectorNamed('entra-identity'), 'user'), 'Its streams: users, groups, roles, appRoleAssignments.'],
])('%s that does not exist is refused with the known ones', (_name, act, hint) => {
  expect(act).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', hint: expect.stringContaining(hint) }));
});

test('every cloud has its own Graph, and a custom one its own endpoints', () => {
  const all = (['global', 'usgov', 'usgov-dod', 'china'] as const).map((cloud) => endpointsOf({ cloud, endpoints: null }));
  expect(new Set(all.map((endpoints) => endpoints.graph)).size).toBe(4);
  for (const { login, graph, ca } of all) {
    expect(new URL(login).pathname).toBe('/');
    expect(graph).toMatch(/^https:\/\/[a-z.-]+\/v1\.0$/);
    expect(ca).toBeNull();
  }
  const endpoints = { login: 'https://localhost:1', graph: 'https://localhost:1/v1.0', ca: null };
  expect(endpointsOf({ cloud: 'custom', endpoints })).toBe(endpoints);
  expect(() => endpointsOf({ cloud: 'custom', endpoints: null })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
