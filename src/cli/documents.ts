// From found assets to documents: which map a stream's assets have, and what of the relations it reads (design 3.8).
import type { ConnectorDefinition, RelationSource } from '../connectors/definition.ts';
import { connectorNamed, connectors } from '../connectors/index.ts';
import { mapsInUse, relationSources } from '../connectors/select.ts';
import { readSpec } from '../connectors/spec.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import type { TransformMap } from '../mappings/map.ts';
import { compiledMap } from '../mappings/maps/index.ts';
import type { JsonObject } from '../model.ts';
import type { FoundAsset } from '../store/asset.ts';
import type { Connection } from '../store/connection.ts';

type Relations = Record<string, readonly RelationSource[]>;

export interface Documents {
  /** Those by which documents are made: what a query may name. */
  readonly maps: readonly TransformMap[];
  /** What searchAssets must assemble, by stream. */
  readonly relations: Readonly<Record<string, Relations>>;
  /** The whole document of an asset. */
  document(asset: FoundAsset): JsonObject;
  /** What these elements of its relations are in a document, and nothing else of it. */
  related(asset: Pick<FoundAsset, 'connection' | 'stream'>, relations: FoundAsset['relations']): JsonObject;
}

/** The maps of the connections as configured now; a deleted connection's inventory is read by the built-in maps. */
export function documentsOf(connections: readonly Connection[]): Documents {
  const builtIn = connectors.flatMap((connector) =>
    connector.streams.flatMap(({ map }) => (map === null ? [] : { connector, map: compiledMap(map) })),
  );
  const configured = new Map(connections.map((connection) => [connection.name, mapsOf(connection)]));
  const all = [...builtIn, ...[...configured.values()].flat()];
  const mapFor = (asset: Pick<FoundAsset, 'connection' | 'stream'>): CompiledMap | undefined =>
    [...(configured.get(asset.connection) ?? []), ...builtIn].find(({ map }) => map.map.stream === asset.stream)?.map;
  const relate = (
    asset: Pick<FoundAsset, 'connection' | 'stream'>,
    document: JsonObject,
    relations: FoundAsset['relations'],
  ): JsonObject => {
    const related = Object.fromEntries(Object.entries(relations).map(([name, elements]) => [name, [...elements]]));
    return mapFor(asset)?.relate(document, related) ?? document;
  };
  return {
    maps: [...new Set(all.map(({ map }) => map.map))],
    relations: relationsRead(all),
    document: (asset) => relate(asset, asset.document, asset.relations),
    related: (asset, relations) => relate(asset, {}, relations),
  };
}

interface Mapped {
  readonly connector: ConnectorDefinition;
  readonly map: CompiledMap;
}

function mapsOf(connection: Connection): Mapped[] {
  const spec = readSpec(connection.spec);
  const connector = connectorNamed(spec.connector);
  return mapsInUse(spec).map((map) => ({ connector, map }));
}

/** By stream, the relations that maps read. Maps of one stream may read different ones: each relation's sources are put together, each once. */
export function relationsRead(mapped: readonly Mapped[]): Record<string, Relations> {
  const byStream: Record<string, Record<string, RelationSource[]>> = {};
  for (const { connector, map } of mapped) {
    const relations = (byStream[map.map.stream] ??= {});
    for (const { name, source } of relationSources(connector, map)) {
      const sources = (relations[name] ??= []);
      if (!sources.includes(source)) sources.push(source);
    }
  }
  return byStream;
}
