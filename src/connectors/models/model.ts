// The types of the data models: what a stream's records have (source) and what documents may have (target). Validation and docs read them.

/** What a field holds; `[]` behind it: a list of these. Times are ISO-8601 text, as Graph sends them. */
export type DataType = 'string' | 'boolean' | 'number' | 'dateTime' | 'object' | 'string[]' | 'object[]';

export interface SourceModel {
  /** Microsoft's name of the type. */
  readonly name: string;
  readonly title: string;
  /** Microsoft's page. */
  readonly docs: string;
  /** Only what a list and a delta query give: what needs a request per object is no field of a stream. */
  readonly fields: Readonly<Record<string, DataType>>;
}

export interface TargetModel {
  readonly name: string;
  readonly title: string;
  /** By path: `asset.assetRelations[].assetHeader.name`. A name `*` is any name. */
  readonly fields: Readonly<Record<string, DataType>>;
}
