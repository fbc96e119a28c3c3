// A score with its parts, as people read it.
import type { Part } from '../mappings/scoring/explained.ts';
import type { Column } from './output.ts';

export const partColumns: readonly Column<Part>[] = [
  { title: 'part', value: ({ what }) => what },
  { title: 'value', value: ({ value }) => value },
  { title: 'said by', value: ({ source }) => source },
  { title: 'adds', value: ({ contribution }) => (contribution === 0 ? null : contribution.toFixed(1)), align: 'right' },
];

export const indented = (text: string): string => text.replaceAll(/^/gm, '  ');

/** Lines of a label and what it says. */
export function labelled(rows: readonly (readonly [label: string, value: string | number])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length)) + 1;
  return rows.map(([label, value]) => `  ${`${label}:`.padEnd(width)} ${value}`).join('\n');
}
