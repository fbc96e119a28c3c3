// A query that is not understood. What Microsoft does not know, and what this simulator does not, is refused alike: never guessed.
export class InvalidQuery extends Error {
  /** The word it stopped at, and where that is. */
  readonly word: string;
  readonly at: number;

  constructor(word: string, at: number) {
    super(`The query is invalid at '${word}'.`);
    this.word = word;
    this.at = at;
  }
}
