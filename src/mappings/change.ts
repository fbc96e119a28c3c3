// What changed between two documents, by path, within bounds: what is kept of a change must not grow with the document. Pure.
import type { DocumentChange, Json, JsonObject, PathChange } from '../model.ts';

const mostPaths = 50;
const longestText = 256;

/**
 * The paths whose values differ, in the order of their names. Objects are gone into and lists are taken whole, so that no path lies within another one.
 * Documents have no nulls of their own: null says that nothing is there.
 */
export function changesBetween(before: JsonObject, after: JsonObject): PathChange[] {
  const [was, is] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((path) => {
    const [from, to] = [was.get(path) ?? null, is.get(path) ?? null];
    return from === to || JSON.stringify(from) === JSON.stringify(to) ? [] : [bounded(path, from, to)];
  });
}

/** Two changes after each other as one: what came back to what it was did not change. Of no more than 50 paths. */
export function joined(earlier: DocumentChange | null, later: readonly PathChange[]): DocumentChange {
  const paths = new Map((earlier?.paths ?? []).map((change) => [change.path, change]));
  for (const change of later) {
    const known = paths.get(change.path);
    const cut = known?.cut === true || change.cut === true;
    const one = { ...change, before: (known ?? change).before, ...(cut ? { cut } : {}) };
    if (!cut && JSON.stringify(one.before) === JSON.stringify(one.after)) paths.delete(change.path);
    else paths.set(change.path, one);
  }
  const all = [...paths.values()];
  return { paths: all.slice(0, mostPaths), more: (earlier?.more ?? 0) + Math.max(all.length - mostPaths, 0) };
}

/** What is at each path: objects are gone into, lists are taken whole. */
export function leavesOf(document: JsonObject): Map<string, Json> {
  const leaves = new Map<string, Json>();
  const walk = (value: Json, path: string): void => {
    const isBranch = typeof value === 'object' && value !== null && !Array.isArray(value);
    const parts = isBranch ? Object.entries(value) : [];
    if (parts.length === 0 && path !== '') leaves.set(path, value);
    for (const [name, part] of parts) walk(part, path === '' ? name : `${path}.${name}`);
  };
  walk(document, '');
  return leaves;
}

function bounded(path: string, before: Json, after: Json): PathChange {
  const isLong = [path, textOf(before), textOf(after)].some((text) => text.length > longestText);
  return isLong ? { path: begin(path), before: shortened(before), after: shortened(after), cut: true } : { path, before, after };
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const shortened = (value: Json): Json => (textOf(value).length > longestText ? begin(textOf(value)) : value);

/** Without half a character at its end. */
const begin = (text: string): string => text.slice(0, longestText).replace(/[\uD800-\uDBFF]$/, '');
