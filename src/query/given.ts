// What a connection gives to documents when they are read, as a search finds it: from its settings, by counting, by the last event. It MUST find what
// `connectors/given.ts` gives.
import type { Given } from '../connectors/definition.ts';
import type { Parameters } from './match.ts';

/** SQL for the value (jsonb) that the record `r` is given; null where there is none. */
export function givenValue(given: Given, out: Parameters): string {
  switch (given.from) {
    case 'setting':
      return `nullif(${settingOf(given.setting, out)}, '{}')`;
    case 'lookup':
      return lookedUp(given.setting, 'r.id', `(select body ->> 'displayName' from record where num = r.num)`, out);
    case 'count':
      return counted(given, out);
    case 'event':
      return `(select to_jsonb(v.kind) from document_event v where v.num = r.num and ${settingOf(given.setting, out)} is distinct from '"off"')`;
  }
}

/** What the setting, a table, has by the id, else by the name. */
export function lookedUp(setting: string, id: string, name: string, out: Parameters): string {
  const table = settingOf(setting, out);
  return `coalesce(${table} -> ${id}, ${table} -> ${name})`;
}

const settingOf = (setting: string, out: Parameters): string =>
  `(select c.spec -> 'settings' -> ${out.add(setting)}::text from connection c where c.name = r.connection)`;

/** Whether the boolean setting of the record's connection is on. */
export const isOn = (setting: string, out: Parameters): string => `coalesce(${settingOf(setting, out)} = 'true', false)`;

/** One probe of an index for each edge and its other end, as store/nested.ts counts them for a document. What is gone has none. */
function counted({ edge, stream, of, nested }: Extract<Given, { from: 'count' }>, out: Parameters): string {
  const [kind, ofStream, counts] = [edge, stream, of].map((name) => out.add(name));
  const ends = (id: string): string =>
    `(select to_id from edge where from_id = ${id} and kind = ${kind} and connection = r.connection and stream = ${ofStream} offset 0)`;
  const lives = (id: string, at = ''): string =>
    `(select from record where connection = r.connection and stream = ${at} and id = ${id} and tombstoned_at is null offset 0)`;
  return `to_jsonb((with recursive below (to_id) as (
      select to_id from ${ends('r.id')} e
      union select n.to_id from below b cross join lateral ${lives('b.to_id', ofStream)} l cross join lateral ${ends('b.to_id')} n where ${isOn(nested, out)}
    ) select count(*) from below b cross join lateral ${lives('b.to_id', counts)} l where r.tombstoned_at is null))`;
}
