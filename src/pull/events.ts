// The events of a connection's documents (decision 37), after a run's removals and before its verdict. For connectors whose documents relations decide.
// MUST be called again until it is through; what a run left undone, the next one does.
import type { RelationSource } from '../connectors/definition.ts';
import { tableOf } from '../connectors/given.ts';
import { connectorNamed } from '../connectors/index.ts';
import { activeMaps, relationSources } from '../connectors/select.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { failpoint } from '../failpoint.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import type { CompiledMap } from '../mappings/engine.ts';
import { compiledMap } from '../mappings/maps/index.ts';
import type { JsonObject } from '../model.ts';
import type { Database } from '../store/database.ts';
import { type EventParts, writeEvents } from '../store/event.ts';
import { changesSince, chosenBy, type EventStream, makeAllDue, makeChangedDue, nextDue, readEventMark } from '../store/eventDue.ts';
import { pinChoice } from './choice.ts';

export interface EventRequest {
  readonly run: number;
  /** As the run pinned it. */
  readonly spec: ConnectionSpec;
  readonly profile: string;
  readonly alive: () => void;
}

/** @throws STALE_ATTEMPT when another run has been opened. */
export async function noteEvents(database: Database, request: EventRequest): Promise<void> {
  const noted = notedOf(request);
  if (noted === null) return;
  const { alive } = request;
  const { of, parts, tags } = noted;
  failpoint('events.begun');
  const { events, ...made } = parts;
  const madeOf = hashOf(
    canonical({ ...made, properties: [...made.properties], nested: of.nested, chosen: await chosenBy(database, of, tags) }),
  );
  const mark = await readEventMark(database, of.connection);
  const changes = mark === null || mark.madeOf !== madeOf ? 'many' : await changesSince(database, of, mark);
  if (mark === null || changes === 'many') await makeAllDue(database, of, madeOf, alive);
  else if (changes === 'some') await makeChangedDue(database, of, mark);
  failpoint('events.afterDue');
  for (let due = await nextDue(database, of.connection); due !== null; due = await nextDue(database, of.connection)) {
    await writeEvents(database, of, parts, due);
    failpoint('events.afterSlice');
    alive();
  }
}

interface Noted {
  readonly of: EventStream;
  readonly parts: EventParts;
  /** What tells the chosen records of the other end from others. */
  readonly tags: string;
}

/** null for a connector whose documents are there with their records. */
function notedOf({ run, spec, profile }: EventRequest): Noted | null {
  const connector = connectorNamed(spec.connector);
  const stream = connector.streams.find(({ presentBy }) => presentBy !== undefined);
  const relation = stream?.presentBy ?? '';
  const source = connector.relations[relation]?.[0];
  const from = connector.streams.find(({ name }) => name === source?.stream);
  if (stream === undefined || source === undefined || from === undefined) return null;
  const map = activeMaps(spec, profile).find((active) => active.map.stream === stream.name) ?? compiledMap(stream.map ?? '');
  const nested = source.nested !== undefined && spec.settings[source.nested] === true;
  const given = Object.values(stream.given ?? {}).map((one) => (one.from === 'setting' ? tableOf(spec.settings, one.setting) : null));
  return {
    of: { run, connection: spec.name, stream: stream.name, edge: source.edge, from: from.name, nested },
    parts: {
      properties: relationSources(connector, map).flatMap((read) => (read.source === source ? read.properties : [])),
      table: lookups(map, relation, source, spec),
      constant: hashOf(canonical({ map: map.hash, given })),
      events: Object.values(stream.given ?? {}).some((one) => one.from === 'event' && spec.settings[one.setting] === 'on'),
    },
    tags: pinChoice(from, spec)?.hash ?? '',
  };
}

/** What the map looks elements up in; empty where it reads no such name. */
function lookups(map: CompiledMap, relation: string, { as }: RelationSource, { settings }: ConnectionSpec): JsonObject {
  const read = map.reads.relations.filter(({ name }) => name === relation).flatMap(({ properties }) => properties);
  const [, setting] = Object.entries(as?.lookups ?? {}).find(([name]) => read.includes(name)) ?? [];
  return setting === undefined ? {} : tableOf(settings, setting);
}
