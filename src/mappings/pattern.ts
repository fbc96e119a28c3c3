// REGEX: patterns that people write, run by an engine whose time grows with the text and the pattern, and no faster. It MUST be the only one.
import { RE2JS, RE2JSException } from 're2js';
import { TidemarkError } from '../errors.ts';

const longestPattern = 200;
const longestResult = 100;
const longestText = 4_096;
/** Time is at most this times the text: one match of the worst pattern stays within some tens of milliseconds. */
const mostSteps = 500;
const mostWrittenOut = 50_000;

interface Pattern {
  /** Longer texts are not looked at. */
  fits(text: string): boolean;
  /** What the first match makes of `result`; undefined without a match, or where a group that it names took no part in it. */
  find(text: string): string | undefined;
}

/** @throws CONFIG_INVALID */
export function patternOf({ pattern, result }: { readonly pattern: string; readonly result: string }): Pattern {
  const compiled = compilePattern(pattern);
  const parts = resultOf(result, compiled.groupCount());
  return {
    fits: (text) => text.length <= longestText,
    find(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      let found = '';
      for (const part of parts) {
        const next = typeof part === 'string' ? part : matcher.group(part);
        if (next === null) return undefined;
        found += next;
      }
      return found;
    },
  };
}

function compilePattern(pattern: string): RE2JS {
  if (pattern.length > longestPattern) throw refused(`its pattern has more than ${longestPattern} characters`);
  const tooLarge = 'its pattern is too large: it repeats too much, too often';
  if (writtenOut(pattern) > mostWrittenOut) throw refused(tooLarge);
  let compiled;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw refused('its pattern is not of the RE2 syntax, which has neither lookaround nor backreferences');
  }
  if (compiled.programSize() > mostSteps) throw refused(tooLarge);
  return compiled;
}

/** No less than the characters of the pattern with its repetitions written out: merely to compile a hostile one takes long. */
function writtenOut(pattern: string): number {
  // Those of groups may stand one within the other; those of single characters cannot.
  let ofGroups = 1;
  let ofCharacters = 1;
  for (const [repetition, least = '', most = ''] of pattern.matchAll(/\)?\{(\d+),?(\d*)\}/g)) {
    const count = Math.max(Number(least), Number(most), 1);
    if (repetition.startsWith(')')) ofGroups *= count;
    else ofCharacters = Math.max(ofCharacters, count);
  }
  return pattern.length * ofGroups * ofCharacters;
}

/** Texts, and numbers of groups. */
function resultOf(result: string, groups: number): (string | number)[] {
  if (result.length > longestResult) throw refused(`its result has more than ${longestResult} characters`);
  return (result.match(/[^$]+|\$(\$|\d\d?)?/g) ?? []).map((part) => {
    if (!part.startsWith('$')) return part;
    if (part === '$$') return '$';
    if (part === '$') throw refused('in its result a dollar is written $$');
    const group = Number(part.slice(1));
    if (group > groups) throw refused(`its result names ${part}, and its pattern has ${groups} groups`);
    return group;
  });
}

function refused(why: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `REGEX cannot be used: ${why}.`, {
    hint: 'Patterns are written in the syntax of RE2; result puts the match together: $0 is all of it, $1 the first group, $$ a dollar.',
  });
}
