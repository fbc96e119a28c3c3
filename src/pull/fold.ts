// One page's objects to records, removals and edges, each id once, in order of arrival (design 3.4). Pure.
import type { EdgeDefinition, EdgeField } from '../connectors/definition.ts';
import { ordered } from '../mappings/canonical.ts';
import { isObject } from '../mappings/read.ts';
import type { Json, JsonObject } from '../model.ts';
import type { EdgeId, Reject } from '../store/page.ts';
import type { Phase } from './plan.ts';

/** What a page says of one record: its selected properties, null where the source cleared them. */
export interface FoldedRecord {
  readonly id: string;
  readonly properties: JsonObject;
  /** It was removed and came back within the page: nothing of what is stored survives. */
  readonly anew: boolean;
}

export interface FoldedEdge extends EdgeId {
  readonly properties: JsonObject | null;
}

export interface Folded {
  readonly records: ReadonlyMap<string, FoldedRecord>;
  /** Ids that the source says are gone. */
  readonly removed: ReadonlySet<string>;
  readonly edges: readonly FoldedEdge[];
  readonly removedEdges: readonly EdgeId[];
  /** Objects set aside: what is wrong and where, never a value. */
  readonly rejects: readonly Reject[];
}

// Looked up once: a global is searched for at every use.
const { hasOwn } = Object;

const idLimit = 1_024;
const depthLimit = 32;

/** Folds a page. Only the selected properties are kept; annotations and relation arrays become edges. */
export function fold(phase: Phase, select: readonly string[], objects: readonly JsonObject[]): Folded {
  const page = new Page();
  const relations = new Set(phase.edges.flatMap((edge) => (edge.at === null ? [] : [edge.at])));
  // In the order of the canonical text, so that nothing is sorted again record by record. Writing `__proto__` would reach a prototype.
  const kept = select.filter((property) => !relations.has(property) && property !== '__proto__').sort();
  for (const [index, object] of objects.entries()) {
    const id = object['id'];
    if (!isId(id)) {
      page.rejects.push({ id: `#${index}`, code: 'SOURCE_SHAPE_CHANGED', reason: 'The object has no usable "id".' });
    } else if (phase.objects !== 'whole' && object['@removed'] !== undefined) {
      page.remove(id);
    } else if (depthOf(object) > depthLimit) {
      page.rejects.push({ id, code: 'SOURCE_SHAPE_CHANGED', reason: `The object is nested deeper than ${depthLimit} levels.` });
    } else {
      if (phase.yields === 'records') page.put(id, pick(object, kept), phase.objects === 'whole');
      for (const edge of phase.edges) page.putEdges(edge, id, object);
    }
  }
  return page;
}

class Page implements Folded {
  readonly records = new Map<string, FoldedRecord>();
  readonly removed = new Set<string>();
  readonly rejects: Reject[] = [];
  readonly #edges = new Map<string, { readonly edge: FoldedEdge; readonly removed: boolean }>();

  get edges(): readonly FoldedEdge[] {
    return [...this.#edges.values()].flatMap(({ edge, removed }) => (removed ? [] : [edge]));
  }

  get removedEdges(): readonly EdgeId[] {
    return [...this.#edges.values()].flatMap(({ edge, removed }) => (removed ? [edge] : []));
  }

  remove(id: string): void {
    this.records.delete(id);
    this.removed.add(id);
  }

  put(id: string, properties: JsonObject, whole: boolean): void {
    const before = this.records.get(id);
    const anew = this.removed.delete(id) || (before?.anew ?? false);
    this.records.set(id, { id, properties: before === undefined || whole ? properties : { ...before.properties, ...properties }, anew });
  }

  putEdges(definition: EdgeDefinition, id: string, object: JsonObject): void {
    const elements = definition.at === null ? [object] : [...listAt(object, definition.at), ...listAt(object, `${definition.at}@delta`)];
    for (const [index, element] of elements.entries()) {
      const ends = isObject(element) ? endsOf(definition, object, element) : null;
      if (ends === null || !isObject(element)) {
        const where = definition.at === null ? 'The object' : `"${definition.at}[${index}]"`;
        // An id of its own: the object itself is kept, only this relation is set aside.
        this.rejects.push({
          id: `${id}/${definition.kind}/${index}`,
          code: 'SOURCE_SHAPE_CHANGED',
          reason: `${where} does not name both ends of a ${definition.kind}.`,
        });
        continue;
      }
      const kept = pick(element, definition.properties);
      const properties = definition.properties.length === 0 ? null : kept;
      const removed = definition.at !== null && element['@removed'] !== undefined;
      // Deleted first, so that the map's order is the order of the last sight.
      const name = `${ends.kind} ${ends.from} ${ends.to} ${ends.key}`;
      this.#edges.delete(name);
      this.#edges.set(name, { edge: { ...ends, properties }, removed });
    }
  }
}

function endsOf(definition: EdgeDefinition, object: JsonObject, element: JsonObject): EdgeId | null {
  const read = (field: EdgeField): Json | undefined => {
    const [of, property] = splitField(field);
    return (of === 'object' ? object : element)[property];
  };
  const from = read(definition.from);
  const to = read(definition.to);
  const key = definition.key === null ? '' : read(definition.key);
  if (!isId(from) || !isId(to) || typeof key !== 'string' || key.length > idLimit) return null;
  return { kind: definition.kind, from, to, key };
}

function splitField(field: EdgeField): ['object' | 'element', string] {
  return field.startsWith('object.') ? ['object', field.slice('object.'.length)] : ['element', field.slice('element.'.length)];
}

/** Own properties only, their values in order. The names come from the connector and its maps, never from data. */
function pick(object: JsonObject, properties: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const property of properties) {
    if (!hasOwn(object, property)) continue;
    const value = object[property];
    if (value !== undefined) picked[property] = typeof value === 'object' ? ordered(value) : value;
  }
  return picked;
}

function listAt(object: JsonObject, property: string): readonly Json[] {
  const value = hasOwn(object, property) ? object[property] : undefined;
  return Array.isArray(value) ? value : [];
}

const isId = (value: Json | undefined): value is string => typeof value === 'string' && value.length > 0 && value.length <= idLimit;

/** Levels of nesting, counted no further than one past the limit, so that a hostile object cannot exhaust the stack. */
function depthOf(value: Json, level = 0): number {
  if (typeof value !== 'object' || value === null || level > depthLimit) return level;
  let deepest = level;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    const depth = typeof inner === 'object' ? depthOf(inner, level + 1) : level + 1;
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}
