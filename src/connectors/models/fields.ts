// What the paths of a map may name: the fields of a stream's source model and of its relations, and the fields of a target model.
import type { ConnectorDefinition, EdgeDefinition, Given, RelationSource, StreamDefinition } from '../definition.ts';
import { streamNamed } from '../index.ts';
import type { DataType } from './model.ts';

type Fields = Readonly<Record<string, DataType>>;

/** Every path that a map of the stream may read: its records' own, and those of each relation. */
export function sourceFieldsOf(connector: ConnectorDefinition, stream: StreamDefinition): Fields {
  const related = Object.entries(connector.relations).flatMap(([name, sources]) =>
    sources.flatMap((source) =>
      Object.entries(elementFields(connector, source)).map(([field, type]): [string, DataType] => [
        `${name}${source.as === undefined ? '.value' : ''}[].${field}`,
        type,
      ]),
    ),
  );
  const given = Object.entries(stream.given ?? {}).map(([name, { from }]): [string, DataType] => [name, givenTypes[from]]);
  return { ...stream.model?.fields, ...Object.fromEntries([...related, ...given]) };
}

const givenTypes: Readonly<Record<Given['from'], DataType>> = { setting: 'object', lookup: 'string[]', count: 'number', event: 'string' };

/** An element of a relation is a record of its stream, or an edge: its own id and what is kept with it. */
function elementFields(connector: ConnectorDefinition, { stream: name, element, edge: kind, as }: RelationSource): Fields {
  const stream = streamNamed(connector, name);
  if (as !== undefined) {
    const properties = Object.entries(as.properties).map(([field, of]): [string, DataType] => [
      field,
      stream.model?.fields[of] ?? 'string',
    ]);
    return Object.fromEntries([...properties, ...Object.keys(as.lookups).map((field): [string, DataType] => [field, givenTypes.lookup])]);
  }
  if (element === 'record') return stream.model?.fields ?? {};
  const edge = edgesOf(stream).find((candidate) => candidate.kind === kind);
  return Object.fromEntries(['id', ...(edge?.properties ?? [])].map((property): [string, DataType] => [property, 'string']));
}

function edgesOf({ walk }: StreamDefinition): readonly EdgeDefinition[] {
  return walk.shape === 'collections' ? walk.collections.flatMap(({ edges }) => edges) : walk.edges;
}

/**
 * The data type at a path. null: within an object, of which the model says no more. undefined: there is no such field.
 * `[0]` and `[]` are an element of a list; `.*` is an object as a whole.
 */
export function typeAt(fields: Fields, path: string): DataType | null | undefined {
  const inner = /^asset_root ?\((.+)\)$/.exec(path)?.[1] ?? path;
  if (inner === '.*' || inner === '*') return 'object';
  const plain = inner.replaceAll(/\[\d+\]/g, '[]').replace(/\.\*$/, '');
  const own = Object.hasOwn(fields, plain) ? fields[plain] : undefined;
  if (own !== undefined) return own;
  const list = plain.endsWith('[]') && Object.hasOwn(fields, plain.slice(0, -2)) ? fields[plain.slice(0, -2)] : undefined;
  if (list !== undefined) return elementType(list);
  const any = plain.replace(/\.[^.]+$/, '.*');
  if (any !== plain && Object.hasOwn(fields, any)) return fields[any];
  const names = Object.keys(fields).filter((name) => fields[name] === 'object' || fields[name] === 'object[]');
  return names.some((name) => plain.startsWith(`${name}.`) || plain.startsWith(`${name}[].`)) ? null : undefined;
}

function elementType(type: DataType): DataType | undefined {
  if (type === 'string[]') return 'string';
  return type === 'object[]' ? 'object' : undefined;
}
