// The tags that a connection asks for, as a run pins them and as its pages are judged by them (decision 39). Pure.
import { TidemarkError } from '../errors.ts';
import { canonical, hashOf } from '../mappings/canonical.ts';
import type { TransformMap } from '../mappings/map.ts';
import { compileQuery } from '../query/compile.ts';
import type { ConnectionSpec } from '../connectors/spec.ts';
import type { Column } from '../query/fields.ts';
import type { IncludePin } from '../store/cursor.ts';
import { type Condition, conditionOffset } from '../store/include.ts';
import type { Tag } from '../store/tag.ts';

/** The names under `settings.includeTags`; none for a connector without that setting. */
export function includedTags({ settings }: Pick<ConnectionSpec, 'settings'>): string[] {
  const names = settings['includeTags'];
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : [];
}

/**
 * What a run pins: the queries of all tags asked for, and what tells them from others. Tags that speak of `now` are others each day.
 * @throws CONFIG_INVALID naming the tag that does not exist.
 */
export function pinTags(spec: Pick<ConnectionSpec, 'name' | 'settings'>, tags: readonly Tag[], now: Date): IncludePin | null {
  const names = includedTags(spec);
  if (names.length === 0) return null;
  const queries = names.map((name) => {
    const tag = tags.find((candidate) => candidate.name === name);
    if (tag !== undefined) return tag.query;
    throw new TidemarkError('CONFIG_INVALID', `Connection "${spec.name}" includes hosts by the tag "${name}", which does not exist.`, {
      hint: 'Apply the tag ("tidemark tags apply -f FILE"), or take it out of settings.includeTags.',
    });
  });
  const relative = queries.some((query) => compileQuery(query, { unknown: 'absent' }).relative);
  return { queries, hash: hashOf(canonical([...queries, relative ? now.toISOString().slice(0, 10) : ''])) };
}

/** Columns that change while the document stays as it is: nothing would judge them again. */
const unsteady: readonly Column[] = ['state', 'firstSeen', 'lastChanged', 'pendingRemoval', 'stale'];

/**
 * `maps`: all by which documents may be made; null: not known yet, and whether a field is there is not asked.
 * @throws CONFIG_INVALID for a query that cannot be read, or that asks for more than documents say.
 */
export function checkTagQuery(query: string, maps: readonly TransformMap[] | null): void {
  const { columns } = compileQuery(query, maps === null ? { unknown: 'absent' } : { maps });
  const asked = unsteady.find((column) => columns.has(column));
  if (asked === undefined) return;
  throw new TidemarkError('CONFIG_INVALID', `A tag cannot ask for "${asked}": it changes while the document stays as it is.`, {
    hint: 'Ask for fields of the document, for class, connection, source or id.',
  });
}

/** Met by what has all of the tags; true where none is asked for. A field that none of the maps fills is one that no document has. */
export function conditionOf(pin: IncludePin | null, maps: readonly TransformMap[]): Condition {
  const params: Condition['params'][number][] = [];
  const parts = (pin?.queries ?? []).map((query) => {
    const compiled = compileQuery(query, { offset: conditionOffset + params.length, maps, unknown: 'absent' });
    params.push(...compiled.params);
    return `(${compiled.sql})`;
  });
  return { sql: parts.length === 0 ? 'true' : parts.join(' and '), params };
}
