// Faults of a connection file in our own words. MUST NOT repeat a value: it may be a secret that stands where it should not.
import type { z } from 'zod';
import { knownKeys, unsupportedKeys } from './input.ts';
import { suggestion } from './suggest.ts';

/** Enough to correct a file by; each is looked for in its text. */
const mostFaults = 100;

const types = new Map<string, string>([
  ['array', 'a list'],
  ['object', 'a map of keys'],
  ['record', 'a map of keys'],
  ['int', 'a whole number'],
]);

/** A fault of the file: the path of the key (`profiles`, 0, `schedule`, `every`) and what is wrong there. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly reason: string;
  /** The key is at fault, not its value. */
  readonly onKey?: true;
}

/** What zod found, one fault for each key, the first hundred of them. `under` is where the checked value stands in the file, `known` what "did you mean" chooses from. */
export function faultsOfIssues(
  issues: readonly z.core.$ZodIssue[],
  under: Fault['path'] = [],
  known: ReadonlyMap<string, readonly string[]> = knownKeys,
): Fault[] {
  const faults = issues.slice(0, mostFaults).flatMap((issue): Fault[] => {
    const path = [...under, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
    if (issue.code !== 'unrecognized_keys') return [{ path, reason: wording(issue) }];
    const place = path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
    return issue.keys.slice(0, mostFaults).map((key) => {
      const later = unsupportedKeys.has(place === '' ? key : `${place}.${key}`);
      const reason = later ? 'is not supported by this version' : `is not a known key${suggestion(key, known.get(place) ?? [])}`;
      return { path: [...path, key], reason, onKey: true };
    });
  });
  return faults.slice(0, mostFaults);
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return issue.message.endsWith('received undefined') ? 'is required' : `must be ${types.get(issue.expected) ?? `a ${issue.expected}`}`;
  }
  return issue.message;
}
