// The types of a connector: data that the one generic pull reads. A connector holds no control flow.
import type { z } from 'zod';
import type { FactsOf } from '../mappings/identity/records.ts';
import type { AssetClass, Json, JsonObject } from '../model.ts';
import type { SourceModel } from './models/model.ts';
import type { QueryDefinition } from './queryDefinition.ts';
import type { Repeat } from './schedule.ts';

export type EdgeKind = 'member' | 'owner' | 'roleMember' | 'appRoleAssignment';

/** Where an end or the key of an edge is read: a property of the object on the page, or of an element of its array. */
export type EdgeField = `object.${string}` | `element.${string}`;

/** How edges are read from a stream's objects. An edge is written only by the stream that declares it. */
export interface EdgeDefinition {
  readonly kind: EdgeKind;
  /** The array property of the object that holds the edges; its delta annotation is `NAME@delta`. null: each object is one edge. */
  readonly at: string | null;
  /** The container: group, role, resource. */
  readonly from: EdgeField;
  /** The principal that belongs to it. */
  readonly to: EdgeField;
  /** The relation's own id where it has one; two relations of the same ends are then two edges. */
  readonly key: EdgeField | null;
  /** What else of the element is kept with the edge. */
  readonly properties: readonly string[];
  /** The `@odata.type` that the relation's own collection leaves out, so that it cannot be asked whether such an element is in it. */
  readonly unlisted: string | null;
  /** Objects with this value show these edges only to an application that has the permission, which nothing else needs (decision 59). */
  readonly hidden?: { readonly property: string; readonly value: string; readonly permission: string };
  /** The boolean setting of the connection that asks for these edges; absent: always. */
  readonly setting?: string;
}

/** What else than its source a collection is read by (pull/readers.ts). */
export type Reader = 'images' | 'catalog' | 'resources';

/** One collection that is read to its end. */
export interface Collection {
  /** Unique within the stream: the phase of the steps that read it. */
  readonly phase: string;
  /** Relative to the API's base, e.g. `roleManagement/directory/roleDefinitions`; of a connector with queries, the name of one. */
  readonly path: string;
  /** What answers it instead of the source: images that findings name or catalogs list, read from their registries, or resources that only findings name. */
  readonly reader?: Reader;
  /** The boolean setting of the connection that asks for it; absent: always. MUST NOT be of the first collection of a stream. */
  readonly setting?: string;
  /** A pattern of LIKE that the ids of its records meet, or do not. Where such a collection answers nothing at all, it proves none of them gone. */
  readonly answersFor?: { readonly like: string; readonly not?: true };
  /** `$top`; null where the resource refuses it. */
  readonly top: number | null;
  readonly expand: string | null;
  /** Whether its objects are records of the stream (with `$select`), or only edges. */
  readonly yields: 'records' | 'edges';
  readonly edges: readonly EdgeDefinition[];
  /** An expanded array of `at` elements may be cut: the object's own collection (`{id}` in its path) is then read as well. */
  readonly overflow: { readonly property: string; readonly at: number; readonly collection: Collection } | null;
}

/**
 * How a full pull reads the stream (decision 2).
 * `chain`: a delta query's first round. `list`: the latest token, the list, the closing delta round. `collections`: one after another, no delta.
 */
type Walk =
  | {
      readonly shape: 'chain';
      readonly path: string;
      readonly edges: readonly EdgeDefinition[];
      /** The list of the same objects refuses `$top`: Test Connection does not ask for one of them. */
      readonly unpaged?: true;
    }
  | { readonly shape: 'list'; readonly path: string; readonly top: number; readonly edges: readonly EdgeDefinition[] }
  | { readonly shape: 'collections'; readonly collections: readonly [Collection, ...Collection[]] };

/** A map of the records that have this value at this path. */
export interface MapChoice {
  readonly when: { readonly path: string; readonly equals: Json };
  readonly map: string;
}

export interface StreamDefinition {
  readonly name: string;
  readonly title: string;
  /** Microsoft's page. */
  readonly docs: string;
  /** null: records are kept for their edges and not mapped to assets. A class of findings: each record is evidence of one. */
  readonly class: AssetClass | null;
  /** The built-in map used when the profile names none; null exactly when class is null. */
  readonly map: string | null;
  /** Maps of some of its records, in order: the first whose condition holds is taken before `map`. */
  readonly maps?: readonly MapChoice[];
  /** Streams that it is read after: what it reads is what they stored. */
  readonly after?: readonly string[];
  /** What may be selected of a record: what maps of the stream read, or what a setting lists; null where neither is there. */
  readonly model: SourceModel | null;
  /** Properties selected whatever the maps read. `id` is one of them. */
  readonly core: readonly string[];
  /** Properties that a document's map names and the source does not have: never selected, for it would refuse them. */
  readonly lacks: readonly string[];
  readonly walk: Walk;
  /** The setting that lists further properties: those that the model has are selected, and those whose names match `besides`. */
  readonly selectedBy?: { readonly setting: string; readonly besides: RegExp | null };
  /** The setting, a list, that has this value where the connection pulls the stream; absent: always. */
  readonly askedBy?: { readonly setting: string; readonly value: string };
  /** Left out, and said so, when the permission is missing and the profile did not name it. */
  readonly optional: boolean;
  /** Alternatives: any one suffices; the first is the least. */
  readonly permissions: readonly string[];
  /** By the name that its maps read. */
  readonly given?: Readonly<Record<string, Given>>;
  /** The setting that chooses which of its records are listed and count as relations; absent: all. */
  readonly chosenBy?: string;
  /** The relation without which a record has no document; its documents have events (decision 37). */
  readonly presentBy?: string;
  /** What its records show by which their assets are one with those of other connections (decision 57); absent: nothing. */
  readonly identity?: FactsOf;
}

/** Where the elements of a relation come from when a document is read: the edges of a kind, by their `to` end. */
export interface RelationSource {
  readonly edge: EdgeKind;
  /** The stream of the records at the `from` end. */
  readonly stream: string;
  /** `record`: an element is that record; `edge`: an element is the edge's key (as `id`) and properties. */
  readonly element: 'record' | 'edge';
  /** The `@odata.type` given to the element, by which rows of a map choose. */
  readonly type: string;
  /** How maps call the properties of the element's record, and those looked up for it in a setting; absent: as the record does. */
  readonly as?: { readonly properties: Readonly<Record<string, string>>; readonly lookups: Readonly<Record<string, string>> };
  /** The boolean setting by which an edge leads on to the edges of its `from` end. */
  readonly nested?: string;
}

/** How many live records there are at the `to` ends of a record's edges. */
export interface CountSource {
  readonly edge: EdgeKind;
  /** The stream that the edges are of. */
  readonly stream: string;
  /** The stream of the records that count. */
  readonly of: string;
  /** The boolean setting by which an edge leads on to the edges of its `to` end. */
  readonly nested: string;
}

/** What a connection gives to the maps of a stream when a document is read. */
export type Given =
  /** The setting as it is written; nothing where it is empty. */
  | { readonly from: 'setting'; readonly setting: string }
  /** What the setting, a table of lists, has for the record: by its id, else by its displayName. */
  | { readonly from: 'lookup'; readonly setting: string }
  | ({ readonly from: 'count' } & CountSource)
  /** The document's last event (decision 37), unless the setting is `off`. */
  | { readonly from: 'event'; readonly setting: string };

/** How a connector's streams become files (document 003). */
export interface ExportDefinition {
  /** By stream: how files call its records, and the `@odata.type` of them. In the order of the rows. */
  readonly entities: Readonly<Record<string, { readonly entity: string; readonly type: string }>>;
  /** By kind of edge, how files call it. */
  readonly relations: Readonly<Partial<Record<EdgeKind, string>>>;
  /** Files that are written even when they have no row: pairs of kind and stream. */
  readonly always: readonly { readonly kind: EdgeKind; readonly stream: string }[];
}

export interface ConnectorDefinition {
  readonly name: string;
  readonly title: string;
  readonly vendor: string;
  readonly product: string;
  readonly category: string;
  readonly version: string;
  readonly direction: string;
  /** What `source:` and `vendorProductName:` match in a search (decision 25). */
  readonly source: string;
  readonly assets: readonly string[];
  readonly findings: readonly string[];
  /** What its document says that it does not do. */
  readonly notSupported: readonly string[];
  readonly streams: readonly StreamDefinition[];
  /**
   * Resource Graph's queries by the paths of collections, as the settings ask for them, with findings of these of its `assets` only (null: of all);
   * absent: the source is Microsoft Graph.
   */
  readonly queries?: (
    settings: Readonly<Record<string, unknown>>,
    types: readonly string[] | null,
  ) => Readonly<Record<string, QueryDefinition>>;
  /** Relations a map may read, by their name in the source model: `memberOf`, `appRoleAssignments`. */
  readonly relations: Readonly<Record<string, readonly RelationSource[]>>;
  readonly settings: z.ZodType<JsonObject>;
  /** Settings that the connector's document knows and that have nothing to act on, each with the reason why it is refused (decision 40). */
  readonly refusedSettings?: Readonly<Record<string, string>>;
  /** What its complete runs write to files (design I13). */
  readonly exports?: ExportDefinition;
  /** Orders can be written to its source: a profile may be of `orders`. */
  readonly writes?: true;
  /** What a recurring schedule repeats by that names neither `every` nor `cron`; absent: one of them is required. */
  readonly defaultEvery?: Repeat;
}
