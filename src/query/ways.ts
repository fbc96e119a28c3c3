// How a search may get to its assets without reading all of them: by indexes that lead to every asset which can meet the query, and by the places
// where such assets can be. Both MUST leave out nothing that meets it; what they let in too much, the query's condition sorts out.
import type { TransformMap } from '../mappings/map.ts';
import { ofSource } from './compile.ts';
import type { DocumentField, RelatedField, Subject } from './fields.ts';
import { isDense, type Rank, type Way, wayToFinding, wayToId, wayToPath, wayToRelated } from './indexed.ts';
import { matchesHere, matchText, matchTime, type Parameters } from './match.ts';
import { isAbsent, type ReadQuery, type Term } from './read.ts';

type Sql = (out: Parameters) => string;

const ranks: readonly Rank[] = ['exact', 'beginning', 'other'];

/** Any one of them suffices; the most promising first. */
export function waysOf(query: ReadQuery, now: Date, subject: Subject = 'assets'): Way[] {
  switch (query.kind) {
    case 'and': {
      const ways = query.parts.flatMap((part) => waysOf(part, now, subject));
      return ways.sort((one, other) => ranks.indexOf(one.rank) - ranks.indexOf(other.rank));
    }
    case 'or': {
      const ways = query.parts.map((part) => waysOf(part, now, subject)[0]);
      return joined(ways);
    }
    case 'not':
      return [];
    case 'term':
      return joined([wayOf(query, now, subject)]);
  }
}

/** One way over all of them, as good as the worst; none where one is missing. */
function joined(ways: readonly (Way | null | undefined)[]): Way[] {
  const found = ways.filter((way) => way !== null && way !== undefined);
  if (found.length === 0 || found.length < ways.length) return [];
  const [only] = found;
  if (found.length === 1 && only !== undefined) return [only];
  const rank = ranks.findLast((candidate) => found.some((way) => way.rank === candidate)) ?? 'other';
  return [{ rank, sql: (out) => found.map((way) => `(${way.sql(out)})`).join(' union all ') }];
}

function wayOf({ field, value }: Term, now: Date, subject: Subject): Way | null {
  if (subject === 'findings') return field?.kind === 'column' ? wayToFinding(field.column, value) : null;
  if (field?.kind === 'document') return isAbsent(value) ? null : (joined(waysToField(field, value))[0] ?? null);
  if (field?.kind !== 'column') return null;
  if (field.column === 'id') return wayToId(value);
  if (field.column !== 'lastChanged' || value.kind === 'any') return null;
  return { rank: 'other', sql: (out) => `select num from record where ${matchTime('last_changed', value, now, out) ?? 'false'}` };
}

function waysToField({ paths, related, given }: DocumentField, value: Term['value']): (Way | null)[] {
  if (given.length > 0) return [null];
  return [...paths.map((path) => wayToPath(path, value)), ...related.map((field) => wayThrough(field, value))];
}

/** From related records over their edges to those at the other ends. */
function wayThrough({ map, source, lookup, path }: RelatedField, value: Term['value']): Way | null {
  const found = source.element === 'record' && lookup === undefined ? wayToRelated(source.stream, path, value) : null;
  if (found === null) return null;
  return {
    rank: found.rank,
    sql: (out) => `select r.num from (${found.sql(out)}) f
      cross join lateral (
        select to_id from edge where from_id = f.id and kind = ${out.add(source.edge)} and stream = ${out.add(source.stream)}
          and connection = f.connection offset 0
      ) e
      cross join lateral (
        select num from record where connection = f.connection and stream = ${out.add(map.stream)} and id = e.to_id offset 0
      ) r`,
  };
}

/**
 * Over r.connection and r.stream; null: anywhere. A stream's documents have the class that its map says, and no field that none of its maps fills.
 */
export function placesOf(query: ReadQuery, maps: readonly TransformMap[], negated = false): Sql | null {
  switch (query.kind) {
    case 'not':
      return placesOf(query.part, maps, !negated);
    case 'and':
    case 'or': {
      const parts = query.parts.map((part) => placesOf(part, maps, negated));
      const known = parts.filter((part) => part !== null);
      const every = (query.kind === 'and') !== negated;
      if (known.length === 0 || (!every && known.length < parts.length)) return null;
      return (out) => `(${known.map((part) => part(out)).join(every ? ' and ' : ' or ')})`;
    }
    case 'term':
      return placesOfTerm(query, maps, negated);
  }
}

function placesOfTerm({ field, value }: Term, maps: readonly TransformMap[], negated: boolean): Sql | null {
  const not = negated ? 'not ' : '';
  if (field?.kind === 'source') return (out) => `${not}(${ofSource(value, out)})`;
  if (field?.kind === 'document') return negated || isAbsent(value) ? null : (out) => inStreams(field.streams, out);
  if (field?.kind !== 'column') return null;
  const { column } = field;
  if (column === 'connection' || column === 'stream') return (out) => `${not}(${matchText(`r.${column}`, value, out)})`;
  if (column !== 'class' || value.kind === 'range') return null;
  const fitting = new Set(maps.filter((map) => matchesHere(map.class, value) !== negated).map((map) => map.stream));
  return (out) => inStreams([...fitting], out);
}

const inStreams = (streams: readonly string[], out: Parameters): string => `r.stream = any(${out.add(streams)}::text[])`;

/** Why the query has no way: a reason for each part of it that would need one. */
export function unindexed(query: ReadQuery, now: Date, subject: Subject = 'assets'): string[] {
  return [...new Set(reasons(query, now, subject))];
}

function reasons(query: ReadQuery, now: Date, subject: Subject, negated = false): string[] {
  if (query.kind === 'not') return reasons(query.part, now, subject, !negated);
  if (query.kind !== 'term') return query.parts.flatMap((part) => reasons(part, now, subject, negated));
  const { name, field, value } = query;
  if (name === null) return value.kind === 'any' ? [] : ['Text without a field is not indexed'];
  if (isPlace(query)) return [];
  const indexed = { kind: 'text', text: 'x', like: null, quoted: true } as const;
  if (wayOf({ ...query, value: indexed }, now, subject) === null) return [`Field "${name}" is not indexed`];
  if (negated) return [`What "not" leaves out is not indexed`];
  if (wayOf(query, now, subject) !== null || (field?.kind === 'document' && field.paths.every((path) => isDense(path, value)))) return [];
  return [`Field "${name}" is indexed for values and for what they begin with (x*), not for this`];
}

/** Whether it says where assets are, more than what they are. */
const isPlace = ({ field }: Term): boolean =>
  field?.kind === 'source' || (field?.kind === 'column' && ['class', 'connection', 'stream'].includes(field.column));
