// How the verbs that keep connections, maps and tags tell what was applied or removed.
import type { Output } from './output.ts';

/** A document of a file, stored. */
export interface Applied {
  readonly name: string;
  readonly change: 'created' | 'changed' | 'unchanged' | 'refused';
  readonly file: string;
}

export function printApplied(output: Output, applied: readonly Applied[]): Promise<void> {
  return output.rows(applied, {
    columns: (['name', 'change', 'file'] as const).map((key) => ({ title: key, value: (row) => row[key] })),
  });
}

export function printRemoved(output: Output, kind: 'map' | 'tag', name: string): Promise<void> {
  const row = { name, removed: true };
  return output.one(row, {
    text: () => `${kind} "${name}" removed`,
    rows: [row],
    columns: [
      { title: 'name', value: (line) => line.name },
      { title: 'removed', value: (line) => line.removed },
    ],
  });
}
