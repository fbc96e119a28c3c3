// What one stream of a run is, in this connection: its definition, selection, edges and map. Pure.
import { apiOf } from '../connectors/api.ts';
import type { StreamDefinition } from '../connectors/definition.ts';
import { connectorNamed } from '../connectors/index.ts';
import { mapFor } from '../connectors/mapFor.ts';
import { activeEdges, activeMaps, activeStreams, choicesOf, hasDelta, hashOfMaps, selectOf, streamHashes } from '../connectors/select.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import { hashOf } from '../mappings/canonical.ts';
import { isFinding } from '../model.ts';
import type { IncludePin, StreamPin } from '../store/cursor.ts';
import { conditionOfChoice, pinChoice } from './choice.ts';
import { conditionOf } from './include.ts';
import type { RecordMap, StreamTarget } from './page.ts';
import { type KnownLists, noLists, scoringOf } from './score.ts';

/**
 * The targets of every stream of a profile, in the connector's order. `pins`: as the run pinned its streams.
 * @throws CONFIG_INVALID when the pinned spec names what is not there.
 */
export function streamTargets(
  spec: ConnectionSpec,
  profile: string,
  pins: readonly StreamPin[],
  lists: KnownLists = noLists,
): StreamTarget[] {
  const connector = connectorNamed(spec.connector);
  const maps = activeMaps(spec, profile);
  const types = spec.profiles.find(({ name }) => name === profile)?.assetTypes;
  return activeStreams(spec, profile).map(({ definition, map }) => {
    const scoring = isFinding(definition.class) ? scoringOf(spec.settings, lists) : null;
    const include = pins.find(({ stream }) => stream === definition.name)?.include ?? null;
    return {
      connection: spec.name,
      connector: connector.name,
      definition,
      select: selectOf(connector, definition.name, maps, spec.settings),
      edges: activeEdges(definition, spec.settings),
      ...(types === undefined || !isFinding(definition.class) ? {} : { types }),
      map: map === null ? null : recordMap(definition, map, scoring?.hash ?? ''),
      score: scoring?.score ?? null,
      include:
        include === null
          ? null
          : (conditionOfChoice(definition, spec) ??
            conditionOf(
              include,
              maps.map((one) => one.map),
            )),
      tags: include?.hash ?? '',
    };
  });
}

/** What `openRun` pins of every stream of a profile: what its cursor is bound to, the map its assets are made by, and what they must meet to be listed. */
export function streamPins(spec: ConnectionSpec, profile: string, include: IncludePin | null): StreamPin[] {
  const connector = connectorNamed(spec.connector);
  const maps = activeMaps(spec, profile);
  const { tenantId, clientId } = spec.credentials;
  const origin = apiOf(spec).base;
  const active = activeStreams(spec, profile);
  return active.map(({ definition, map }) => {
    const { selectHash, mapHash } = streamHashes(connector, definition.name, maps, spec.settings);
    const relations = activeEdges(definition, spec.settings).flatMap(({ at }) => at ?? []);
    const select = selectOf(connector, definition.name, maps, spec.settings);
    return {
      stream: definition.name,
      delta: hasDelta(definition),
      optional: definition.optional,
      binding: { tenantId, clientId, cloud: spec.cloud, origin, selectHash },
      selection: { properties: select.filter((property) => !relations.includes(property)), relations },
      mapHash,
      assets: map !== null && !isFinding(definition.class),
      ...orderOf(
        definition,
        active.map((one) => one.definition),
      ),
      include: map === null ? null : (pinChoice(definition, spec) ?? include),
      ...(definition.presentBy === undefined ? {} : { events: true }),
    };
  });
}

/** Streams that are read after the same others are read one after another: each of its own would cost the run's history more than they read. */
function orderOf({ name, after }: StreamDefinition, active: readonly StreamDefinition[]): Pick<StreamPin, 'after' | 'along'> {
  if (after === undefined) return {};
  const first = active.find((one) => one.after !== undefined && one.after.join() === after.join())?.name ?? name;
  return first === name ? { after } : { after, along: first };
}

/** The stream's map, or of some of its records another. `scored`: by what evidence is scored, so that another scoring writes it anew. */
function recordMap(definition: StreamDefinition, map: CompiledMap, scored: string): RecordMap {
  const others = choicesOf(definition);
  const hash = hashOfMaps(definition, [map, ...others]);
  return {
    hash: scored === '' ? hash : hashOf(`${hash} ${scored}`),
    of: (record) => {
      const name = others.length === 0 ? map.map.name : mapFor(definition, record);
      return others.find((other) => other.map.name === name) ?? map;
    },
  };
}
