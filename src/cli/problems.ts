// What is wrong with files that were to be applied: all of it at once, and nothing was changed.
import { TidemarkError } from '../errors.ts';

const shownAtMost = 20;

/** @throws CONFIG_INVALID with the problems, when there are any. */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new TidemarkError('CONFIG_INVALID', listed('Nothing was changed.', problems), {
    hint: 'Correct the lines named here and apply again; docs/connections.md lists every key.',
  });
}

/** What came of it, and below it the problems: as many as somebody reads, and how many more there are. */
export function listed(outcome: string, problems: readonly string[]): string {
  const more = problems.length > shownAtMost ? [`and ${problems.length - shownAtMost} more`] : [];
  return [outcome, ...problems.slice(0, shownAtMost), ...more].join('\n  ');
}

/** For verbs that take one kind of document. @throws CONFIG_INVALID naming the first of `others`. */
export function requireOnly(kind: 'tag' | 'map', others: readonly { readonly file: string; readonly line: number }[]): void {
  const [other] = others;
  if (other === undefined) return;
  throw new TidemarkError('CONFIG_INVALID', `${other.file}:${other.line} is no ${kind}. Nothing was changed.`, {
    hint: `Use "tidemark apply -f FILE", which takes all kinds; a ${kind} has kind: ${kind}.`,
  });
}
