// tidemark export NAME --to DIR: runs a connection and writes its set of files here: complete the first time, then what changed since (document 003).
import path from 'node:path';
import { TidemarkError } from '../../errors.ts';
import type { Manifest } from '../../exports/manifest.ts';
import { exportPlan } from '../../exports/plan.ts';
import { publishSet } from '../../exports/publish.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { exit, type ExitCode } from '../errors.ts';
import { exitOfReports } from '../follow.ts';
import type { Column } from '../output.ts';
import { askForRuns } from '../runToEnd.ts';

interface ExportOptions {
  readonly to: string;
  readonly ignoreCookies?: true;
}

const lineEveryMs = 2_000;

/** @throws CONFIG_INVALID for a connection of another connector; EXPORT_FAILED; STALE_ATTEMPT when a run began while the files were written. */
export async function exportVerb(context: Context, name: string, options: ExportOptions): Promise<ExitCode> {
  const { output } = context;
  const database = await context.database();
  const plan = exportPlan(await requireConnection(database, name));
  if (plan === null) {
    throw new TidemarkError('CONFIG_INVALID', `Connection "${name}" has no files: its connector exports none.`, {
      hint: 'Connections of identity-manager do.',
    });
  }
  const reports = await (await askForRuns(context, name, { full: options.ignoreCookies === true })).reports();
  const ended = exitOfReports(reports);
  const last = reports.at(-1);
  if (last === undefined || ended === exit.incomplete) {
    for (const { run, verdict, error } of reports)
      output.note(`${run}: ${verdict ?? 'under way'}${error === null ? '' : `: ${error.message}`}`);
    output.note('No files were written: the run did not complete.');
    return last === undefined ? exit.failed : ended;
  }
  const directory = path.resolve(options.to);
  let toldAt = Date.now();
  const published = await publishSet(database, {
    run: Number(last.run.split(':')[1]),
    plan,
    directory,
    cookies: path.join(directory, 'ExportCookies'),
    alive: (rows) => {
      if (Date.now() - toldAt < lineEveryMs) return;
      toldAt = Date.now();
      output.note(`${name}: ${rows.toLocaleString('en-US')} rows written`);
    },
  });
  switch (published.kind) {
    case 'held':
      output.note(`No files were written: removals are held. See "tidemark removals ${name}".`);
      return exit.held;
    case 'unread':
      output.note(`No files were written: not read to their end yet: ${published.streams.join(', ')}.`);
      return exit.incomplete;
    case 'published':
      await print(context, directory, published.manifest);
      return exit.done;
  }
}

type File = Manifest['files'][number];

const columns: readonly Column<File>[] = [
  { title: 'file', value: ({ file }) => file },
  { title: 'rows', value: ({ rows }) => rows, align: 'right' },
  ...(['insert', 'update', 'delete'] as const).map((command): Column<File> => ({
    title: command,
    value: ({ commands }) => commands[command],
    align: 'right',
  })),
  { title: 'bytes', value: ({ sizeBytes }) => sizeBytes, align: 'right' },
];

async function print({ output }: Context, directory: string, manifest: Manifest): Promise<void> {
  const { connection, run, set, reason, since, files } = manifest;
  const text = async (): Promise<string> => {
    const of = since === null ? reason : `${reason} since run ${since}`;
    return [`${connection}:${run}: ${set} set (${of}) in ${directory}`, '', await output.table(files, columns)].join('\n');
  };
  await output.one({ directory, ...manifest }, { text, rows: files, columns });
}
