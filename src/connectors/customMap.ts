// The maps by which a connection's streams are mapped: built-in ones, and those of the users' own that are kept beside the connection.
import { TidemarkError } from '../errors.ts';
import { type CompiledMap, compile } from '../mappings/engine.ts';
import type { TransformMap } from '../mappings/map.ts';
import { compiledMap } from '../mappings/maps/index.ts';
import type { Json } from '../model.ts';
import { readMap } from './mapFile.ts';

/** By name, as their files give them. */
export type CustomMaps = Readonly<Record<string, Json>>;

/** Names with a "/" are kept for built-in maps: what is of the users' own today is not overtaken by a later release. */
export function isCustomName(name: string): boolean {
  return !name.includes('/');
}

/** By the very definition: a connection that is read anew has new ones. */
const compiled = new WeakMap<object, CompiledMap>();

/** Compiled once for each connection that is read. @throws CONFIG_INVALID when there is no such map, or it is not one any more. */
export function mapNamed(customMaps: CustomMaps, name: string): CompiledMap {
  const definition = Object.hasOwn(customMaps, name) ? customMaps[name] : undefined;
  if (typeof definition !== 'object' || definition === null) return compiledMap(name);
  const found = compiled.get(definition) ?? compile(customMap(definition, name));
  compiled.set(definition, found);
  return found;
}

/** What was applied by an earlier release is checked as a file is, for the models may have changed since. @throws CONFIG_INVALID */
export function customMap(definition: unknown, name: string): TransformMap {
  const read = readMap(definition);
  if ('map' in read) return read.map;
  const [fault] = read.faults;
  throw new TidemarkError(
    'CONFIG_INVALID',
    `The transform map "${name}" cannot be used: ${fault?.path.join('.') ?? ''} ${fault?.reason ?? ''}.`,
    {
      hint: 'Correct its file and apply it again.',
    },
  );
}
