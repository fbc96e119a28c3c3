// Transform maps from the text of a file, as `apply` and `preview` read them.
import { parseConnectionFiles, type Problem } from '../../src/connectors/connectionFile.ts';
import type { TransformMap } from '../../src/mappings/map.ts';

export function readMaps(text: string): { readonly maps: readonly TransformMap[]; readonly problems: readonly Problem[] } {
  const { maps, problems } = parseConnectionFiles([{ file: 'users.map.yaml', text }], { now: new Date(0) });
  return { maps: maps.map(({ map }) => map), problems };
}
