// Which map a record of a stream is mapped by: several, where the records of one stream are of several kinds. Pure.
import { reader } from '../mappings/read.ts';
import { parseSource } from '../mappings/path.ts';
import type { JsonObject } from '../model.ts';
import type { MapChoice, StreamDefinition } from './definition.ts';

/** The name of the built-in map: of the first choice whose condition holds, else the stream's own. */
export function mapFor({ maps = [], map }: Pick<StreamDefinition, 'map' | 'maps'>, record: JsonObject): string | null {
  return maps.find(({ when }) => holds(when, record))?.map ?? map;
}

function holds({ path, equals }: MapChoice['when'], record: JsonObject): boolean {
  return reader(parseSource(path).segments, false)(record) === equals;
}
