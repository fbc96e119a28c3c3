// tidemark logs NAME: the newest log lines of a connection or of one of its runs, oldest first.
import { readLogs } from '../../store/log.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { parseRunOf, runName } from '../runName.ts';

export async function logs(context: Context, name: string, options: { readonly run?: string; readonly limit: number }): Promise<void> {
  const run = options.run === undefined ? undefined : parseRunOf(name, options.run);
  const database = await context.database();
  await requireConnection(database, name);
  const lines = await readLogs(database, { connection: name, limit: options.limit + 1, ...(run === undefined ? {} : { run }) });
  const shown = lines.slice(-options.limit);
  if (shown.length < lines.length) context.output.note(`There are older lines; --limit shows more than ${options.limit}.`);
  await context.output.rows(
    shown.map(({ at, run: number, level, message, details }) => ({
      at,
      run: number === null ? null : runName(name, number),
      level,
      message,
      details,
    })),
    {
      none: 'There are no log lines.',
      columns: [
        { title: 'at', value: ({ at }) => at },
        { title: 'run', value: (line) => line.run },
        { title: 'level', value: ({ level }) => level },
        { title: 'message', value: ({ message }) => message },
        {
          title: 'details',
          value: ({ details }) =>
            Object.entries(details)
              .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
              .join(' '),
        },
      ],
    },
  );
}
