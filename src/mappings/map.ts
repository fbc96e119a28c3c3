// The transform map as data: source path to target path, with functions. Pure types, shared by the engine and the built-in maps.
import type { AssetClass, Json } from '../model.ts';

export type MapFunction =
  /** The value itself, whatever the source holds. */
  | { readonly name: 'CONSTANT'; readonly value: Json }
  /** FUNCTION_PICKER of the documents: the table by the source value as text; `otherwise` when absent, null or not in the table. */
  | { readonly name: 'LOOKUP'; readonly table: Readonly<Record<string, Json>>; readonly otherwise: Json };

export interface MapRow {
  /**
   * Source path: `id`, `a.b`, `memberOf.value[].id`, `list[0].x`, `.*` for the whole object. null only with CONSTANT.
   * The first segment of a relation path (`memberOf.value[]…`) is a relation of the connector.
   */
  readonly from: string | null;
  /** Read instead where `from` is absent or null. */
  readonly orFrom?: string;
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
