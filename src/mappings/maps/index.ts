// The built-in maps by name. They are read-only; one table per file.
import { TidemarkError } from '../../errors.ts';
import type { CompiledMap } from '../engine.ts';
import { compile } from '../engine.ts';
import type { TransformMap } from '../map.ts';
import { containerImages, containerInstances, functions, namedResources, virtualMachines } from './defenderAssets.ts';
import { compute, imageVulnerabilities, machineVulnerabilities, misconfigurations } from './defenderFindings.ts';
import { devices } from './devices.ts';
import { directoryUsers, userGroups } from './directorySync.ts';
import { groups } from './groups.ts';
import { roles } from './roles.ts';
import { users } from './users.ts';

export const builtInMaps: readonly TransformMap[] = [
  users,
  groups,
  roles,
  devices,
  directoryUsers,
  userGroups,
  virtualMachines,
  containerImages,
  containerInstances,
  functions,
  imageVulnerabilities,
  machineVulnerabilities,
  compute,
  misconfigurations,
  ...namedResources,
];

/** @throws CONFIG_INVALID when no built-in map has this name. */
export function builtInMap(name: string): TransformMap {
  const found = builtInMaps.find((map) => map.name === name);
  if (found === undefined) {
    throw new TidemarkError('CONFIG_INVALID', `There is no transform map "${name}".`, {
      hint: `Built-in maps: ${builtInMaps.map((map) => map.name).join(', ')}.`,
    });
  }
  return found;
}

const compiled = new Map<string, CompiledMap>();

/** The built-in map of this name, compiled once. @throws CONFIG_INVALID */
export function compiledMap(name: string): CompiledMap {
  const found = compiled.get(name) ?? compile(builtInMap(name));
  compiled.set(name, found);
  return found;
}
