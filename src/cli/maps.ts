// Transform maps as the command line knows them: built-in and stored ones, who uses them, and what a changed one means for what is stored.
import type { FoundMap, Problem } from '../connectors/connectionFile.ts';
import { customMap, isCustomName } from '../connectors/customMap.ts';
import { mapName } from '../connectors/mapInput.ts';
import { type ConnectionSpec, readSpec } from '../connectors/spec.ts';
import { suggestion } from '../connectors/suggest.ts';
import { TidemarkError } from '../errors.ts';
import type { TransformMap } from '../mappings/map.ts';
import { builtInMaps } from '../mappings/maps/index.ts';
import { streamPins } from '../pull/target.ts';
import type { Connection } from '../store/connection.ts';
import { readStreamFacts } from '../store/cursor.ts';
import type { Database } from '../store/database.ts';
import { listMaps } from '../store/map.ts';
import { decide } from '../workflows/decide.ts';
import type { Context } from './context.ts';

/** Built-in maps are read-only, and so are their names. */
export function mapProblems(maps: readonly FoundMap[]): Problem[] {
  return maps
    .filter(({ map }) => !isCustomName(map.name))
    .map(({ file, line, map }) => ({
      file,
      line,
      column: 1,
      path: 'name',
      reason: `"${map.name}" is a name of built-in maps, which are read-only: give it a name of its own, without "/"`,
    }));
}

/** @throws CONFIG_INVALID when no map of one's own may have this name */
export function requireFreeName(name: string): void {
  if (mapName.safeParse(name).success && isCustomName(name)) return;
  throw new TidemarkError('CONFIG_INVALID', `"${name}" is no name for a map of your own.`, {
    hint: 'It begins with a letter and has letters, digits, "-" and "." only, at most 64.',
  });
}

/** @throws CONFIG_INVALID when there is none, or it cannot be used by this version. */
export async function mapOfName(context: Pick<Context, 'database'>, name: string): Promise<TransformMap> {
  const builtIn = builtInMaps.find((map) => map.name === name);
  if (builtIn !== undefined) return builtIn;
  // Of the users' own are only names without "/".
  const stored = isCustomName(name) ? await listMaps(await context.database()) : [];
  const found = stored.find((map) => map.name === name);
  if (found !== undefined) return customMap(found.definition, name);
  const names = [...builtInMaps, ...stored].map((map) => map.name);
  throw new TidemarkError('CONFIG_INVALID', `There is no transform map "${name}"${suggestion(name, names)}.`, {
    hint: '"tidemark maps list" shows those there are.',
  });
}

/** Names of the connections whose profiles name the map. */
export function usersOfMap(connections: readonly Connection[], name: string): string[] {
  return connections
    .filter(({ spec }) => readSpec(spec).profiles.some(({ maps }) => Object.values(maps).includes(name)))
    .map((one) => one.name);
}

/** What becomes of a stream's stored records in the next run of the profile. */
export interface MapEffect {
  readonly profile: string;
  readonly stream: string;
  /** `remap`: stored records are mapped again. `full`: the stream is read in full. */
  readonly effect: 'remap' | 'full';
  /** What makes it full, where it is known: the properties that were never selected. */
  readonly lacks: readonly string[];
}

/** By what is stored now, as the run itself will decide. Nothing where no record was pulled, or the map is the one they were mapped by. */
export async function mapEffects(database: Database, spec: ConnectionSpec, cursorMaxAgeMs: number): Promise<MapEffect[]> {
  const effects: MapEffect[] = [];
  for (const { name: profile } of spec.profiles.filter(({ status }) => status === 'active')) {
    const facts = await readStreamFacts(database, spec.name, streamPins(spec, profile, null));
    const now = new Date().toISOString();
    const { streams } = decide({ facts, trigger: 'manual', nominalAt: now, baseline: null, cursorMaxAgeMs });
    for (const { stream, mode, reason } of streams) {
      if (reason !== 'map changed') continue;
      const lacks = facts.find((one) => one.stream === stream)?.cursor?.lacks ?? [];
      effects.push({ profile, stream, effect: mode === 'full' ? 'full' : 'remap', lacks });
    }
  }
  return effects;
}

export function effectText({ profile, stream, effect, lacks }: MapEffect): string {
  if (effect === 'remap') return `the stored records of ${stream} are mapped again in the next run of profile ${profile}`;
  const why = lacks.length === 0 ? 'it reads what was never selected' : `never selected: ${lacks.join(', ')}`;
  return `${stream} is read in full by the next run of profile ${profile} (${why})`;
}
