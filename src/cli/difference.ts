// What differs between two connections, by path. Pure.
import type { Json } from '../model.ts';

export interface Difference {
  /** `profiles.0.schedule.every` */
  readonly path: string;
  /** undefined where there was nothing. */
  readonly from: Json | undefined;
  readonly to: Json | undefined;
}

/** In the order of the new value's keys, removed ones last. Objects and lists are compared by their parts. */
export function differences(from: Json | undefined, to: Json | undefined, path = ''): Difference[] {
  const [before, after] = [parts(from), parts(to)];
  if (before === null || after === null) return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path, from, to }];
  const keys = new Set([...after.keys(), ...before.keys()]);
  return [...keys].flatMap((key) => differences(before.get(key), after.get(key), path === '' ? key : `${path}.${key}`));
}

function parts(value: Json | undefined): Map<string, Json> | null {
  if (typeof value !== 'object' || value === null) return null;
  const entries: [string, Json][] = Array.isArray(value) ? value.map((part, index) => [String(index), part]) : Object.entries(value);
  return entries.length === 0 ? null : new Map(entries);
}

const longest = 60;

/** `~ title: "A" → "B"`, `+ …` and `- …` where one side has nothing. */
export function differenceText({ path, from, to }: Difference): string {
  const shown = (value: Json | undefined): string => {
    const text = JSON.stringify(value ?? null);
    return text.length > longest ? `${text.slice(0, longest)}…` : text;
  };
  if (from === undefined) return `+ ${path}: ${shown(to)}`;
  return to === undefined ? `- ${path}: ${shown(from)}` : `~ ${path}: ${shown(from)} → ${shown(to)}`;
}
