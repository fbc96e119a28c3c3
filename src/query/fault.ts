// A query that cannot be read, with the place where it went wrong.
import { TidemarkError } from '../errors.ts';

const windowSize = 60;

/** `reason` is the rest of a sentence, without its full stop. CONFIG_INVALID naming the position (counted from 1), with the part of the query around it and a caret below. */
export function queryFault(text: string, position: number, reason: string): TidemarkError {
  const from = Math.max(0, Math.min(position, text.length) - windowSize / 2);
  // Control characters would move the caret or the terminal.
  const shown = text.slice(from, from + windowSize).replaceAll(/\p{C}/gu, ' ');
  const caret = `${' '.repeat(Math.max(0, Math.min(position, text.length) - from))}^`;
  return new TidemarkError('CONFIG_INVALID', `At position ${position + 1} the query ${reason}${reason.endsWith('?') ? '' : '.'}`, {
    hint: `${shown}\n${caret}`,
    details: { position: position + 1 },
  });
}
