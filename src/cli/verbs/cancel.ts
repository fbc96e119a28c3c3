// tidemark cancel NAME:N: the page under way commits, then the run ends as cancelled. Exit 1 when that run is not under way.
import { cancelRunUpdate } from '../../workflows/messages.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { parseRunName } from '../runName.ts';
import { printDone } from './answer.ts';

export async function cancel(context: Context, text: string): Promise<ExitCode> {
  const { connection, run } = parseRunName(text);
  await requireConnection(await context.database(), connection);
  const answer = await askEntity(context, connection, cancelRunUpdate, { run });
  await printDone(context.output, text, 'cancelled', answer);
  return answer.done ? exit.done : exit.failed;
}
