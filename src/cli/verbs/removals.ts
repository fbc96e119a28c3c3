// tidemark removals NAME: the removals that are held, with the digest to decide by. Reads the database alone.
import { listHeld, readHeld } from '../../store/held.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { heldLines } from '../heldText.ts';
import type { Column } from '../output.ts';
import { runName } from '../runName.ts';

export async function removals(context: Context, name: string, { limit }: { readonly limit: number }): Promise<void> {
  const { output } = context;
  const database = await context.database();
  await requireConnection(database, name);
  const { count, digest, groups } = await readHeld(database, name);
  const lines = (await listHeld(database, { connection: name, limit })).map(({ at: _, sinceRun, ...line }) => ({
    ...line,
    sinceRun: runName(name, sinceRun),
  }));
  const columns: readonly Column<(typeof lines)[number]>[] = (
    ['stream', 'kind', 'id', 'other', 'name', 'why', 'asked', 'sinceRun'] as const
  ).map((key) => ({ title: key, value: (line) => line[key] }));
  const text = async (): Promise<string> => {
    if (count === 0) return `No removals of ${name} are held.`;
    const sums = groups.map((group) => `  ${group.stream}, ${group.kind}: ${group.count} (${group.why})`);
    return [...heldLines(name, { count, digest }), ...sums, '', await output.table(lines, columns)].join('\n');
  };
  await output.one({ connection: name, count, digest, groups, removals: lines }, { text, rows: lines, columns });
  if (count > lines.length) output.note(`There are ${count}; --limit shows more.`);
}
