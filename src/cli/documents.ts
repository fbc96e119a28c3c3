// From found assets to documents: which map a stream's assets have, what of the relations it reads (design 3.8), and what its connection gives.
import type { ConnectorDefinition, CountSource, RelationSource, StreamDefinition } from '../connectors/definition.ts';
import { relatedOnRead, sourceOnRead } from '../connectors/given.ts';
import { connectorNamed, connectors, streamNamed } from '../connectors/index.ts';
import { mapsInUse, relationSources } from '../connectors/select.ts';
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import type { TransformMap } from '../mappings/map.ts';
import { compiledMap } from '../mappings/maps/index.ts';
import type { JsonObject } from '../model.ts';
import type { FoundAsset } from '../store/asset.ts';
import type { Connection } from '../store/connection.ts';

type Relations = Record<string, readonly RelationSource[]>;
type Counts = Record<string, CountSource>;

export interface Documents {
  /** Those by which documents are made: what a query may name. */
  readonly maps: readonly TransformMap[];
  /** What searchAssets must assemble, by class. */
  readonly relations: Readonly<Record<string, Relations>>;
  readonly counts: Readonly<Record<string, Counts>>;
  /** The whole document of an asset. */
  document(asset: FoundAsset): JsonObject;
  /** What these elements of its relations are in a document, and nothing else of it. */
  related(asset: Placed, relations: FoundAsset['relations']): JsonObject;
}

type Placed = Pick<FoundAsset, 'connection' | 'stream' | 'class'>;

/** The maps of the connections as configured now; a deleted connection's inventory is read by the built-in maps, without settings. */
export function documentsOf(connections: readonly Connection[]): Documents {
  const builtIn = connectors.flatMap((connector) =>
    connector.streams.flatMap((stream) => (stream.map === null ? [] : { connector, stream, map: compiledMap(stream.map), settings: {} })),
  );
  const configured = new Map(connections.map((connection) => [connection.name, mapsOf(connection)]));
  const all = [...builtIn, ...[...configured.values()].flat()];
  const mappedFor = (asset: Placed): Mapped | undefined =>
    [...(configured.get(asset.connection) ?? []), ...builtIn].find(
      ({ map: { map } }) => map.stream === asset.stream && map.class === asset.class,
    );
  return {
    maps: [...new Set(all.map(({ map }) => map.map))],
    relations: relationsRead(all),
    counts: countsRead(all),
    document(asset) {
      const mapped = mappedFor(asset);
      if (mapped === undefined) return asset.document;
      return mapped.map.relate(asset.document, sourceOnRead(mapped, { id: asset.id, displayName: asset.recordName }, asset));
    },
    related(asset, relations) {
      const mapped = mappedFor(asset);
      return mapped === undefined ? {} : mapped.map.relate({}, relatedOnRead(mapped, relations));
    },
  };
}

interface Mapped {
  readonly connector: ConnectorDefinition;
  readonly stream: StreamDefinition;
  readonly map: CompiledMap;
  readonly settings: ConnectionSpec['settings'];
}

function mapsOf(connection: Connection): Mapped[] {
  const spec = readSpec(connection.spec);
  const connector = connectorNamed(spec.connector);
  return mapsInUse(spec).map((map) => ({ connector, stream: streamNamed(connector, map.map.stream), map, settings: spec.settings }));
}

/** By class, the relations that maps read. Maps of one class may read different ones: each relation's sources are put together, each once. */
export function relationsRead(mapped: readonly Pick<Mapped, 'connector' | 'map'>[]): Record<string, Relations> {
  const byClass: Record<string, Record<string, RelationSource[]>> = {};
  for (const { connector, map } of mapped) {
    const relations = (byClass[map.map.class] ??= {});
    for (const { name, source } of relationSources(connector, map)) {
      const sources = (relations[name] ??= []);
      if (!sources.includes(source)) sources.push(source);
    }
  }
  return byClass;
}

/** By class, what maps read that is counted. */
export function countsRead(mapped: readonly Pick<Mapped, 'stream' | 'map'>[]): Record<string, Counts> {
  const byClass: Record<string, Counts> = {};
  for (const { stream, map } of mapped) {
    for (const [name, given] of Object.entries(stream.given ?? {})) {
      if (given.from !== 'count' || !map.reads.relations.some((read) => read.name === name)) continue;
      (byClass[map.map.class] ??= {})[name] = given;
    }
  }
  return byClass;
}
