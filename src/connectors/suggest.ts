// "Did you mean": the nearest of the known words.

/** `, did you mean "streams"?` for a word at most two edits away (one for short words); else an empty text. */
export function suggestion(word: string, known: readonly string[]): string {
  const most = word.length <= 4 ? 1 : 2;
  let best: string | null = null;
  let least = most + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > most) continue;
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best === null ? '' : `, did you mean "${best}"?`;
}

/** Levenshtein's distance, with the swap of two neighbours as one edit. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    [before, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
