// tidemark apply -f FILE|DIR: judges every file first; a bad one is refused before any server is asked, and nothing is changed.
import { parseConnectionFiles, problemInWords } from '../../connectors/connectionFile.ts';
import { readSpec } from '../../connectors/spec.ts';
import { TidemarkError } from '../../errors.ts';
import { listConnections } from '../../store/connection.ts';
import type { Context } from '../context.ts';
import { readCa, readFiles } from '../files.ts';

interface ApplyOptions {
  readonly file: readonly string[];
  readonly dryRun?: true;
}

export async function apply(context: Context, options: ApplyOptions): Promise<void> {
  const files = readFiles(options.file);
  // At the beginning of time nothing is in the past: what is wrong then is wrong whenever and whatever is stored.
  refuse(parseConnectionFiles(files, { now: new Date(0), readCa }).problems.map(problemInWords));
  const stored = await listConnections(await context.database());
  const { connections, problems } = parseConnectionFiles(files, {
    now: new Date(),
    readCa,
    previous: (name) => {
      const found = stored.find((connection) => connection.name.toLowerCase() === name.toLowerCase());
      return found === undefined ? null : readSpec(found.spec);
    },
  });
  refuse(problems.map(problemInWords));
  if (options.dryRun === true) {
    const { dryRun } = await import('./applyDryRun.ts');
    return dryRun(context, connections, stored);
  }
  const { applyConnections } = await import('./applyConnections.ts');
  return applyConnections(context, connections, stored);
}

const shownAtMost = 20;

/** @throws CONFIG_INVALID with the problems, when there are any. */
function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const more = problems.length > shownAtMost ? [`and ${problems.length - shownAtMost} more`] : [];
  throw new TidemarkError('CONFIG_INVALID', ['Nothing was changed.', ...problems.slice(0, shownAtMost), ...more].join('\n  '), {
    hint: 'Correct the lines named here and apply again; docs/connections.md lists every key.',
  });
}
