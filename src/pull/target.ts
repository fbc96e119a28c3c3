// What one stream of a run is, in this connection: its definition, selection, edges and map. Pure.
import { connectorNamed } from '../connectors/index.ts';
import { activeEdges, activeMaps, activeStreams, selectOf } from '../connectors/select.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { StreamTarget } from './page.ts';

/** The targets of every stream of a profile, in the connector's order. @throws CONFIG_INVALID when the pinned spec names what is not there. */
export function streamTargets(spec: ConnectionSpec, profile: string): StreamTarget[] {
  const connector = connectorNamed(spec.connector);
  const maps = activeMaps(spec, profile);
  return activeStreams(spec, profile).map(({ definition, map }) => ({
    connection: spec.name,
    definition,
    select: selectOf(connector, definition.name, maps, spec.settings),
    edges: activeEdges(definition, spec.settings),
    class: definition.class,
    map,
  }));
}
