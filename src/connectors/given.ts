// What a map reads when a document is read, from what the store found and the connection's settings say: elements of relations, and given values. Pure.
import { isObject } from '../mappings/read.ts';
import type { Json, JsonObject } from '../model.ts';
import type { ConnectorDefinition, Given, RelationSource, StreamDefinition } from './definition.ts';

type Settings = Readonly<Record<string, unknown>>;

/** What the store found of a document besides its record. */
export interface FoundBesides {
  /** By relation, as the related records or edges say it. */
  readonly relations: Readonly<Record<string, readonly JsonObject[]>>;
  readonly counts: Readonly<Record<string, number>>;
  /** The kind of its last event; null where its class has none. */
  readonly event: string | null;
}

/** The second argument of `relate`. `own`: the `id` and `displayName` of the document's record. */
export function sourceOnRead(
  {
    connector,
    stream,
    settings,
  }: { readonly connector: ConnectorDefinition; readonly stream: StreamDefinition; readonly settings: Settings },
  own: JsonObject,
  found: FoundBesides,
): Record<string, Json> {
  // What is given is given also where there is none: a user that left its last group has an empty list.
  const none = Object.entries(connector.relations).filter(([, sources]) => sources.some(({ as }) => as !== undefined));
  const source: Record<string, Json> = {
    ...Object.fromEntries(none.map(([name]) => [name, []])),
    ...relatedOnRead({ connector, settings }, found.relations),
  };
  for (const [name, given] of Object.entries(stream.given ?? {})) {
    const value = valueGiven(name, given, settings, own, found);
    if (value !== null) source[name] = value;
  }
  return source;
}

/** The elements of these relations alone, as maps read them. */
export function relatedOnRead(
  { connector, settings }: { readonly connector: ConnectorDefinition; readonly settings: Settings },
  relations: FoundBesides['relations'],
): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(relations).map(([name, elements]): [string, Json] => [
      name,
      elements.map((element) => calledAs(element, connector.relations[name] ?? [], settings)),
    ]),
  );
}

function calledAs(element: JsonObject, sources: readonly RelationSource[], settings: Settings): JsonObject {
  const as = sources.find(({ type }) => type === element['@odata.type'])?.as;
  if (as === undefined) return element;
  const properties = Object.entries(as.properties).map(([name, property]): [string, Json] => [name, element[property] ?? null]);
  const lookups = Object.entries(as.lookups).map(([name, setting]): [string, Json] => [
    name,
    lookedUp(tableOf(settings, setting), element),
  ]);
  return { '@odata.type': element['@odata.type'] ?? null, ...Object.fromEntries([...properties, ...lookups]) };
}

function valueGiven(name: string, given: Given, settings: Settings, own: JsonObject, { counts, event }: FoundBesides): Json {
  switch (given.from) {
    case 'setting': {
      const value = tableOf(settings, given.setting);
      return Object.keys(value).length > 0 ? value : null;
    }
    case 'lookup':
      return lookedUp(tableOf(settings, given.setting), own);
    case 'count':
      return counts[name] ?? 0;
    case 'event':
      return settings[given.setting] === 'off' ? null : event;
  }
}

/** The entry of the record's id, else of its displayName, as they are written; an empty list where there is none. */
function lookedUp(table: JsonObject, { id, displayName }: JsonObject): Json {
  const key = [id, displayName].find((name) => typeof name === 'string' && Object.hasOwn(table, name));
  return (typeof key === 'string' ? table[key] : undefined) ?? [];
}

/** The setting, an object; empty where it is not there. */
export function tableOf(settings: Settings, setting: string): JsonObject {
  const value = settings[setting];
  return isObject(value) ? value : {};
}
