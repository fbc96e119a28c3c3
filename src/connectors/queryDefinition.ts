// A query of Azure Resource Graph as data: what it asks, what it joins, and what its rows become. The client of Resource Graph runs it.
import type { JsonObject } from '../model.ts';

/** A Resource Graph query whose rows become the objects of a stream. MUST hold no text that users wrote. */
export interface QueryDefinition {
  /** `Resources` or `SecurityResources`. */
  readonly table: string;
  /** KQL conditions, one `| where` each. */
  readonly where: readonly string[];
  /** Columns; `id` is among them, and `name = expression` is allowed. */
  readonly project: readonly string[];
  /** Rows per page at most, up to 1,000; halved when the answer is too large. */
  readonly top: number;
  /** Asked after each page, in this order, for ids that its rows or those of an earlier join name. */
  readonly joins: readonly JoinDefinition[];
  /** The page's rows, and what was joined by name, as objects. MUST not throw for a bad row: it is set aside with its reason, never a value. */
  readonly objects: (rows: readonly JsonObject[], joined: Joined) => QueryObjects;
}

/** The rows of each join by its name. */
export type Joined = Readonly<Record<string, readonly JsonObject[]>>;

export interface JoinDefinition {
  readonly name: string;
  readonly table: string;
  readonly where: readonly string[];
  readonly project: readonly string[];
  /** Most ids in one request. */
  readonly atOnce: number;
  /** `rows`, or the name of an earlier join. */
  readonly of: string;
  /** The ids that a row names; each is asked for once, whatever its case. */
  readonly ids: (row: JsonObject) => readonly string[];
}

export interface QueryObjects {
  readonly objects: readonly JsonObject[];
  readonly rejects: readonly { readonly id: string; readonly reason: string }[];
}
