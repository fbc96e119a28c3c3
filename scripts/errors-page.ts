// Writes docs/errors.md from the table of codes. test/docs.test.ts holds it fresh.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { exitOf } from '../src/cli/errors.ts';
import { codes, type ErrorCode, TidemarkError } from '../src/errors.ts';
import { table } from './table.ts';

const acts = { nobody: 'nobody', operator: 'the operator', developer: 'the developers' } as const;

const isCode = (name: string): name is ErrorCode => name in codes;

/** The page as text: one row a code, in the table's order, its columns aligned as the formatter wants them. */
export function errorsPage(): string {
  const rows = [
    ['code', 'tried again by itself', 'effect on the connection', 'who acts', 'exit code', 'hint'],
    ...Object.keys(codes)
      .filter(isCode)
      .map((code) => {
        const { retried, effect, acts: who, hint } = codes[code];
        return [`\`${code}\``, retried ? 'yes' : 'no', effect, acts[who], String(exitOf(new TidemarkError(code, ''))), hint];
      }),
  ];
  return `<!-- Written by "node scripts/errors-page.ts" from src/errors.ts. Do not edit. -->

# Errors

Every error has a code, a message that names the thing, and a hint that says what to do. Scripts should look at the code and the exit code, never at the message.
With \`--json\` an error is \`{"error":{"code","message","hint"}}\` on stderr.

${table(rows)}

The exit code is that of a verb which fails with this code itself. A run that ends failed, partial, cancelled or superseded ends \`tidemark run --wait\` with 4, whatever its code.
`;
}

if (import.meta.main) writeFileSync(path.join(import.meta.dirname, '..', 'docs', 'errors.md'), errorsPage());
