// Stores transform maps, and has the connections that use a changed one map their stored records again.
import type { FoundMap } from '../connectors/connectionFile.ts';
import { readSpec } from '../connectors/spec.ts';
import { listConnections } from '../store/connection.ts';
import { putMap } from '../store/map.ts';
import type { Applied } from './applied.ts';
import type { Context } from './context.ts';
import { askForRun } from './entity.ts';
import { effectText, mapEffects, usersOfMap } from './maps.ts';

/**
 * Stores the maps. A profile whose stored records only have to be mapped again is asked for a run; one that has to read in full is left to its
 * schedule.
 */
export async function applyMaps(context: Context, maps: readonly FoundMap[]): Promise<Applied[]> {
  const database = await context.database();
  const client = await context.temporal();
  const { cursorMaxAgeMs } = (await context.config()).timings;
  const applied: Applied[] = [];
  for (const { file, map, definition } of maps) {
    applied.push({ name: map.name, change: await putMap(database, { name: map.name, definition }), file });
  }
  const changed = applied.filter(({ change }) => change === 'changed');
  const connections = await listConnections(database);
  const users = new Set(changed.flatMap(({ name }) => usersOfMap(connections, name)));
  for (const { name, spec } of connections.filter((connection) => users.has(connection.name))) {
    const effects = await mapEffects(database, readSpec(spec), cursorMaxAgeMs);
    for (const effect of effects) context.output.note(`${name}: ${effectText(effect)}.`);
    const profiles = new Set(effects.map(({ profile }) => profile));
    for (const profile of profiles) {
      if (effects.some((of) => of.profile === profile && of.effect === 'full')) continue;
      await askForRun(client, name, profile);
      context.output.note(`${name}: a run of profile ${profile} was asked for; it begins now, or when the connection is resumed.`);
    }
  }
  return applied;
}
