// tidemark doctor: each check of the installation, ok or the fix. Exit 3 when Temporal, its worker or the database is away, 1 when anything else is wrong.
import { asTidemarkError } from '../../errors.ts';
import { checkInstallation } from '../../stack/doctor.ts';
import type { Context } from '../context.ts';
import { requireWorker } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';

const reachable = new Set(['temporal', 'namespace', 'workers', 'database']);

export async function doctor(context: Context): Promise<ExitCode> {
  const checks = await checkInstallation(await context.config(), () => context.temporal());
  await context.output.rows(checks, {
    columns: [
      { title: 'check', value: ({ check }) => check },
      { title: 'ok', value: ({ ok }) => (ok ? 'ok' : 'not ok') },
      { title: 'found', value: ({ found }) => found },
      { title: 'fix', value: ({ fix }) => fix },
    ],
  });
  const wrong = checks.filter(({ ok }) => !ok).map(({ check }) => check);
  // Who answers is asked again for the words: since when nobody has.
  if (!wrong.includes('temporal') && !wrong.includes('namespace')) {
    try {
      await requireWorker(context);
    } catch (error) {
      context.output.note(asTidemarkError(error).message);
      return exit.unreachable;
    }
  }
  if (wrong.some((check) => reachable.has(check))) return exit.unreachable;
  return wrong.length === 0 ? exit.done : exit.failed;
}
