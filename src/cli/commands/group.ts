// What a group of verbs is made with, and options that several share.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommonOptions, Work } from '../program.ts';

interface Of {
  readonly program: Command;
  /** A verb of the program, or of another one, with the options that all take. */
  readonly verb: (words: string, description: string, of?: Command, printed?: readonly string[]) => Command;
  readonly run: (options: CommonOptions, work: Work) => Promise<void>;
  /** Those that the help of `assets` names; they are not needed for anything else. */
  readonly classes: readonly string[];
}

/** Adds its verbs to the program. */
export type Group = (of: Of) => void;

export const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
};

export const limitOption = (what: string): Option => new Option('--limit <count>', `at most so many ${what}`).argParser(count).default(100);
