// Writes the files of a complete run, where its connection has them (document 003). Idempotent.
import path from 'node:path';
import { TidemarkError } from '../errors.ts';
import { exportPlan, type ExportPlan } from '../exports/plan.ts';
import { publishSet } from '../exports/publish.ts';
import { writeLog } from '../store/log.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { pinnedRun } from './pinned.ts';
import type { ExportRequest } from './types.ts';

/** @throws EXPORT_FAILED, CONFIG_INVALID; STALE_ATTEMPT when another run has taken over. */
export async function exportSet({ database, config, draining }: Shared, { run, connection, timings }: ExportRequest): Promise<void> {
  await withHeartbeat(timings, draining, async ({ signal, alive }) => {
    const { spec } = await pinnedRun(database, run);
    const plan = exportPlan(spec);
    const places = plan === null ? null : placesOf(plan, config.exportDir);
    if (plan === null || places === null) return;
    const published = await publishSet(database, {
      run,
      plan,
      ...places,
      alive: () => {
        signal.throwIfAborted();
        alive();
      },
    });
    const message = {
      published: () => `The files of run ${run} were written.`,
      held: () => 'No files were written: removals are held. The set before stands.',
      unread: () => 'No files were written: not every stream has been read to its end.',
    }[published.kind]();
    const details =
      published.kind === 'published'
        ? detailsOf(published.manifest)
        : published.kind === 'unread'
          ? { streams: [...published.streams] }
          : {};
    await writeLog(database, { connection, run, level: published.kind === 'published' ? 'info' : 'warning', message, details });
  });
}

const detailsOf = ({
  set,
  reason,
  files,
}: {
  readonly set: string;
  readonly reason: string;
  readonly files: readonly { readonly rows: number }[];
}) => ({
  set,
  reason,
  rows: files.reduce((sum, { rows }) => sum + rows, 0),
});

/** Where the files of a connection go; null: nowhere. @throws CONFIG_INVALID for a place that this worker does not write to. */
function placesOf({ directory, cookies }: ExportPlan, root: string): { readonly directory: string; readonly cookies: string } | null {
  if (directory === null) return null;
  const files = below(root, directory, 'settings.export.directory');
  return {
    directory: files,
    cookies: cookies === null ? path.join(path.dirname(files), 'ExportCookies') : below(root, cookies, 'settings.export.cookies'),
  };
}

function below(root: string, given: string, key: string): string {
  const place = path.resolve(root, given);
  if (place !== root && place.startsWith(`${root}${path.sep}`)) return place;
  throw new TidemarkError('CONFIG_INVALID', `${key} is not below the directory that this worker exports to.`, {
    hint: 'Name a directory relative to TIDEMARK_EXPORT_DIR, or set that variable for the worker.',
  });
}
