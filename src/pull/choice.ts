// The records of a stream that a setting chooses: what a run pins of it, and the condition that its pages are judged by. Pure.
import type { StreamDefinition } from '../connectors/definition.ts';
import { groupChoice } from '../connectors/entra-directory-sync/settings.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import type { IncludePin } from '../store/cursor.ts';
import { type Condition, conditionOffset } from '../store/include.ts';
import { texts } from '../store/params.ts';

/** null: all are. */
const choiceOf = ({ chosenBy }: StreamDefinition, { settings }: Pick<ConnectionSpec, 'settings'>) =>
  chosenBy === undefined ? null : groupChoice(settings[chosenBy]);

/** No queries: what is chosen stands in the settings that the run is pinned to. */
export function pinChoice(stream: StreamDefinition, spec: Pick<ConnectionSpec, 'settings'>): IncludePin | null {
  const choice = choiceOf(stream, spec);
  if (choice === null) return null;
  const { ids, names, prefixes } = choice;
  return { queries: [], hash: hashOf(canonical([[...ids].sort(), [...names].sort(), [...prefixes].sort()])) };
}

/** Met by what is chosen; null where all are. */
export function conditionOfChoice(stream: StreamDefinition, spec: Pick<ConnectionSpec, 'settings'>): Condition | null {
  const choice = choiceOf(stream, spec);
  if (choice === null) return null;
  const [ids, names, prefixes] = [1, 2, 3].map((place) => `$${conditionOffset + place}::text[]`);
  const name = `coalesce(r.body ->> 'displayName', '')`;
  return {
    sql: `(r.id = any (${ids}) or ${name} = any (${names}) or exists (select from unnest(${prefixes}) p where starts_with(${name}, p)))`,
    params: [texts(choice.ids), texts(choice.names), texts(choice.prefixes)],
  };
}
