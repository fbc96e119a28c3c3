// A query as a search goes about it: its condition, and how to get to what meets it.
import { findingStreams } from '../connectors/index.ts';
import type { TransformMap } from '../mappings/map.ts';
import { builtInMaps } from '../mappings/maps/index.ts';
import { isFinding } from '../model.ts';
import { type CompiledQuery, conditionOf } from './compile.ts';
import type { Subject } from './fields.ts';
import { type Parameter, type Parameters, parameters } from './match.ts';
import { narrowed, readQuery } from './read.ts';
import { placesOf, unindexed, waysOf } from './ways.ts';

export interface CompiledSearch {
  readonly where: CompiledQuery;
  /** Over r.connection and r.stream: where assets that meet it can be. */
  readonly places: Sql;
  /** Selects of numbers by an index, each of them of all assets that can meet the query. Where there is none, assets are read one by one. */
  readonly ways: readonly Sql[];
  /** Why there is no way, a reason for each part of the query that would need one. */
  readonly unindexed: readonly string[];
}

interface Sql {
  readonly sql: string;
  readonly params: readonly Parameter[];
}

export interface SearchOptions {
  /** Only of this connection, of this class. */
  readonly within?: Readonly<Partial<Record<'connection' | 'class', string>>>;
  /** By which documents are made. @default the built-in ones */
  readonly maps?: readonly TransformMap[];
  /** What `now` means in the query. @default the moment of the call */
  readonly now?: Date;
  /** @default 'assets' */
  readonly subject?: Subject;
}

/** @throws CONFIG_INVALID with the position of what cannot be read. */
export function compileSearch(text: string, options: SearchOptions = {}): CompiledSearch {
  const { within = {}, maps: all = builtInMaps, now = new Date(), subject = 'assets' } = options;
  const maps = all.filter((map) => isFinding(map.class) === (subject === 'findings'));
  const query = narrowed(readQuery(text, maps, { subject }), within);
  const where = conditionOf(query, text, { now, subject });
  const places = built(placesFor(subject, query === null ? null : placesOf(query, maps)));
  if (query === null) return { where, places, ways: [], unindexed: [] };
  const ways = waysOf(query, now, subject).map(({ sql }) => built(sql));
  return { where, places, ways, unindexed: ways.length > 0 ? [] : unindexed(query, now, subject) };
}

/** Records that tell findings are in streams of their own. */
function placesFor(subject: Subject, places: ((out: Parameters) => string) | null): (out: Parameters) => string {
  return (out) => {
    const told = `r.stream = any(${out.add(findingStreams())}::text[])`;
    const own = subject === 'findings' ? told : `not ${told}`;
    return places === null ? own : `${own} and ${places(out)}`;
  };
}

function built(sql: (out: Parameters) => string): Sql {
  const out = parameters(0);
  return { sql: sql(out), params: out.values };
}
