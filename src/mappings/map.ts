// The transform map as data: source path to target path, with functions. Pure types, shared by the engine and the built-in maps.
import type { AssetClass, Json } from '../model.ts';

export type MapFunction =
  /** The value itself, whatever the source holds. */
  | { readonly name: 'CONSTANT'; readonly value: Json }
  /** FUNCTION_PICKER of the documents: the table by the source value as text; `otherwise` when absent, null or not in the table. */
  | { readonly name: 'LOOKUP'; readonly table: Readonly<Record<string, Json>>; readonly otherwise: Json }
  /** Texts and what stands at paths, one after another. Where a path has no value there is none at all. */
  | { readonly name: 'CONCAT'; readonly parts: readonly (string | { readonly from: string })[] }
  /** In lower or upper case by Unicode's table, the same in every place of the world. */
  | { readonly name: 'LOWER' | 'UPPER' }
  /** Conversions to the data type of that name. */
  | { readonly name: 'STRING' | 'NUMBER' | 'BOOLEAN' }
  /** To ISO-8601 in UTC: from ISO-8601 (UTC where it names no zone), or with a unit from the time since 1970. */
  | { readonly name: 'DATE'; readonly unit?: 'seconds' | 'milliseconds' | undefined }
  /** The first match of a pattern of the RE2 syntax, as `result` puts it: `$0` is the match, `$1` a group, `$$` a dollar. No match, no value. */
  | { readonly name: 'REGEX'; readonly pattern: string; readonly result: string };

export interface MapRow {
  /**
   * Source path: `id`, `a.b`, `memberOf.value[].id`, `list[0].x`, `.*` for the whole object. null only with CONSTANT and CONCAT.
   * The first segment of a relation path (`memberOf.value[]…`) is a relation of the connector.
   */
  readonly from: string | null;
  /** Read instead where `from` is absent or null: of several the first that has a value. */
  readonly orFrom?: string | readonly string[];
  /** Target path: `asset.assetDetail.name`, `asset.assetRelations[].assetDetail.name`. Ending in `[]` it is a list. */
  readonly to: string;
  readonly fn?: MapFunction;
  /** For relation rows: only elements of this `@odata.type`. */
  readonly type?: string;
  /** A record for which the target gets no value is refused. Rows that read the record itself only. */
  readonly required?: true;
  /** The row is not of the document but ours (decisions 33 to 35). */
  readonly ours?: true;
  /** Off until a cloned map turns it on. */
  readonly off?: true;
}

export interface TransformMap {
  /** `CONNECTOR/STREAM` for built-in maps. */
  readonly name: string;
  readonly connector: string;
  readonly stream: string;
  readonly class: AssetClass;
  /** Built-in maps: the product document whose table the rows follow, in its order. */
  readonly document?: string;
  readonly rows: readonly MapRow[];
}
