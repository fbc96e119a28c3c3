// How the answer of Test Connection reads: a table of the checks, then what is wrong and the fix.
import type { Check, ConnectionTest } from '../model.ts';
import type { Column, Output } from './output.ts';

const columns: readonly Column<Check>[] = [
  { title: 'check', value: ({ check }) => check },
  { title: 'outcome', value: ({ outcome }) => outcome },
  { title: 'ms', value: ({ ms }) => ms, align: 'right' },
  { title: 'contacted', value: ({ contacted }) => contacted },
];

const words: readonly Column<Check>[] = [
  { title: 'cause', value: ({ cause }) => cause },
  { title: 'fix', value: ({ fix }) => fix },
];

export async function printTest(output: Output, test: ConnectionTest): Promise<void> {
  await output.one(test, {
    text: async () => [await output.table(test.checks, columns), ...test.checks.flatMap(checkLines)].join('\n'),
    rows: test.checks,
    columns: [...columns, ...words],
  });
}

/** What a check says besides its outcome: cause and fix, and permissions beyond the least. */
export function checkLines({ check, cause, fix, excess = [] }: Check): string[] {
  return [
    ...(cause === null ? [] : [`${check}: ${cause}`]),
    ...(fix === null ? [] : [`  fix: ${fix}`]),
    ...(excess.length === 0 ? [] : [`${check}: more than the least is held: ${excess.join(', ')}`]),
  ];
}
