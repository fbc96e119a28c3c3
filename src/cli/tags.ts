// Tags as the command line checks them: their queries with their places, the connections that ask for them. Asks no server.
import type { FoundConnection, FoundMap, FoundTag, Problem } from '../connectors/connectionFile.ts';
import { customMap } from '../connectors/customMap.ts';
import { readSpec } from '../connectors/spec.ts';
import { asTidemarkError } from '../errors.ts';
import type { TransformMap } from '../mappings/map.ts';
import { builtInMaps } from '../mappings/maps/index.ts';
import { checkTagQuery, includedTags } from '../pull/include.ts';
import type { Connection } from '../store/connection.ts';
import type { StoredMap } from '../store/map.ts';

/** What is wrong with queries. The places are those of their keys in the file. `maps`: as checkTagQuery has it. */
export function tagProblems(tags: readonly FoundTag[], maps: readonly TransformMap[] | null): Problem[] {
  return tags.flatMap(({ file, tag, queryAt }): Problem[] => {
    try {
      checkTagQuery(tag.query, maps);
      return [];
    } catch (error) {
      return [{ file, ...queryAt, path: 'query', reason: asTidemarkError(error).message }];
    }
  });
}

/** All maps by which documents may be made: built-in ones, those that are stored, and these. */
export function mapsBeside(stored: readonly StoredMap[], found: readonly FoundMap[]): TransformMap[] {
  return [...builtInMaps, ...found.map(({ map }) => map), ...stored.map(({ name, definition }) => customMap(definition, name))];
}

/** Connections that ask for tags which neither are stored nor are in the files. */
export function includeProblems(connections: readonly FoundConnection[], known: readonly string[]): Problem[] {
  return connections.flatMap(({ file, line, spec }) =>
    includedTags(spec)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        file,
        line,
        column: 1,
        path: 'settings.includeTags',
        reason: `names the tag "${name}", which does not exist: apply it first, or in the same files`,
      })),
  );
}

/** By tag, the connections that include by it. */
export function usersOf(connections: readonly Connection[], tag: string): Connection[] {
  return connections.filter(({ spec }) => includedTags(readSpec(spec)).includes(tag));
}
