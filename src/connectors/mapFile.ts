// A transform map from its document: every mistake with its path, against the data models of its stream, or the map.
import type { MapRow, TransformMap } from '../mappings/map.ts';
import { compile } from '../mappings/engine.ts';
import { parseSource, parseTarget } from '../mappings/path.ts';
import { asTidemarkError } from '../errors.ts';
import type { StreamDefinition } from './definition.ts';
import { functionOf } from './functionInput.ts';
import { connectors } from './index.ts';
import { type Fault, faultsOfIssues } from './issue.ts';
import { mapInput, type MapInput, mapKeys, readsOf, type RowInput } from './mapInput.ts';
import { sourceFieldsOf, typeAt } from './models/fields.ts';
import { targetModelOf, targetModels } from './models/index.ts';
import type { DataType } from './models/model.ts';
import { faultsOfTypes, type Given } from './rowTypes.ts';
import { suggestion } from './suggest.ts';

/** A document of `kind: map` as the map it is, or all that is wrong with it. Never throws. */
export function readMap(value: unknown): { readonly map: TransformMap } | { readonly faults: readonly Fault[] } {
  const parsed = mapInput.safeParse(value, { reportInput: false });
  if (!parsed.success) return { faults: faultsOfIssues(parsed.error.issues, [], mapKeys) };
  const input = parsed.data;
  const found = streamOf(input);
  if (!('stream' in found)) return { faults: [found] };
  const { connector, stream } = found;
  const of = stream.class;
  const faults: Fault[] = [];
  const target = targetModels.find(({ name }) => name === input.target);
  if (stream.model?.name !== input.source)
    faults.push({ path: ['source'], reason: `must be ${stream.model?.name ?? ''}, the model of this stream` });
  if (target === undefined) faults.push(unknown(['target'], 'target model', input.target, targetModels));
  else if (of !== null && target !== targetModelOf(of))
    faults.push({ path: ['target'], reason: `must be ${targetModelOf(of).name}, the model of this stream's documents` });
  const source = sourceFieldsOf(connector, stream);
  input.rows.forEach((row, index) => {
    faults.push(...faultsOfRow(row, { source, target: target?.fields ?? {}, lacks: stream.lacks }, ['rows', index]));
  });
  if (faults.length > 0 || of === null) return { faults };
  const map: TransformMap = {
    name: input.name,
    connector: input.connector,
    stream: input.stream,
    class: of,
    rows: input.rows.map(rowOf),
  };
  return faultOfRows(map) ?? { map };
}

/** The stream that the map is of; it has a model, or there is nothing to map. */
function streamOf({ connector: of, stream: name }: MapInput) {
  const connector = connectors.find((candidate) => candidate.name === of);
  if (connector === undefined) return unknown(['connector'], 'connector', of, connectors);
  const mapped = connector.streams.filter((stream) => stream.map !== null);
  const stream: StreamDefinition | undefined = mapped.find((candidate) => candidate.name === name);
  return stream === undefined ? unknown(['stream'], 'stream with a map', name, mapped) : { connector, stream };
}

function unknown(path: Fault['path'], what: string, given: string, known: readonly { readonly name: string }[]): Fault {
  const names = known.map(({ name }) => name);
  const nearest = suggestion(given, names);
  return { path, reason: `is no ${what}${nearest === '' ? `; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}` : nearest}` };
}

interface Models {
  readonly source: Readonly<Record<string, DataType>>;
  readonly target: Readonly<Record<string, DataType>>;
  /** Named by a document's map although the source does not have them. */
  readonly lacks: readonly string[];
}

function faultsOfRow(row: RowInput, { source, target, lacks }: Models, at: Fault['path']): Fault[] {
  const faults: Fault[] = [];
  const given: Given[] = [];
  for (const { text, at: place } of readsOf(row)) {
    const path = [...at, ...place];
    const why = whyUnread(() => parseSource(text));
    const type = lacks.includes(text) ? null : typeAt(source, text);
    if (why !== null) faults.push({ path, reason: why });
    else if (type === undefined) faults.push({ path, reason: `is no field of the source model${suggestion(text, Object.keys(source))}` });
    else if (text === row.from && row.type !== undefined && type !== null && row.type !== type)
      faults.push({ path: [...at, 'type'], reason: `must be ${type}, which is what the source model says of this field` });
    else given.push({ type, path });
  }
  const why = whyUnread(() => parseTarget(row.to));
  const held = typeAt(target, row.to);
  if (why !== null) faults.push({ path: [...at, 'to'], reason: why });
  else if (held === undefined)
    faults.push({ path: [...at, 'to'], reason: `is no field of the target model${suggestion(row.to, Object.keys(target))}` });
  else if (faults.length === 0 && held !== null) faults.push(...faultsOfTypes(row, given, held, at));
  return faults;
}

function whyUnread(parse: () => unknown): string | null {
  try {
    parse();
    return null;
  } catch (error) {
    return asTidemarkError(error).message.replace(/\.$/, '');
  }
}

function rowOf({ from, orFrom, of, to, function: fn, required, off }: RowInput): MapRow {
  return {
    from: from ?? null,
    ...(orFrom === undefined ? {} : { orFrom }),
    to,
    ...(fn === undefined ? {} : { fn: functionOf(fn) }),
    ...(of === undefined ? {} : { type: of }),
    ...(required === true ? { required } : {}),
    ...(off === true ? { off } : {}),
  };
}

/** What the rows are together. The row that spoils those before it is found by halves: a map may have a thousand. */
function faultOfRows(map: TransformMap): { readonly faults: readonly Fault[] } | null {
  const whole = whyUnread(() => compile(map));
  if (whole === null) return null;
  let [good, bad] = [0, map.rows.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (whyUnread(() => compile({ ...map, rows: map.rows.slice(0, middle) })) === null) good = middle;
    else bad = middle;
  }
  return { faults: [{ path: ['rows', bad - 1], reason: whole }] };
}
