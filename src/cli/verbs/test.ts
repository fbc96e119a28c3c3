// tidemark test NAME: Test Connection of a stored connection, by its entity on a worker. Exit 0 when every check passed.
import { testConnectionUpdate } from '../../workflows/messages.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { whileWaiting } from '../progress.ts';
import { printTest } from '../testText.ts';

export async function test(context: Context, name: string): Promise<ExitCode> {
  await requireConnection(await context.database(), name);
  const asked = askEntity(context, name, testConnectionUpdate, {});
  const answer = await whileWaiting(context.output, `${name}: testing; this takes up to ten seconds`, asked);
  await printTest(context.output, answer);
  return answer.ok ? exit.done : exit.failed;
}
