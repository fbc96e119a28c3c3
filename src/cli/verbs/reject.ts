// tidemark reject NAME --digest D: nothing of what is held is removed; the next complete full pull asks again. Exit 1 when it is not that set.
import { rejectRemovalsUpdate } from '../../workflows/messages.ts';
import { approver } from '../approver.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { exit, type ExitCode } from '../errors.ts';
import { printDone } from './answer.ts';

export async function reject(context: Context, name: string, { digest }: { readonly digest: string }): Promise<ExitCode> {
  await requireConnection(await context.database(), name);
  const answer = await askEntity(context, name, rejectRemovalsUpdate, { digest, by: approver() });
  await printDone(context.output, `the held removals of ${name}`, 'rejected', answer);
  return answer.done ? exit.done : exit.failed;
}
