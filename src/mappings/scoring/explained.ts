// A number with the parts that it is made of, so that it can be told why it is what it is.
export interface Part {
  readonly what: string;
  readonly value: string | number;
  /** Who says so: the source, a list, a tag, or the configuration. */
  readonly source: string;
  /** How much of the number it makes; 0 where it only chooses how the number is made. */
  readonly contribution: number;
}

export interface Explained {
  readonly value: number;
  readonly parts: readonly Part[];
}
