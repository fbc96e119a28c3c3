// Compiles a query to a condition of SQL over `asset a join record r on r.num = a.num`. Only names of our own schema stand in the text;
// everything that comes from the query is a parameter.
import { connectors } from '../connectors/index.ts';
import type { TransformMap } from '../mappings/map.ts';
import { builtInMaps } from '../mappings/maps/index.ts';
import { queryFault } from './fault.ts';
import type { Column, DocumentField, GivenField, RelatedField, Subject } from './fields.ts';
import { givenValue, isOn, lookedUp } from './given.ts';
import type { Parameter, Parameters } from './match.ts';
import { isRelative, matchesHere, matchJson, matchText, matchTime, parameters } from './match.ts';
import { escapeLike, type Value } from './tree.ts';
import { isAbsent, type ReadQuery, readQuery, type Term, type Unknown } from './read.ts';

export interface CompiledQuery {
  /** A boolean expression, never null; `true` for an empty query. */
  readonly sql: string;
  readonly params: readonly Parameter[];
  /** The columns that it asks for. One that names `state` says itself which states it wants; otherwise live ones are meant. */
  readonly columns: ReadonlySet<Column>;
  /** Whether what it finds depends on the time of asking (`now-7d`). */
  readonly relative: boolean;
}

export interface CompileOptions {
  /** What `now` means in the query. @default the moment of the call */
  readonly now?: Date;
  /** How many parameters the caller's statement has before these. @default 0 */
  readonly offset?: number;
  /** By which documents are made. @default the built-in ones */
  readonly maps?: readonly TransformMap[];
  /** @default 'refused' */
  readonly unknown?: Unknown;
  /** @default 'assets' */
  readonly subject?: Subject;
}

/** Of findings numbers are compared as such. */
const numbers: ReadonlySet<Column> = new Set(['severity', 'qds', 'reopened']);
const times: ReadonlySet<Column> = new Set(['firstSeen', 'lastChanged', 'lastSeen']);

const findingSql: Readonly<Partial<Record<Column, string>>> = { id: 'f.key', firstSeen: 'f.first_seen' };

const columnSql: Readonly<Record<Column, string>> = {
  class: 'a.class',
  connection: 'r.connection',
  stream: 'r.stream',
  id: 'r.id',
  state: `(case when r.tombstoned_at is null and not exists (select from document_event where num = r.num and kind = 'DELETED') then 'live' else 'tombstoned' end)`,
  firstSeen: 'r.first_seen',
  lastChanged: 'r.last_changed',
  pendingRemoval: `(case when exists (select 1 from held_removal h where h.connection = r.connection and h.stream = r.stream and h.kind = 'record'
    and h.num = r.num and not h.rejected) then 'true' else 'false' end)`,
  stale: `(case when a.stale_since is null then 'false' else 'true' end)`,
  status: 'f.status',
  severity: 'f.severity',
  qds: 'f.qds',
  cve: 'f.cve',
  asset: 'f.asset_id',
  assetClass: 'f.asset_class',
  // One that is not fixed was seen by every run since; which was the last is not kept with it.
  lastSeen: 'coalesce(f.last_seen, now())',
  reopened: 'f.reopened',
};

/** @throws CONFIG_INVALID with the position of what cannot be read, in the message, the details and a caret in the hint. */
export function compileQuery(text: string, options: CompileOptions = {}): CompiledQuery {
  return conditionOf(readQuery(text, options.maps ?? builtInMaps, { unknown: options.unknown }), text, options);
}

/** The condition of a query that was read from this text. @throws CONFIG_INVALID where a field does not take the value. */
export function conditionOf(query: ReadQuery | null, text: string, options: CompileOptions): CompiledQuery {
  const out = parameters(options.offset ?? 0);
  const { subject = 'assets', now = new Date() } = options;
  const compiler: Compiler = { text, subject, now, out, columns: new Set(), relative: false };
  const sql = query === null ? 'true' : compile(query, compiler);
  const { columns, relative } = compiler;
  return { sql, params: out.values, columns, relative };
}

interface Compiler {
  readonly text: string;
  readonly subject: Subject;
  readonly now: Date;
  readonly out: Parameters;
  readonly columns: Set<Column>;
  relative: boolean;
}

function compile(query: ReadQuery, compiler: Compiler): string {
  switch (query.kind) {
    case 'and':
    case 'or':
      return `(${query.parts.map((part) => compile(part, compiler)).join(` ${query.kind} `)})`;
    case 'not':
      return `not ${compile(query.part, compiler)}`;
    case 'term':
      return `(${term(query, compiler)})`;
  }
}

function term({ field, value, position }: Term, compiler: Compiler): string {
  compiler.relative ||= isRelative(value);
  switch (field?.kind) {
    case undefined:
      return anywhere(value, position, compiler);
    case 'source':
      if (value.kind === 'range') throw queryFault(compiler.text, position, 'has a range where a name belongs');
      return ofSource(value, compiler.out);
    case 'column':
      return ofColumn(field.column, value, position, compiler);
    case 'document':
      return isAbsent(value) ? `not (${ofDocument(field, { kind: 'any' }, compiler)})` : ofDocument(field, value, compiler);
  }
}

/** Text without a field: somewhere in a string of the document; with wildcards the whole string must fit. */
function anywhere(value: Value, position: number, compiler: Compiler): string {
  if (value.kind === 'any') return 'true';
  if (value.kind === 'range') throw queryFault(compiler.text, position, 'needs a field before a range');
  const pattern = compiler.out.add(value.like ?? `%${escapeLike(value.text)}%`);
  return `exists (select 1 from jsonb_path_query(a.document, 'lax $.** ? (@.type() == "string")') as v where lower(v #>> '{}') like lower(${pattern}))`;
}

function ofColumn(column: Column, value: Value, position: number, compiler: Compiler): string {
  const expression = (compiler.subject === 'findings' ? findingSql[column] : undefined) ?? columnSql[column];
  compiler.columns.add(column);
  if (numbers.has(column))
    return `(select ${matchJson('v.n', value, compiler.now, compiler.out)} from (select to_jsonb(${expression}) as n) v)`;
  if (!times.has(column)) return `coalesce(${matchText(expression, value, compiler.out)}, false)`;
  const sql = matchTime(expression, value, compiler.now, compiler.out);
  if (sql === null) throw queryFault(compiler.text, position, `needs a time for ${column}, such as 2026-05-01 or now-7d`);
  return sql;
}

/** The connectors are few and known here: which of them match is decided now. */
export function ofSource(value: Value, out: Parameters): string {
  if (value.kind === 'any') return 'true';
  const names = connectors.filter(({ source }) => matchesHere(source, value) === true).map((connector) => connector.name);
  if (names.length === 0) return 'false';
  return `exists (select 1 from connection c where c.name = r.connection and c.spec ->> 'connector' = any(${out.add(names)}::text[]))`;
}

function ofDocument({ paths, related, given }: DocumentField, value: Value, compiler: Compiler): string {
  const stored = paths.map((path) => within('a.document', path, value, compiler));
  const through = grouped(related).map((field) => ofRelated(field, value, compiler));
  const besides = given.map((field) => ofGiven(field, value, compiler));
  return [...stored, ...through, ...besides].join(' or ') || 'false';
}

/** A value at the path; lists on the way and at its end match by any element. */
function within(document: string, path: readonly string[], value: Value, compiler: Compiler): string {
  const steps = path.map((name) => `.${JSON.stringify(name)}`).join('');
  const where = matchJson('v', value, compiler.now, compiler.out);
  return `exists (select 1 from jsonb_path_query(${document}, ${compiler.out.add(`lax $${steps}[*]`)}::jsonpath) as v where ${where})`;
}

/** The rows of a relation are mapped when a document is read, so they are searched where they come from: edges between two live records. */
function ofRelated({ map, source, lookup, path }: RelatedField, value: Value, compiler: Compiler): string {
  const { out } = compiler;
  const stream = out.add(source.stream);
  const kind = out.add(source.edge);
  const edgesTo = (id: string, columns: string): string =>
    `select ${columns} from edge where to_id = ${id} and connection = r.connection and kind = ${kind} and stream = ${stream} offset 0`;
  // One probe of an index for each edge and its other end (`offset 0` holds the planner to it): without statistics it would read whole streams.
  const conditions = [
    `a.class = ${out.add(map.class)} and r.stream = ${out.add(map.stream)} and r.tombstoned_at is null and exists (select 1 from`,
    `(${source.nested === undefined ? edgesTo('r.id', 'from_id, key, properties') : leading(source.nested, stream, edgesTo, out)}) e cross join lateral`,
    `(select num, id, body from record where connection = r.connection and stream = ${stream} and id = e.from_id and tombstoned_at is null offset 0) f`,
    `where not exists (select from asset where num = f.num and excluded) and`,
  ];
  const element =
    lookup !== undefined
      ? within(lookedUp(lookup, 'f.id', `(f.body ->> 'displayName')`, out), path, value, compiler)
      : source.element === 'record'
        ? within('f.body', path, value, compiler)
        : within("(jsonb_build_object('id', e.key) || coalesce(e.properties::jsonb, '{}'))", path, value, compiler);
  return `(${conditions.join(' ')} ${element}))`;
}

/** Edges that lead on where the connection's setting says so: all that is above, each end once. */
function leading(setting: string, stream: string, edgesTo: (id: string, columns: string) => string, out: Parameters): string {
  const lives = `select from record where connection = r.connection and stream = ${stream} and id = above.from_id and tombstoned_at is null offset 0`;
  return `with recursive above (from_id) as ((${edgesTo('r.id', 'from_id')}) union select n.from_id from above
    cross join lateral (${lives}) l cross join lateral (${edgesTo('above.from_id', 'from_id')}) n where ${isOn(setting, out)})
    select from_id, '' as key, null::json as properties from above`;
}

function ofGiven({ map, given, path }: GivenField, value: Value, compiler: Compiler): string {
  const { out } = compiler;
  const where = `a.class = ${out.add(map.class)} and r.stream = ${out.add(map.stream)}`;
  return `(${where} and ${within(givenValue(given, out), path, value, compiler)})`;
}

/** Several rows may read one property of one relation. */
function grouped(related: readonly RelatedField[]): RelatedField[] {
  const found = new Map<string, RelatedField>();
  for (const field of related) {
    found.set(`${field.map.name} ${field.source.edge} ${field.source.stream} ${field.lookup ?? ''} ${field.path.join('.')}`, field);
  }
  return [...found.values()];
}
