// A query of Azure Resource Graph as data. https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
import type { JsonObject } from '../model.ts';

/** A Resource Graph query whose rows become the objects of a stream. Text without values of users. */
export interface QueryDefinition {
  /** `Resources`, `SecurityResources`. */
  readonly table: string;
  /** KQL conditions, one `| where` each. */
  readonly where: readonly string[];
  /** `id` is among them; `name = expression` is a column of that name. */
  readonly project: readonly string[];
  /** Rows per page at most, up to 1,000; halved when an answer is too large. */
  readonly top: number;
  /** Asked after each page, for ids that its rows (or those of an earlier join) name. */
  readonly joins: readonly JoinDefinition[];
  /** The page's rows, and what was joined by name, as objects. MUST not throw for a bad row: it is set aside with its reason, never a value. */
  readonly objects: (rows: readonly JsonObject[], joined: Readonly<Record<string, readonly JsonObject[]>>) => QueryObjects;
}

export interface JoinDefinition {
  readonly name: string;
  readonly table: string;
  readonly where: readonly string[];
  readonly project: readonly string[];
  /** Ids in one request at most. */
  readonly atOnce: number;
  /** `rows`, or the name of an earlier join. */
  readonly of: string;
  readonly ids: (row: JsonObject) => readonly string[];
}

export interface QueryObjects {
  readonly objects: readonly JsonObject[];
  readonly rejects: readonly { readonly id: string; readonly reason: string }[];
}
