// tidemark runs NAME: the connection's runs and the occurrences that did not run, newest first.
import { listRuns } from '../../store/run.ts';
import { requireConnection, zoneOf } from '../connections.ts';
import type { Context } from '../context.ts';
import { runName } from '../runName.ts';
import { durationText, timeIn } from '../words.ts';

export async function runs(context: Context, name: string, { limit }: { readonly limit: number }): Promise<void> {
  const database = await context.database();
  const spec = await requireConnection(database, name);
  const lines = await listRuns(database, { connection: name, limit: limit + 1 });
  await context.output.rows(
    lines.map((line) => ({ ...line, run: line.run === null ? null : runName(name, line.run) })),
    {
      limit,
      none: `Connection "${name}" has not run yet.`,
      columns: [
        { title: 'run', value: ({ run }) => run },
        { title: 'profile', value: ({ profile }) => profile },
        { title: 'verdict', value: ({ verdict }) => verdict ?? 'under way' },
        { title: 'mode', value: ({ mode }) => mode },
        { title: 'reason', value: ({ reason }) => reason },
        { title: 'trigger', value: ({ trigger }) => trigger },
        { title: 'started', value: (line) => timeIn(zoneOf(spec, line.profile), line.startedAt ?? line.scheduledAt) },
        { title: 'took', value: ({ startedAt, finishedAt }) => took(startedAt, finishedAt) },
        { title: 'error', value: ({ error }) => error?.code ?? null },
      ],
    },
  );
}

const took = (from: string | null, till: string | null): string | null =>
  from === null || till === null ? null : durationText(Date.parse(till) - Date.parse(from));
