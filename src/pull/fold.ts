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
  const edges = phase.edges.map(readerOf);
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
      for (const edge of edges) page.putEdges(edge, id, object);
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

  putEdges({ definition, lists, endsOf }: EdgeReader, id: string, object: JsonObject): void {
    const elements = lists === null ? [object] : lists.flatMap((property) => listAt(object, property));
    for (const [index, element] of elements.entries()) {
      const ends = isObject(element) ? endsOf(object, element) : null;
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
      const properties = definition.properties.length === 0 ? null : pick(element, definition.properties);
      const removed = definition.at !== null && element['@removed'] !== undefined;
      const name = `${ends.from}\n${ends.to}\n${ends.kind}\n${ends.key}`;
      // Deleted first, so that the map's order is the order of the last sight.
      if (this.#edges.has(name)) this.#edges.delete(name);
      this.#edges.set(name, { edge: { ...ends, properties }, removed });
    }
  }
}

/** How edges of a definition are read, worked out once for a page. */
interface EdgeReader {
  readonly definition: EdgeDefinition;
  /** The properties whose elements are edges; null: each object is one. */
  readonly lists: readonly string[] | null;
  readonly endsOf: (object: JsonObject, element: JsonObject) => EdgeId | null;
}

function readerOf(definition: EdgeDefinition): EdgeReader {
  const { kind, at } = definition;
  const [fromOf, toOf, keyOf] = [
    fieldOf(definition.from),
    fieldOf(definition.to),
    definition.key === null ? null : fieldOf(definition.key),
  ];
  return {
    definition,
    lists: at === null ? null : [at, `${at}@delta`],
    endsOf(object, element) {
      const from = fromOf(object, element);
      const to = toOf(object, element);
      const key = keyOf === null ? '' : keyOf(object, element);
      return isId(from) && isId(to) && typeof key === 'string' && key.length <= idLimit ? { kind, from, to, key } : null;
    },
  };
}

function fieldOf(field: EdgeField): (object: JsonObject, element: JsonObject) => Json | undefined {
  if (!field.startsWith('object.')) {
    const property = field.slice('element.'.length);
    return (_, element) => element[property];
  }
  const property = field.slice('object.'.length);
  return (object) => object[property];
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
