// What a run reads of each stream and by which map: derived from the connection, its maps and the connector. Pure.
import { TidemarkError } from '../errors.ts';
import { hashOf } from '../mappings/canonical.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import { keysVersion } from '../mappings/identity/keys.ts';
import { compiledMap } from '../mappings/maps/index.ts';
import { pathsOf } from '../mappings/rows.ts';
import { mapNamed } from './customMap.ts';
import type { ConnectorDefinition, EdgeDefinition, RelationSource, StreamDefinition } from './definition.ts';
import { connectorNamed, streamNamed } from './index.ts';
import type { ConnectionSpec, ProfileSpec } from './spec.ts';

interface PulledStream {
  readonly definition: StreamDefinition;
  /** The profile names it: a missing permission then fails it, even when it is optional (decision 23). */
  readonly named: boolean;
}

interface ActiveStream extends PulledStream {
  /** null for a stream whose records are kept for their edges only. */
  readonly map: CompiledMap | null;
}

/** Whether the source tells changes of the stream. */
export function hasDelta(stream: StreamDefinition): boolean {
  return stream.walk.shape !== 'collections';
}

/** The least permission of each of the streams, each once: the first that its definition names. */
export function leastPermissions(streams: readonly StreamDefinition[]): string[] {
  return [...new Set(streams.flatMap(({ permissions }) => permissions.slice(0, 1)))];
}

/** What makes these streams show more where an application has it, and is missed nowhere. */
export function optionalPermissions(streams: readonly StreamDefinition[]): string[] {
  const edges = streams.flatMap(({ walk }) => (walk.shape === 'collections' ? [] : walk.edges));
  return [...new Set(edges.flatMap(({ hidden }) => hidden?.permission ?? []))];
}

/** The streams of a profile in the connector's order: those it names, else all that are not optional (decision 1). @throws CONFIG_INVALID */
export function pulledStreams(spec: ConnectionSpec, profileName: string): PulledStream[] {
  const profile = profileNamed(spec, profileName);
  const named = profile.streams ?? [];
  return streamsOf(spec, profile).map((definition) => ({ definition, named: named.includes(definition.name) }));
}

/** The same with their maps. @throws CONFIG_INVALID */
export function activeStreams(spec: ConnectionSpec, profileName: string): ActiveStream[] {
  const profile = profileNamed(spec, profileName);
  return pulledStreams(spec, profileName).map((stream) => ({ ...stream, map: mapOf(spec, stream.definition, profile) }));
}

/**
 * The maps that are in force while a profile runs: its own, and those that the other active profiles use for their streams.
 * A stream's own comes first, and after it those of some of its records: it belongs to one active profile. @throws CONFIG_INVALID
 */
export function activeMaps(spec: ConnectionSpec, profileName: string): CompiledMap[] {
  const own = profileNamed(spec, profileName);
  const others = spec.profiles.filter((profile) => profile !== own && profile.status === 'active');
  const maps = new Map<string, readonly CompiledMap[]>();
  for (const profile of [own, ...others]) {
    for (const definition of streamsOf(spec, profile)) {
      const map = mapOf(spec, definition, profile);
      if (map !== null && !maps.has(definition.name)) maps.set(definition.name, [map, ...choicesOf(definition)]);
    }
  }
  return [...maps.values()].flat();
}

/** The maps by which a connection's documents are read: those in force for its first active profile, or for its first one. @throws CONFIG_INVALID */
export function mapsInUse(spec: ConnectionSpec): CompiledMap[] {
  const profile = spec.profiles.find(({ status }) => status === 'active') ?? spec.profiles[0];
  return profile === undefined ? [] : activeMaps(spec, profile.name);
}

/** `$select` of a stream, sorted: what the core needs, what the maps read of its records, and the relation properties its walk folds into edges. */
export function selectOf(
  connector: ConnectorDefinition,
  streamName: string,
  maps: readonly CompiledMap[],
  settings: Readonly<Record<string, unknown>>,
): string[] {
  const stream = streamNamed(connector, streamName);
  const properties = new Set(stream.core);
  for (const map of maps) {
    if (map.map.connector === connector.name && map.map.stream === streamName) map.reads.own.forEach((name) => properties.add(name));
    for (const { source, properties: read } of relationSources(connector, map)) {
      if (source.stream === streamName && source.element === 'record') read.forEach((name) => properties.add(name));
    }
  }
  for (const name of listedProperties(stream, settings)) properties.add(name);
  for (const { at, hidden } of activeEdges(stream, settings)) {
    if (at !== null) properties.add(at);
    if (hidden !== undefined) properties.add(hidden.property);
  }
  for (const name of stream.lacks) properties.delete(name);
  return [...properties].sort();
}

/** The properties that a setting lists and the stream's records have, in the setting's order. */
export function listedProperties({ selectedBy, model }: StreamDefinition, settings: Readonly<Record<string, unknown>>): string[] {
  const listed = selectedBy === undefined ? undefined : settings[selectedBy.setting];
  if (!Array.isArray(listed)) return [];
  const names = listed.filter((name): name is string => typeof name === 'string');
  return names.filter((name) => Object.hasOwn(model?.fields ?? {}, name) || selectedBy?.besides?.test(name) === true);
}

/** The streams that a connection with these settings may pull, with the collections that it reads of them. */
export function askedStreams(connector: ConnectorDefinition, settings: Readonly<Record<string, unknown>>): StreamDefinition[] {
  const asked = connector.streams.filter(({ askedBy }) => {
    const listed = askedBy === undefined ? undefined : settings[askedBy.setting];
    return !Array.isArray(listed) || listed.includes(askedBy?.value);
  });
  return asked.map((stream) => withAskedCollections(stream, settings));
}

function withAskedCollections(stream: StreamDefinition, settings: Readonly<Record<string, unknown>>): StreamDefinition {
  const { walk } = stream;
  if (walk.shape !== 'collections') return stream;
  const [first, ...others] = walk.collections;
  const asked = others.filter(({ setting }) => setting === undefined || settings[setting] === true);
  return asked.length === others.length ? stream : { ...stream, walk: { ...walk, collections: [first, ...asked] } };
}

/** The edges that a chain's or list's own objects carry and the settings ask for. */
export function activeEdges(stream: StreamDefinition, settings: Readonly<Record<string, unknown>>): EdgeDefinition[] {
  if (stream.walk.shape === 'collections') return [];
  return stream.walk.edges.filter((edge) => edge.setting === undefined || settings[edge.setting] === true);
}

/** The relations that a map's rows read, each with its source and the properties read of an element. Nothing else need be assembled. */
export function relationSources(
  connector: ConnectorDefinition,
  map: CompiledMap,
): { readonly name: string; readonly source: RelationSource; readonly properties: readonly string[] }[] {
  const found: { name: string; source: RelationSource; properties: readonly string[] }[] = [];
  for (const [name, sources] of Object.entries(connector.relations)) {
    for (const source of sources) {
      const reads = map.reads.relations.filter((read) => read.name === name && (read.type === null || read.type === source.type));
      const { as } = source;
      const of = (read: string): string[] => (as === undefined ? [read] : [as.properties[read] ?? []].flat());
      const properties = [...new Set(reads.flatMap((read) => read.properties).flatMap(of))].sort();
      if (reads.length > 0) found.push({ name, source, properties });
    }
  }
  return found;
}

/** What a cursor and stored assets depend on: see `CursorBinding` and `StreamFacts`. */
export function streamHashes(
  connector: ConnectorDefinition,
  streamName: string,
  maps: readonly CompiledMap[],
  settings: Readonly<Record<string, unknown>>,
): { readonly selectHash: string; readonly mapHash: string } {
  const own = maps.filter((candidate) => candidate.map.connector === connector.name && candidate.map.stream === streamName);
  return {
    selectHash: hashOf(selectOf(connector, streamName, maps, settings).join(',')),
    mapHash: hashOfMaps(streamNamed(connector, streamName), own),
  };
}

/**
 * Of what is made of the records of a stream by these maps: the map's own where there is one. Identity keys are made with the assets, and anew with them:
 * also where an earlier release, which makes none, has written meanwhile.
 */
export function hashOfMaps({ identity }: StreamDefinition, maps: readonly CompiledMap[]): string {
  const [only] = maps;
  const hash = maps.length > 1 ? hashOf(maps.map(({ ownHash }) => ownHash).join(',')) : (only?.ownHash ?? '');
  return identity === undefined ? hash : hashOf(`${hash} keys ${keysVersion}`);
}

export interface EmptyRows {
  readonly map: string;
  /** The stream that nobody pulls. */
  readonly stream: string;
  /** The targets that stay empty. */
  readonly targets: readonly string[];
}

/** Rows of the active maps that stay empty because no active profile pulls the stream they read (decision 1). */
export function emptyRows(spec: ConnectionSpec): EmptyRows[] {
  const connector = connectorNamed(spec.connector);
  const active = spec.profiles.filter((profile) => profile.status === 'active');
  const pulled = new Set(active.flatMap((profile) => streamsOf(spec, profile)).map((stream) => stream.name));
  const maps = new Set(active.flatMap((profile) => activeStreams(spec, profile.name)).flatMap((stream) => stream.map ?? []));
  const empty: EmptyRows[] = [];
  for (const map of maps) {
    for (const { name, source } of relationSources(connector, map)) {
      if (pulled.has(source.stream)) continue;
      const rows = map.map.rows.filter(
        (row) =>
          row.off !== true &&
          pathsOf(row).some((path) => path.startsWith(`${name}.value[]`) || path.startsWith(`${name}[]`)) &&
          (row.type ?? source.type) === source.type,
      );
      empty.push({ map: map.map.name, stream: source.stream, targets: rows.map((row) => row.to) });
    }
  }
  return empty;
}

function profileNamed(spec: ConnectionSpec, name: string): ProfileSpec {
  const found = spec.profiles.find((profile) => profile.name === name);
  if (found === undefined) {
    throw new TidemarkError('CONFIG_INVALID', `Connection "${spec.name}" has no profile "${name}".`, {
      hint: `Its profiles: ${spec.profiles.map((profile) => profile.name).join(', ')}.`,
    });
  }
  return found;
}

/** What a profile names in the place of streams to have orders written: it pulls nothing. */
export const ordersStream = 'orders';

/** Whether the runs of a profile write orders. @throws CONFIG_INVALID */
export const isOfOrders = (spec: ConnectionSpec, profileName: string): boolean =>
  profileNamed(spec, profileName).streams?.includes(ordersStream) === true;

function streamsOf({ connector, settings }: ConnectionSpec, profile: ProfileSpec): StreamDefinition[] {
  const named = profile.streams;
  return askedStreams(connectorNamed(connector), settings).filter((stream) =>
    named === null ? !stream.optional : named.includes(stream.name),
  );
}

function mapOf({ customMaps }: ConnectionSpec, stream: StreamDefinition, profile: ProfileSpec): CompiledMap | null {
  const name = profile.maps[stream.name] ?? stream.map;
  return name === null ? null : mapNamed(customMaps, name);
}

/** The maps of some of its records. */
export const choicesOf = ({ maps = [] }: StreamDefinition): CompiledMap[] => maps.map(({ map }) => compiledMap(map));
