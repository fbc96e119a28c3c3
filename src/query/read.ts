// A query whose fields are known: what the parser read, with the meaning of each name. Conditions and ways (compile.ts, ways.ts) are made from it.
import type { TransformMap } from '../mappings/map.ts';
import { queryFault } from './fault.ts';
import { type DocumentField, type Field, fieldNamed, type Subject } from './fields.ts';
import { parseQuery } from './parse.ts';
import type { Query, Value } from './tree.ts';

export interface Term {
  readonly kind: 'term';
  /** As it was written; null for text without a field. */
  readonly name: string | null;
  readonly field: Field | null;
  readonly value: Value;
  readonly position: number;
}

export type ReadQuery =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly ReadQuery[] }
  | { readonly kind: 'not'; readonly part: ReadQuery }
  | Term;

/** What a field means that no map fills: an error, or nothing that a document has. */
export type Unknown = 'refused' | 'absent';

/** null for an empty text. @throws CONFIG_INVALID with the position of what cannot be read, or of a field that no map fills. */
export function readQuery(
  text: string,
  maps: readonly TransformMap[],
  { unknown = 'refused', subject = 'assets' }: { readonly unknown?: Unknown | undefined; readonly subject?: Subject } = {},
): ReadQuery | null {
  const query = parseQuery(text);
  return query === null ? null : read(query, text, { maps, unknown, subject });
}

const absent: DocumentField = { kind: 'document', paths: [], related: [], given: [], streams: [] };

interface Reading {
  readonly maps: readonly TransformMap[];
  readonly unknown: Unknown;
  readonly subject: Subject;
}

function read(query: Query, text: string, by: Reading): ReadQuery {
  switch (query.kind) {
    case 'and':
    case 'or':
      return { kind: query.kind, parts: query.parts.map((part) => read(part, text, by)) };
    case 'not':
      return { kind: 'not', part: read(query.part, text, by) };
    case 'term': {
      const { field: named, value, position } = query;
      if (named === null || /^(inventory|finding)$/i.test(named.name)) return { kind: 'term', name: null, field: null, value, position };
      const field = fieldNamed(named.name, by.maps, by.subject);
      if (field.kind === 'unknown' && by.unknown === 'refused') throw queryFault(text, named.position, field.reason);
      return { kind: 'term', name: named.name, field: field.kind === 'unknown' ? absent : field, value, position };
    }
  }
}

/** The query, and these columns equal to these values. */
export function narrowed(query: ReadQuery | null, to: Readonly<Partial<Record<'connection' | 'class', string>>>): ReadQuery | null {
  const parts: ReadQuery[] = query === null ? [] : [query];
  for (const column of ['connection', 'class'] as const) {
    const text = to[column];
    if (text === undefined) continue;
    const value: Value = { kind: 'text', text, like: null, quoted: true };
    parts.push({ kind: 'term', name: column, field: { kind: 'column', column }, value, position: 0 });
  }
  const [only] = parts;
  return parts.length > 1 ? { kind: 'and', parts } : (only ?? null);
}

/** `field:null`: nothing is there. */
export function isAbsent(value: Value): boolean {
  return value.kind === 'text' && !value.quoted && value.text === 'null';
}
