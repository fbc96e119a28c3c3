// How held removals read: how many, and the commands that decide about exactly them.
import type { HeldSet } from '../model.ts';

/** No lines when nothing is held. */
export function heldLines(connection: string, { count, digest }: HeldSet): string[] {
  if (digest === null) return [];
  return [
    `${count} ${count === 1 ? 'removal is' : 'removals are'} held, digest ${digest}`,
    `  list them: tidemark removals ${connection}`,
    `  remove:    tidemark approve ${connection} --digest ${digest}`,
    `  keep:      tidemark reject ${connection} --digest ${digest}`,
  ];
}
